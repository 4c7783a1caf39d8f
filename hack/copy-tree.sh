#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# copy-tree.sh FOLDER copies the tree as git has it, uncommitted changes included, into the folder, which it makes.
set -euo pipefail
[[ $# == 1 ]] || { echo "usage: copy-tree.sh FOLDER" >&2; exit 2; }
mkdir -p "$1"
copy=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."

# git lists files that are deleted, and not committed, too.
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
  if [[ -e $file ]]; then printf '%s\0' "$file"; fi
done | tar --null -T - -cf - | tar -xf - -C "$copy"
