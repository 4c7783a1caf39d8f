#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Looks for known vulnerabilities that our programs can reach, with govulncheck. It asks the Go vulnerability database, or, where VULNDB
# names a folder, that: a copy of the database, or the folder data/osv of a checkout of golang/vulndb. It fails where there is neither,
# since nothing was looked at then.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/env.sh

official=https://vuln.go.dev
modules=("." hack/images) # what ships: the programs, and what puts them into an image

if [[ -n ${VULNDB:-} ]]; then
  [[ -d $VULNDB ]] || { echo "vulncheck: VULNDB names no folder: $VULNDB" >&2; exit 2; }
  db=file://$(cd "$VULNDB" && pwd)
elif curl -fsS -o /dev/null --connect-timeout 5 --max-time 15 "$official/index/db.json" 2>/dev/null; then
  db=$official
else
  echo "vulncheck: $official cannot be reached from here: let VULNDB name a copy, such as data/osv of a checkout of golang/vulndb" >&2
  exit 2
fi

failed=0
for module in "${modules[@]}"; do
  echo "== $module" >&2
  packages=./...
  if [[ $module == . ]]; then packages=./cmd/...; fi
  hack/tool.sh tools/supply govulncheck -C "$module" -db "$db" "$packages" || failed=1
done
exit "$failed"
