#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Compares the CRDs with those of the last release, by hack/tools/crdcompat. Those of the release are checked in, so that a shallow
# clone, as CI has it, is enough; where git knows the release, they must be what the release had, and no later one may be tagged. Before the
# first release there are none.
#
#   crd-compat.sh                  compares
#   crd-compat.sh release VERSION  makes the CRDs of now those of the release VERSION, and empties the list of accepted changes
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/env.sh

bases=config/crd/bases released=config/crd/released accepted=hack/crd-compat-accepted.yaml
die() { echo "crd-compat: $*" >&2; exit 1; }

compare() {
  go -C hack/tools run ./crdcompat -released "$PWD/$released" -now "$PWD/$bases" -accepted "$PWD/$accepted"
}

# matches_git fails where the checked-in CRDs are not those of the release that they claim to be of.
matches_git() {
  local version newest
  version=$(<"$released/VERSION")
  newest=$(git tag --list 'v[0-9]*' --sort=-version:refname --merged HEAD 2>/dev/null | grep -v -- - | sed -n 1p || true)
  [[ -n $newest ]] || return 0 # a shallow clone, an archive of the source, or no release yet
  if [[ $version != "$newest" ]]; then
    # A release that is being made is newer than the last tag.
    [[ $version != unreleased && $(printf '%s\n' "$newest" "$version" | sort -V | tail -n 1) == "$version" ]] ||
      die "$released is of $version, but $newest is released: run hack/crd-compat.sh release $newest on its commit"
    return 0
  fi
  local file
  for file in "$bases"/*.yaml; do
    git cat-file -e "$newest:$file" 2>/dev/null || continue
    git show "$newest:$file" | cmp -s - "$released/${file##*/}" || die "$released/${file##*/} is not what $newest had: take it back"
  done
}

case ${1:-compare} in
  compare)
    if [[ ! -d $released ]]; then
      echo "crd-compat: nothing is released yet, so nothing can break"
      exit 0
    fi
    matches_git
    compare
    ;;
  release)
    [[ ${2:-} =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]] || die "a release is named vX.Y.Z, not '${2:-}'"
    if [[ -d $released ]]; then compare; fi # with what is accepted: afterwards nothing can be compared
    mkdir -p "$released"
    rm -f "$released"/*.yaml
    cp "$bases"/*.yaml "$released/"
    printf '%s\n' "$2" >"$released/VERSION"
    { sed -n '/^#/p' "$accepted"; echo '[]'; } >"$accepted.new"
    mv "$accepted.new" "$accepted"
    ;;
  *) die "usage: crd-compat.sh [release VERSION]" ;;
esac
