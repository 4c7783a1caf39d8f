#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# What OSS-Fuzz runs in its image to build every fuzz target of the module. compile_native_go_fuzzer_v2 is a program of that image.
set -euo pipefail
cd "$SRC/meeting-recording-operator"

module=$(go list -m)
grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' cmd controllers internal | sed 's/func //' | sort | while IFS=: read -r file target; do
  package=$(dirname "$file")
  # It compiles the test files as plain ones, among which no second package may be (google/oss-fuzz#7923).
  go list -f '{{range .XTestGoFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}' "./$package" | xargs -r rm
  # Two packages may have targets of one name.
  name=$(tr '/-' '__' <<<"$package")_$target
  compile_native_go_fuzzer_v2 "$module/$package" "$target" "$name"
  [[ -e $OUT/$name ]] || { echo "build.sh: $name was not built: is the target in a file of package $(basename "$package") itself?" >&2; exit 1; }
done
