#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Fails if an import points upwards: a controller imports the set-up of all of them or another controller, a pure package of
# internal/processing or of the receiver imports one that builds on it, or anything below internal/ imports controllers/ or cmd/; or if a
# package has more than 15 files beside its tests, or the receiver with what is behind it more than 4,700 lines.
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

# What one webhook passes stays small enough to be read.
lines=$(find internal/{receiver,outbox,recorder,spool,watchedfile} -name '*.go' ! -name '*_test.go' -exec cat {} + | wc -l)
if ((lines > 4700)); then
  echo "imports: receiver, outbox, recorder, spool and watchedfile have $lines lines beside their tests; at most 4700" >&2
  exit 1
fi

# internal/cli has a file for each command, internal/source one for each way to fail.
go list -f '{{.ImportPath}} {{len .GoFiles}}' ./... | awk '
  $2 > 15 && $1 !~ /internal\/(cli|source)$/ { print "imports: " $1 " has " $2 " files: it is two packages" > "/dev/stderr"; failed = 1 }
  END { exit failed }'
