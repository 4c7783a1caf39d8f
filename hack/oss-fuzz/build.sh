#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# What OSS-Fuzz runs in its image to build every fuzz target of the module. compile_native_go_fuzzer is a program of that image.
set -euo pipefail
cd "$SRC/meeting-recording-operator"

module=$(go list -m)
grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' cmd controllers internal | sed 's/func //' | sort | while IFS=: read -r file target; do
  package=$(dirname "$file")
  # Two packages may have targets of one name.
  compile_native_go_fuzzer "$module/$package" "$target" "$(tr '/-' '__' <<<"$package")_$target"
done
