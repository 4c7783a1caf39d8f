#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Builds container images without Docker, as docker-archive tar files in bin/images/, and prints their paths. Such a file is what
# "docker load", "kind load image-archive", "ctr images import" and "cluster.sh load-image" take.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: build.sh [operator|media|busybox|pause]...

  operator  /manager, /sidecar, /events, /backfill and /postprocess, of cmd/ (the default)
  media     /postprocess with Debian's ffmpeg and its libraries, for the steps that look into a recording
  busybox   Debian's static busybox, with a link for each of its commands
  pause     what the local cluster's Pods rest on

Environment:
  IMG             name of the operator's image      (meeting-recording-operator:dev)
  MEDIA_IMG       name of the media image           (meeting-recording-operator-media:dev)
  BUSYBOX_IMG     name of the busybox image         (busybox:dev)
  GOARCH          architecture of the operator's image (this machine's); media can be made for this machine's only
  VERSION         what its binaries answer to --version (git describe)
  CA_CERTIFICATES certificate authorities to put into it (/etc/ssl/certs/ca-certificates.crt)
  BUSYBOX         the static busybox                (/bin/busybox)
USAGE
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=hack/env.sh
source "$root/hack/env.sh"
out=$root/bin/images
user=65532:65532
version_variable=github.com/meetingops/meeting-recording-operator/internal/version.version

log() { printf '%s\n' "$*" >&2; }
die() { log "build.sh: $*"; exit 1; }

# write_image FILE NAME ARCH ARGUMENT... writes bin/images/FILE and prints its path.
write_image() {
  local file=$out/$1 name=$2 arch=$3
  shift 3
  mkdir -p "$out"
  # The builder runs on this machine whatever the image is for.
  GOOS="" GOARCH="" go build -C "$here" -o "$out/.builder" .
  "$out/.builder" -o "$file" -name "$name" -arch "$arch" "$@"
  log "wrote $file ($name)"
  printf '%s\n' "$file"
}

# binaries ARCH NAME... builds programs of cmd/ into bin/images/linux-ARCH/.
binaries() {
  local arch=$1 name packages=()
  local version=${VERSION:-$(git -C "$root" describe --tags --always --dirty 2>/dev/null || echo unknown)}
  shift
  for name in "$@"; do
    [[ -d $root/cmd/$name ]] || die "$root/cmd/$name does not exist"
    packages+=("./cmd/$name")
  done
  log "building $* for linux/$arch (about 4 min on two cores, seconds when Go has built it before)"
  GOOS=linux GOARCH=$arch go build -C "$root" -ldflags "-s -w -X $version_variable=$version" \
    -o "$out/linux-$arch/" "${packages[@]}"
}

certificates() {
  local file=${CA_CERTIFICATES:-/etc/ssl/certs/ca-certificates.crt}
  [[ -r $file ]] || die "$file is missing: install ca-certificates, or name the file in CA_CERTIFICATES"
  printf '%s\n' "$file"
}

operator() {
  local arch name authorities arguments=()
  authorities=$(certificates)
  arch=${GOARCH:-$(go env GOARCH)}
  binaries "$arch" manager sidecar events backfill postprocess
  for name in manager sidecar events backfill postprocess; do arguments+=(-file "/$name=$out/linux-$arch/$name"); done
  write_image operator.tar "${IMG:-meeting-recording-operator:dev}" "$arch" -entrypoint /manager -user "$user" \
    -ca-certificates "$authorities" "${arguments[@]}"
}

# media takes this machine's ffmpeg, and each library at the path where the loader finds it.
media() {
  local arch file authorities libraries arguments=()
  authorities=$(certificates)
  arch=$(go env GOHOSTARCH)
  [[ ${GOARCH:-$arch} == "$arch" ]] || die "without Docker the media image can be made for this machine's linux/$arch only: use the Dockerfile"
  "$root/hack/packages.sh" media
  binaries "$arch" postprocess
  arguments=(-file "/postprocess=$out/linux-$arch/postprocess")
  for file in ffmpeg ffprobe; do arguments+=(-file "/usr/bin/$file=$(readlink -f "$(command -v "$file")")"); done
  libraries=$(ldd "$(command -v ffmpeg)" "$(command -v ffprobe)")
  if grep 'not found' <<<"$libraries" >&2; then die "ffmpeg lacks the libraries above: install it anew"; fi
  while read -r file; do arguments+=(-file "$file=$file"); done \
    < <(sed -nE 's@.*[[:space:]](/[^ ]+) \(0x[0-9a-f]+\)$@\1@p' <<<"$libraries" | sort -u)
  write_image media.tar "${MEDIA_IMG:-meeting-recording-operator-media:dev}" "$arch" -entrypoint /postprocess -user "$user" \
    -ca-certificates "$authorities" "${arguments[@]}"
}

static_busybox() {
  local file=${BUSYBOX:-/bin/busybox}
  [[ -x $file ]] || die "$file is missing: install busybox-static, or name a static busybox in BUSYBOX"
  if ldd "$file" >/dev/null 2>&1; then die "$file is not static: install busybox-static, or name a static busybox in BUSYBOX"; fi
  printf '%s\n' "$file"
}

busybox() {
  local file applet arguments=()
  file=$(static_busybox)
  for applet in $("$file" --list); do
    if [[ $applet != busybox ]]; then arguments+=(-link "/bin/$applet=busybox"); fi
  done
  write_image busybox.tar "${BUSYBOX_IMG:-busybox:dev}" "$(go env GOHOSTARCH)" -file "/bin/busybox=$file" -user "$user" \
    "${arguments[@]}"
}

# pause waits, and takes over the orphans of Pods that share their processes' namespace.
pause() {
  local file
  file=$(static_busybox)
  # shellcheck disable=SC2016 # for the image's shell
  write_image pause.tar pause:dev "$(go env GOHOSTARCH)" -file "/bin/busybox=$file" -user "$user" \
    -entrypoint /bin/busybox -entrypoint sh -entrypoint -c \
    -entrypoint 'trap "exit 0" TERM INT; while :; do /bin/busybox sleep 86400 & wait $!; done'
}

if (($# == 0)); then set -- operator; fi
for image in "$@"; do
  case $image in
    operator | media | busybox | pause) ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
for image in "$@"; do "$image"; done
