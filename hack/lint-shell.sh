#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Checks the shell scripts with shellcheck, or with bash's own parser where it cannot be installed.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t scripts < <(git ls-files --cached --others --exclude-standard '*.sh' .ci/run)
hack/packages.sh shell || true
if command -v shellcheck >/dev/null; then
  shellcheck -x "${scripts[@]}"
else
  echo "lint-shell: shellcheck is not installed; only the syntax is checked" >&2
  for script in "${scripts[@]}"; do bash -n "$script"; done
fi

# Under pipefail, a reader that ends early fails the pipe at random: its writer is ended by SIGPIPE.
if grep -nE '\| *(grep -[a-zA-Z]*[qm]|head)( |$)' "${scripts[@]}"; then
  echo "lint-shell: read all of a pipe: grep ... >/dev/null for grep -q, sed -n 1p for head -n 1" >&2
  exit 1
fi
