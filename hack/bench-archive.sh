#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Measures `postprocess archive` beside curl, rclone and the AWS command line; docs/reference/postprocess.md reports it. Arguments go to the
# benchmark (-size MiB, -runs N, -folder DIR). As root on Debian it installs curl and rclone where they are missing.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/env.sh
hack/packages.sh bench || echo "bench-archive: measuring without what is missing" >&2
mkdir -p bin
go build -ldflags "-s -w" -o bin/postprocess-bench ./cmd/postprocess
go build -o bin/bench-archive ./test/bench/archive
exec bin/bench-archive -program bin/postprocess-bench "$@"
