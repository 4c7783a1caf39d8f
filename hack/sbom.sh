#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Writes bin/sbom/PROGRAM.cdx.json for each program of cmd/: what is in the program, read from the program itself, in CycloneDX. The
# same program gives the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/env.sh

mkdir -p bin/sbom
for folder in cmd/*/; do
  name=$(basename "$folder")
  [[ -x bin/$name ]] || { echo "sbom: bin/$name is missing: run make build" >&2; exit 1; }
  hack/tool.sh tools/supply cyclonedx-gomod bin -json -std -noserial -notimestamp \
    -version "${VERSION:-unknown}" -output "bin/sbom/$name.cdx.json" "bin/$name"
  echo "wrote bin/sbom/$name.cdx.json"
done
