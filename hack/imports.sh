#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Fails if an import points upwards: a controller imports the set-up of all of them or another controller, a pure package of
# internal/processing or of the receiver imports one that builds on it, or anything below internal/ imports controllers/ or cmd/; or if a
# package has more than 15 files beside its tests; or if the receiver with what is behind it, or the controllers with what decides for them,
# have more lines than they may have.
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
    level["internal/spool"] = 1; level["internal/recorder"] = 1; level["internal/watchedfile"] = 1; level["internal/receiver/guard"] = 1
    level["internal/outbox"] = 2; level["internal/routes"] = 2; level["internal/receiver"] = 3
    bad = from ~ /^controllers\// && to ~ /^controllers(\/|$)/ && index(to, from "/") != 1 ||
      from ~ /^internal\// && to ~ /^(controllers|cmd)(\/|$)/ ||
      (from in level) && (to in level) && level[to] >= level[from]
  }
  bad { print "imports: " from " must not import " to > "/dev/stderr"; failed = 1 }
  END { exit failed }'

# at_most LINES DIRECTORY... fails if the directories have more lines of Go beside their tests.
at_most() {
  local lines
  lines=$(find "${@:2}" -name '*.go' ! -name '*_test.go' -exec cat {} + | wc -l)
  if ((lines > $1)); then
    echo "imports: ${*:2} have $lines lines beside their tests; at most $1" >&2
    exit 1
  fi
}
# What one webhook passes, and what decides about its recording, stays small enough to be read.
at_most 4700 internal/{receiver,outbox,recorder,spool,watchedfile}
at_most 5600 controllers internal/{processing,scheduling,delivery,retention}

# internal/cli has a file for each command, internal/source one for each way to fail.
go list -f '{{.ImportPath}} {{len .GoFiles}}' ./... | awk '
  $2 > 15 && $1 !~ /internal\/(cli|source)$/ { print "imports: " $1 " has " $2 " files: it is two packages" > "/dev/stderr"; failed = 1 }
  END { exit failed }'
