#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# sbom.sh FILE... writes bin/sbom/PROGRAM.cdx.json for each program: what is in it, read from the program itself, in CycloneDX. The same program
# gives the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/env.sh

(($# > 0)) || { echo "usage: sbom.sh FILE..." >&2; exit 2; }
mkdir -p bin/sbom
for program in "$@"; do
  name=$(basename "$program")
  hack/tool.sh tools/supply cyclonedx-gomod bin -json -std -noserial -notimestamp \
    -version "${VERSION:-unknown}" -output "bin/sbom/$name.cdx.json" "$program"
  echo "wrote bin/sbom/$name.cdx.json"
done
