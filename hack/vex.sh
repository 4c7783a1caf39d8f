#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Writes dist/meeting-recording-operator.openvex.json: for each known vulnerability of a dependency, whether a program of the images contains the
# vulnerable code. Scanners read it (trivy image --vex), so that they do not report what is not there. VULNDB is as for vulncheck.sh.
#
# It looks into the programs, which takes seconds. Whether the code can be reached in their source, which takes 6 GB, is vulncheck.sh's to find.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/env.sh

db=https://vuln.go.dev
if [[ -n ${VULNDB:-} ]]; then db=file://$(cd "$VULNDB" && pwd); fi
mkdir -p dist
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for architecture in ${PLATFORMS:-amd64 arm64}; do
  mkdir "$scratch/$architecture"
  # With the table of symbols, without which inlined functions are not seen.
  GOOS=linux GOARCH=$architecture go build -o "$scratch/$architecture/" ./cmd/{manager,sidecar,events,backfill,postprocess}
  for program in "$scratch/$architecture"/*; do
    hack/tool.sh tools/supply govulncheck -mode=binary -format=json -db "$db" "$program" >"$program.json"
  done
done
image=ghcr.io/meetingops/meeting-recording-operator
go -C hack/tools run ./vex -image "$image" -image "$image-media" "$scratch"/*/*.json >"$scratch/statements"
install -m 0644 "$scratch/statements" dist/meeting-recording-operator.openvex.json
echo "wrote dist/meeting-recording-operator.openvex.json"
