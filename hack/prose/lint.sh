#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Checks the words of documents, comments and messages with vale and the rules beside this script. A folder as its argument is checked
# instead of the project's own text. Vale needs a C compiler, once: its parsers of other languages are in C.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
source hack/env.sh

hack/packages.sh compiler
CGO_ENABLED=1 CGO_CFLAGS="${CGO_CFLAGS:--O1 -w}" go build -modfile=hack/tools/vale/go.mod -o bin/vale github.com/vale-cli/vale/v3/cmd/vale

folder=${1:-}
if [[ -z $folder ]]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  go -C hack/tools run ./prose -root "$root" -out "$folder"
fi
cd "$folder"
# Paths as in the tree: prose appends .txt to all but documents.
"$root/bin/vale" --config="$here/vale.ini" --no-global --output=line . | sed 's/^\([^:]*\)\.txt:/\1:/'
