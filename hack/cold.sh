#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Measures what a newcomer waits for: clones the last commit into an empty folder, with a home, a module cache, a build cache and a user
# cache of its own, runs the commands one after another, and prints the wall time and the CPU seconds of each. Debian's packages that are
# installed already stay. As root.
#
#   hack/cold.sh                       make demo, make demo-down, make test
#   hack/cold.sh "make build" .ci/run  other commands
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

if (($# == 0)); then set -- "make demo" "make demo-down" "make test"; fi
scratch=$(mktemp -d)
trap 'make -s -C "$scratch/clone" demo-down >/dev/null 2>&1 || true; chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
git clone -q "$root" "$scratch/clone"
proxy=$(go env GOPROXY) sums=$(go env GOSUMDB)
mkdir "$scratch/home"
cd "$scratch/clone"
echo "cold: $(git describe --always --tags) on $(nproc) cores, everything empty"
table="" failed=0
exec 3>&2 # what the commands print
TIMEFORMAT="%U %S"
for command in "$@"; do
  echo "cold: == $command" >&2
  started=$SECONDS result=ok
  used=$( { time env -i PATH="$PATH" TERM="${TERM:-dumb}" HOME="$scratch/home" XDG_CACHE_HOME="$scratch/home/.cache" \
    GOCACHE="$scratch/home/go-build" GOMODCACHE="$scratch/home/mod" GOPROXY="$proxy" GOSUMDB="$sums" DEMO_CLUSTER="${DEMO_CLUSTER:-local}" \
    bash -c "$command" >&3 2>&3 || touch "$scratch/failed"; } 2>&1)
  if [[ -e $scratch/failed ]]; then result=FAILED failed=1; rm "$scratch/failed"; fi
  cpu=$(awk '{ printf "%d", $1 + $2 }' <<<"$used")
  took=$((SECONDS - started))
  table+=$(printf '%-32s %8s %6d:%02d %10d' "$command" "$result" $((took / 60)) $((took % 60)) "$cpu")$'\n'
done
printf '%-32s %8s %9s %10s\n%s' command result "wall time" "CPU s" "$table"
exit "$failed"
