#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Checks that the rules of plain English find each paragraph of testdata/before.txt, which are sentences of the kind that they are for.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
found=$("$here/lint.sh" "$here/testdata" || true)
missed=0 line=0 begins=1
while IFS= read -r text || [[ -n $text ]]; do
  line=$((line + 1))
  if [[ -z $text ]]; then begins=$((line + 1)); continue; fi
  # The finding may be on any line of the paragraph.
  [[ $line == "$begins" ]] || continue
  if ! grep -qE "^before:($line|$((line + 1))):" <<<"$found"; then
    echo "prose: the rules miss line $line: $text" >&2
    missed=1
  fi
done <"$here/testdata/before.txt"
exit $missed
