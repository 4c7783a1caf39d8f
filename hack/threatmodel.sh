#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Fails unless each promise of docs/explanation/security.md names a test that upholds it, and each test that the page names exists, once. Promises are
# the rows of the tables in the numbered sections, whose last column is "test", and the items of "What the operator never does".
#
#   threatmodel.sh [PAGE]
set -euo pipefail
cd "$(dirname "$0")/.."
page=${1:-docs/explanation/security.md}

# Of each promise: its line, its tests separated by commas, and its words. Instead of tests, "!" says that the words are what is wrong with the page.
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
  function close_section() {
    if ((numbered || never) && !found) print NR "\t!\tthe section before has no promise"
    numbered = never = found = table = 0
  }
  /^## / {
    close_section()
    numbered = /^## [0-9]+\. /
    if ($0 == "## What the operator never does") never = nevers = 1
  }
  !/^ *\|/ { table = 0 }
  numbered && /^ *\|/ {
    cells = split($0, cell, "|")
    if (!table++) {
      last = cell[cells - 1]
      gsub(/ /, "", last)
      if (last != "test") print NR "\t!\tthe last column of the table is not \"test\""
    } else if ($0 !~ /^[-| :]+$/) {
      found = 1
      print NR "\t" tests(cell[cells - 1]) "\t" cell[2]
    }
  }
  never && /^ *[-*+] / { found = 1; print NR "\t" tests($0) "\t" $0 }
  END {
    close_section()
    if (!nevers) print NR "\t!\tthere is no section \"What the operator never does\""
  }
' "$page")

failed=0
complain() { echo "threatmodel: $page:$*" >&2; failed=1; }
# Only what go test runs counts, in the modules whose tests make test and make e2e run.
known=$(git ls-files --cached --others --exclude-standard '*_test.go' | grep -vE '(^|/)testdata/' |
  grep -E '^(hack/(images|tools|monitoring|charts)/|[^h]|h[^a])' | while IFS= read -r file; do
  [[ ! -f $file ]] || sed -nE 's/^func ((Test[A-Za-z0-9_]+)\([a-z]+ \*testing\.T\)|(Fuzz[A-Za-z0-9_]+)\([a-z]+ \*testing\.F\)) \{.*/\2\3/p' "$file"
done | sort)
while IFS=$'\t' read -r line tests words; do
  case $tests in
    '') complain "0: there is no promise" ;;
    '!') complain "$line: $words" ;;
    -) complain "$line: no test upholds this promise: $words" ;;
    *)
      for test in ${tests//,/ }; do
        count=$(grep -cx "$test" <<<"$known" || true)
        if ((count != 1)); then complain "$line: there are $count tests $test, so this promise names none for sure"; fi
      done
      ;;
  esac
done <<<"$promises"
((failed == 0)) && echo "threatmodel: $(wc -l <<<"$promises") promises, each with a test"
exit $failed
