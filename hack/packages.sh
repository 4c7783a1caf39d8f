#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Provides the programs of other projects that ours run or are tested with: Debian's packages, installed in one call where they are missing.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: packages.sh [--check] GROUP...

  media    ffmpeg 5.1 or later, with libx264 and libopus
  browser  Chromium, with a font for the screenshots
  speech   a voice (espeak-ng) and an engine that understands it (pocketsphinx)
  node     Node.js and npm, which run the provider's own SDK
  cluster  what the local cluster runs on
  shell    shellcheck
  compiler a C compiler, for the race detector
  bench    curl and rclone

  --check  print the missing packages instead of installing them; exit code 1 if there are any
USAGE
}
die() { printf 'packages.sh: %s\n' "$*" >&2; exit 1; }

any_of() { local name; for name in "$@"; do if command -v "$name" >/dev/null; then return 0; fi; done; return 1; }

# has_ffmpeg reports whether ffmpeg does what the media steps ask of it.
has_ffmpeg() {
  any_of ffmpeg && any_of ffprobe || return 1
  local encoders help
  encoders=$(ffmpeg -hide_banner -encoders 2>/dev/null) && help=$(ffmpeg -hide_banner -h long 2>/dev/null) || return 1
  [[ $encoders == *" libx264 "* && $encoders == *" libopus "* && $encoders == *" aac "* && $help == *-fps_mode* ]]
}

# has_plugins reports whether the CNI plugins are where Debian, the upstream archive or Fedora put them.
has_plugins() {
  local folder
  for folder in /usr/lib/cni /opt/cni/bin /usr/libexec/cni; do
    if [[ -x $folder/bridge && -x $folder/host-local && -x $folder/loopback ]]; then return 0; fi
  done
  return 1
}

has_static_busybox() { [[ -x ${BUSYBOX:-/bin/busybox} ]] && ! ldd "${BUSYBOX:-/bin/busybox}" >/dev/null 2>&1; }

# missing GROUP prints the packages that a group lacks.
missing() {
  local entry
  case $1 in
    media) has_ffmpeg || echo ffmpeg ;;
    browser) any_of headless_shell chromium chromium-browser google-chrome google-chrome-stable || printf '%s\n' chromium fonts-inter ;;
    speech)
      any_of espeak-ng || echo espeak-ng
      any_of pocketsphinx_continuous || echo pocketsphinx
      [[ -d /usr/share/pocketsphinx/model/en-us/en-us ]] || echo pocketsphinx-en-us
      ;;
    node) any_of node || echo nodejs; any_of npm || echo npm ;;
    shell) any_of shellcheck || echo shellcheck ;;
    compiler) any_of gcc cc || printf '%s\n' gcc libc6-dev ;;
    bench) for entry in curl rclone; do any_of "$entry" || echo "$entry"; done ;;
    cluster)
      for entry in containerd:containerd ctr:containerd containerd-shim-runc-v2:containerd runc:runc nft:nftables ip:iproute2 ss:iproute2 \
        openssl:openssl curl:curl mount:mount setsid:util-linux flock:util-linux find:findutils; do
        any_of "${entry%%:*}" || echo "${entry#*:}"
      done
      has_plugins || echo containernetworking-plugins
      has_static_busybox || echo busybox-static
      ;;
    *) usage >&2; exit 2 ;;
  esac
}

# all_missing prints each package that a group lacks, once.
all_missing() { for group in "$@"; do missing "$group"; done | sort -u; }

# quietly runs a command, and shows what it printed if it fails. It does not hold the locks of whoever calls this.
quietly() {
  local output
  output=$("$@" 2>&1 9<&-) || { tail -n 15 <<<"$output" >&2; return 1; }
}

install() {
  local run=(env DEBIAN_FRONTEND=noninteractive) started=$SECONDS
  any_of apt-get || die "install what your distribution calls these Debian packages: $*"
  if [[ $(id -u) != 0 ]]; then
    sudo -n true 2>/dev/null || die "install these packages: sudo apt-get install $*"
    run=(sudo -n "${run[@]}")
  fi
  if [[ " $* " == *" ffmpeg "* ]] && any_of ffmpeg; then
    die "the ffmpeg at $(command -v ffmpeg) is older than 5.1, or lacks libx264, libopus or aac: install another"
  fi
  printf 'packages.sh: installing %s (one to two minutes)\n' "$*" >&2
  quietly "${run[@]}" apt-get install -y -qq --no-install-recommends "$@" ||
    { quietly "${run[@]}" apt-get update -qq && quietly "${run[@]}" apt-get install -y -qq --no-install-recommends "$@"; } ||
    die "cannot install $*: the reason is above. Install them by hand, then run this again"
  # A containerd service that comes with the package is stopped: the cluster has its own.
  if [[ " $* " == *" containerd "* && -d /run/systemd/system ]]; then systemctl disable --now containerd.service >&2 || true; fi
  printf 'packages.sh: installed after %ds\n' $((SECONDS - started)) >&2
}

check=no
if [[ ${1:-} == --check ]]; then check=yes; shift; fi
(($# > 0)) || { usage >&2; exit 2; }
mapfile -t packages < <(all_missing "$@")
if [[ $check == yes ]]; then
  ((${#packages[@]} == 0)) || { printf '%s\n' "${packages[@]}"; exit 1; }
  exit 0
fi
((${#packages[@]} > 0)) || exit 0
install "${packages[@]}"
mapfile -t packages < <(all_missing "$@")
((${#packages[@]} == 0)) || die "installed, but still not as needed: ${packages[*]}"
