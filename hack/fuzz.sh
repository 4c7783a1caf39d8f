#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Runs every fuzz target of the module, one after another, each for FUZZTIME, with further arguments of `go test` in FUZZFLAGS.
# What makes one fail is written to testdata/fuzz of its package, from where every test run tries it again: fix it, and keep the file.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/env.sh
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# fuzz runs one target. Before Go 1.27 a run now and then fails at its very end with nothing but "context deadline exceeded", having
# found nothing: https://go.dev/issue/75804.
fuzz() {
  # shellcheck disable=SC2086 # several arguments
  go test "$1" -run='^$' -fuzz="^$2\$" -fuzztime="${FUZZTIME:-60s}" ${FUZZFLAGS:-} 2>&1 | tee "$log" && return
  if grep -qE '^ +context deadline exceeded$' "$log" && ! grep -qE 'Failing input|panic|_test\.go:' "$log"; then
    echo "== nothing found: the end of a run of Go before 1.27 (go.dev/issue/75804)"
    return
  fi
  return 1
}

targets=$(grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' cmd controllers internal | sed 's/func //' | sort)
while IFS=: read -r file target; do
  package=./$(dirname "$file")
  echo "== $package $target"
  fuzz "$package" "$target"
done <<<"$targets"
