#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Provides ffmpeg and ffprobe, which the tests of the media steps run: Debian's package, installed where it is missing.
set -euo pipefail

die() { printf 'ffmpeg.sh: %s\n' "$*" >&2; exit 1; }

# able says whether what is installed does what the steps ask of it: version 5.1 or later, with the encoders they use.
able() {
  command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null || return 1
  local encoders help
  encoders=$(ffmpeg -hide_banner -encoders 2>/dev/null) && help=$(ffmpeg -hide_banner -h long 2>/dev/null) || return 1
  [[ $encoders == *" libx264 "* && $encoders == *" libopus "* && $encoders == *" aac "* && $help == *-fps_mode* ]]
}

if able; then exit 0; fi
if command -v ffmpeg >/dev/null; then
  die "the ffmpeg at $(command -v ffmpeg) is older than 5.1, or lacks libx264, libopus or aac: install another"
fi
command -v apt-get >/dev/null || die "ffmpeg is missing: install ffmpeg 5.1 or later, with libx264 and libopus"
run=()
if [[ $(id -u) != 0 ]]; then
  if ! sudo -n true 2>/dev/null; then die "ffmpeg is missing: install it with: sudo apt-get install ffmpeg"; fi
  run=(sudo -n)
fi
echo "ffmpeg.sh: installing ffmpeg" >&2
"${run[@]}" apt-get update -qq
"${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ffmpeg >/dev/null
able || die "the ffmpeg that was installed is older than 5.1, or lacks libx264, libopus or aac: install another"
