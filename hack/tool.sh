#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Runs a tool at the version that hack/FOLDER/go.mod pins, in the current folder: tool.sh FOLDER NAME ARGUMENT...
# "go tool" itself exits with 0 when a signal ends the tool, as for lack of memory: a killed linter would pass. So it only builds the tool here.
set -euo pipefail
(($# >= 2)) || { echo "usage: tool.sh FOLDER NAME ARGUMENT..." >&2; exit 2; }
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=hack/env.sh
source "$root/hack/env.sh"

# The tool runs on this machine whatever is being built.
program=$(GOOS="" GOARCH="" go -C "$root" tool -n -modfile="hack/$1/go.mod" "$2")
exec "$program" "${@:3}"
