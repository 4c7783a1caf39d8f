#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Fails unless each promise of docs/explanation/security.md names a test that upholds it, and each test that the page names exists. Promises are
# the rows of the tables that end in the column "test", and the items of "What the operator never does".
#
#   threatmodel.sh [PAGE]
set -euo pipefail
cd "$(dirname "$0")/.."
page=${1:-docs/explanation/security.md}

# Of each promise: its line, its tests separated by commas, and its words.
promises=$(awk '
  function tests(text,   all, name) {
    all = ""
    while (match(text, /`(Test|Fuzz)[A-Za-z0-9_]+`/)) {
      name = substr(text, RSTART + 1, RLENGTH - 2)
      all = all (all == "" ? "" : ",") name
      text = substr(text, RSTART + RLENGTH)
    }
    return all == "" ? "-" : all
  }
  /^## / { never = ($0 == "## What the operator never does") }
  /^\|/ {
    cells = split($0, cell, "|")
    last = cell[cells - 1]
    gsub(/ /, "", last)
    if (last == "test") { table = 1; next }
    if (table && $0 !~ /^\|[-| ]+\|$/) print NR "\t" tests(cell[cells - 1]) "\t" cell[2]
    next
  }
  { table = 0 }
  never && /^- / { print NR "\t" tests($0) "\t" $0 }
' "$page")

failed=0
[[ -n $promises ]] || { echo "threatmodel: $page has no table with a column \"test\"" >&2; exit 1; }
known=$(grep -rhoE --include='*_test.go' '^func (Test|Fuzz)[A-Za-z0-9_]+\(' . | sed -E 's/^func ([A-Za-z0-9_]+)\(/\1/' | sort -u)
while IFS=$'\t' read -r line tests words; do
  if [[ $tests == - ]]; then
    echo "threatmodel: $page:$line: no test upholds this promise:$words" >&2
    failed=1
    continue
  fi
  for test in ${tests//,/ }; do
    if ! grep -qx "$test" <<<"$known"; then
      echo "threatmodel: $page:$line: there is no $test" >&2
      failed=1
    fi
  done
done <<<"$promises"
((failed == 0)) && echo "threatmodel: $(wc -l <<<"$promises") promises, each with a test"
exit $failed
