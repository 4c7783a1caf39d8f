#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Checks the shell scripts: with shellcheck, which it installs on Debian where it is missing, and otherwise with bash's own parser.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t scripts < <(git ls-files --cached --others --exclude-standard '*.sh' .ci/run)
if ! command -v shellcheck >/dev/null && [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
  apt-get update -qq && apt-get install -y -qq --no-install-recommends shellcheck >/dev/null
fi
if command -v shellcheck >/dev/null; then
  shellcheck -x "${scripts[@]}"
else
  echo "lint-shell: shellcheck is not installed; only the syntax is checked" >&2
  for script in "${scripts[@]}"; do bash -n "$script"; done
fi
