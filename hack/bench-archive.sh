#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Measures `postprocess archive` beside curl, rclone and the AWS command line; docs/postprocess.md tells of it. Arguments go to the
# benchmark (-size MiB, -runs N, -folder DIR). As root on Debian it installs curl and rclone where they are missing.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! { command -v curl && command -v rclone; } >/dev/null && [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends curl rclone >/dev/null
fi
mkdir -p bin
CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o bin/postprocess-bench ./cmd/postprocess
go build -o bin/bench-archive ./test/bench/archive
exec bin/bench-archive -program bin/postprocess-bench "$@"
