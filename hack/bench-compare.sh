#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Compares two results of `make bench` by benchstat. Arguments: two commits that it was run at, or files of results. Lines of "x-limit" are
# ratios to the limit of the same run, which another machine, or another hour of this one, changes least.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/env.sh

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# result prints the file of a commit or of a file.
result() {
  local commit
  if [[ -f $1 ]]; then
    printf '%s\n' "$1"
    return
  fi
  commit=$(git rev-parse --verify --quiet --short=12 "${1%-dirty}^{commit}") || commit=$1
  for name in "$1" "$commit"; do
    if [[ -n $name && -f bin/bench/$name.json ]]; then
      printf '%s\n' "bin/bench/$name.json"
      return
    fi
  done
  echo "bench-compare: there is no result of '$1': give BASE=<commit or file>, after make bench at that commit. There are: $(cd bin/bench && echo ./*.json)" >&2
  return 1
}

base=$(result "${1:-}")
new=$(result "${2:-}")
bin/bench/bench benchfmt "$base" >"$scratch/base"
bin/bench/bench benchfmt "$new" >"$scratch/new"
hack/tool.sh tools benchstat "base=$scratch/base" "new=$scratch/new"
