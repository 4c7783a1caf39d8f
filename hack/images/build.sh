#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Builds container images without Docker, as docker-archive tar files in bin/images/, and prints their paths. Such a file is what
# "docker load", "kind load image-archive", "ctr images import" and "cluster.sh load-image" take.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: build.sh [operator|busybox|pause]...

  operator  /manager, /sidecar and /postprocess, of cmd/ (the default)
  busybox   Debian's static busybox, with a link for each of its commands
  pause     what the local cluster's Pods rest on

Environment:
  IMG             name of the operator's image      (meeting-recording-operator:dev)
  BUSYBOX_IMG     name of the busybox image         (busybox:dev)
  GOARCH          architecture of the operator's image (this machine's)
  VERSION         what its binaries answer to --version (git describe)
  CA_CERTIFICATES certificate authorities to put into it (/etc/ssl/certs/ca-certificates.crt)
  BUSYBOX         the static busybox                (/bin/busybox)
USAGE
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
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

operator() {
  local arch name arguments=()
  local version=${VERSION:-$(git -C "$root" describe --tags --always --dirty 2>/dev/null || echo unknown)}
  local certificates=${CA_CERTIFICATES:-/etc/ssl/certs/ca-certificates.crt}
  arch=${GOARCH:-$(go env GOARCH)}
  [[ -r $certificates ]] || die "$certificates is missing: install ca-certificates, or name the file in CA_CERTIFICATES"
  for name in manager sidecar postprocess; do
    [[ -d $root/cmd/$name ]] || die "$root/cmd/$name does not exist"
  done
  log "building manager, sidecar and postprocess for linux/$arch"
  CGO_ENABLED=0 GOOS=linux GOARCH=$arch go build -C "$root" -trimpath -ldflags "-s -w -X $version_variable=$version" -o "$out/linux-$arch/" \
    ./cmd/manager ./cmd/sidecar ./cmd/postprocess
  for name in manager sidecar postprocess; do arguments+=(-file "/$name=$out/linux-$arch/$name"); done
  write_image operator.tar "${IMG:-meeting-recording-operator:dev}" "$arch" -entrypoint /manager -user "$user" \
    -ca-certificates "$certificates" "${arguments[@]}"
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
    operator | busybox | pause) ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
for image in "$@"; do "$image"; done
