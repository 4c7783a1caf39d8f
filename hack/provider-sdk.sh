#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Installs the provider's own npm SDK into bin/provider-sdk, in the version of its lock file, for the test that compares our stand-in with it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() { printf 'provider-sdk.sh: %s\n' "$*" >&2; exit 1; }

source=test/harness/provider/sdk
target=bin/provider-sdk
command -v npm >/dev/null || die "npm is missing: run hack/packages.sh node"
mkdir -p "$target"
if cmp -s "$source/package-lock.json" "$target/installed.json"; then exit 0; fi
cp "$source/package.json" "$source/package-lock.json" "$target/"
npm ci --prefix "$target" --ignore-scripts --no-audit --no-fund --silent
cp "$source/package-lock.json" "$target/installed.json"
