#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Writes dist/meeting-recording-operator.openvex.json: for each known vulnerability of a dependency, whether the programs can reach it, as govulncheck
# found. Scanners read it (trivy --vex), so that they do not report what cannot be reached. VULNDB is as for vulncheck.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/env.sh

db=https://vuln.go.dev
if [[ -n ${VULNDB:-} ]]; then db=file://$(cd "$VULNDB" && pwd); fi
mkdir -p dist
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# It succeeds also where something can be reached: make vulncheck fails on that, and the statements say which.
hack/tool.sh tools/supply govulncheck -format openvex -db "$db" ./cmd/... >"$scratch/statements"
install -m 0644 "$scratch/statements" dist/meeting-recording-operator.openvex.json
echo "wrote dist/meeting-recording-operator.openvex.json"
