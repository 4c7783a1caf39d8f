#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Runs every fuzz target of the module, one after another, each for FUZZTIME.
set -euo pipefail
cd "$(dirname "$0")/.."
while IFS=: read -r file target; do
  package=./$(dirname "$file")
  echo "== $package $target"
  go test "$package" -run='^$' -fuzz="^$target\$" -fuzztime="${FUZZTIME:-20s}"
done < <(grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' cmd controllers internal | sed 's/func //')
