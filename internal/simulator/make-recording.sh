#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Makes recording.mp4, the recorded file of the simulator, the demo and e2e: five seconds of ffmpeg's test picture and a tone, as H.264 and AAC.
# The file is kept in the repository; another version of ffmpeg makes other bytes, so its checksum is written beside it.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
command -v ffmpeg >/dev/null || { echo "make-recording.sh: ffmpeg is missing: install the package ffmpeg" >&2; exit 1; }
ffmpeg -hide_banner -loglevel error -y \
  -f lavfi -i testsrc2=size=320x180:rate=15:duration=5 \
  -f lavfi -i sine=frequency=440:sample_rate=44100:duration=5 \
  -c:v libx264 -preset veryslow -crf 30 -pix_fmt yuv420p -threads 1 -c:a aac -b:a 48k \
  -map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact -movflags +faststart -shortest recording.mp4
sha256sum recording.mp4 >recording.mp4.sha256
cat recording.mp4.sha256
