#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Fails if an import points upwards: a controller imports the set-up of all of them or another controller, a pure package of
# internal/processing imports one that builds on it, or anything below internal/ imports controllers/ or cmd/.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/env.sh

# shellcheck disable=SC2016 # a template of go list
go list -f '{{$p := .ImportPath}}{{range .Imports}}{{$p}} {{.}}{{"\n"}}{{end}}' ./controllers/... ./internal/... | awk -v module="$(go list -m)/" '
  index($2, module) != 1 { next }
  {
    from = substr($1, length(module) + 1); to = substr($2, length(module) + 1)
    level["internal/processing/conditions"] = 1; level["internal/processing/outcomes"] = 2
    level["internal/processing/planning"] = 3; level["internal/processing/acceptance"] = 3
    bad = from ~ /^controllers\// && to ~ /^controllers(\/|$)/ && index(to, from "/") != 1 ||
      from ~ /^internal\// && to ~ /^(controllers|cmd)(\/|$)/ ||
      (from in level) && (to in level) && level[to] >= level[from]
  }
  bad { print "imports: " from " must not import " to > "/dev/stderr"; failed = 1 }
  END { exit failed }'
