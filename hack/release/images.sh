#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Pushes the operator's image of a release, for every platform, as one index, signs it without a long-lived key, and attaches the lists of what is in it. The same source
# gives the same digest. The media image, which has Debian's ffmpeg, is built by the Dockerfile: see docs/how-to/release.md.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: images.sh REPOSITORY:TAG

Environment:
  PLATFORMS  architectures of Linux (amd64 arm64)
  SIGN       "no" pushes without signing
  INSECURE   "yes" pushes by HTTP, to a registry on this machine
USAGE
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=hack/env.sh
source "$root/hack/env.sh"
die() { echo "images.sh: $*" >&2; exit 1; }

[[ ${1:-} =~ ^[^:]+(:[0-9]+)?/[^:]+:[^:]+$ ]] || { usage >&2; exit 2; }
image=$1
read -ra architectures <<<"${PLATFORMS:-amd64 arm64}"
if [[ ${SIGN:-yes} != no ]]; then
  command -v cosign >/dev/null || die "cosign is missing: https://docs.sigstore.dev/cosign/system_config/installation/, or SIGN=no"
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
options=()
if [[ ${INSECURE:-no} == yes ]]; then options=(--insecure); fi
crane() { "$root/hack/tool.sh" tools/supply crane "${options[@]}" "$@"; }

manifests=()
for architecture in "${architectures[@]}"; do
  GOARCH=$architecture IMG=$image VERSION=${VERSION:-${image##*:}} "$root/hack/images/build.sh" operator >/dev/null
  crane push "$root/bin/images/operator.tar" "$image-$architecture" >"$scratch/pushed"
  manifests+=(-m "$(<"$scratch/pushed")")
done
crane index append "${manifests[@]}" -t "$image" >"$scratch/index"
digest=$(<"$scratch/index")
if [[ ${SIGN:-yes} != no ]]; then
  cosign sign --yes --recursive "$digest" >&2
  # What is in the programs of the image, signed and attached to it.
  programs=("$root/bin/images/linux-${architectures[0]}"/*)
  VERSION=${VERSION:-${image##*:}} "$root/hack/sbom.sh" "${programs[@]}" >&2
  for program in "${programs[@]}"; do
    cosign attest --yes --type cyclonedx --predicate "$root/bin/sbom/${program##*/}.cdx.json" "$digest" >&2
  done
fi
printf '%s\n' "$digest"
