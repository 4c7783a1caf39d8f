#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Shows that the programs depend on nothing but their source and the Go version: builds them twice, in folders of other names, with
# build caches of their own, another umask, time zone and locale, the second time without git, and compares the SHA-256 of each. It
# takes as long as two builds from nothing. PLATFORMS chooses for what, such as "linux/amd64 linux/arm64".
set -euo pipefail
cd "$(dirname "$0")/.."

version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo unknown)}
scratch=$(mktemp -d)
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT

# build FOLDER ENVIRONMENT... builds there, and prints a line with the SHA-256 of each program.
build() {
  local folder=$1 platform
  shift
  for platform in ${PLATFORMS:-linux/$(go env GOARCH)}; do
    env "$@" GOFLAGS=-mod=readonly GOOS="${platform%/*}" GOARCH="${platform#*/}" GOCACHE="$folder.cache" \
      make --no-print-directory -s -C "$folder" build VERSION="$version" >&2
    (cd "$folder/bin" && sha256sum -- * | sed "s|  |  $platform/|")
    rm -rf "${folder:?}/bin"
  done
  rm -rf "${folder:?}.cache"
}

hack/copy-tree.sh "$scratch/one"
git init -q "$scratch/one"
git -C "$scratch/one" -c user.name=a -c user.email=a@example.com commit -q --allow-empty -m "A repository, which Go would write into the programs"
hack/copy-tree.sh "$scratch/another/and/deeper"
(umask 022 && build "$scratch/one" TZ=UTC LC_ALL=C) >"$scratch/first"
(umask 077 && build "$scratch/another/and/deeper" TZ=Asia/Tokyo LC_ALL=C.UTF-8 HOME="$scratch/home" \
  GOMODCACHE="$(go env GOMODCACHE)") >"$scratch/second"
if ! diff "$scratch/first" "$scratch/second"; then
  echo "reproducible: two builds of the same source differ (above)" >&2
  exit 1
fi
cat "$scratch/first"
echo "reproducible: the same bytes, twice, of $version by $(go env GOVERSION)"
