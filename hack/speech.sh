#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Provides a voice (espeak-ng) and an engine that understands it (pocketsphinx with its American English model), with which the
# tests of transcripts run offline: Debian's packages, installed where they are missing.
set -euo pipefail

die() { printf 'speech.sh: %s\n' "$*" >&2; exit 1; }

model=/usr/share/pocketsphinx/model/en-us/en-us
present() { command -v espeak-ng >/dev/null && command -v pocketsphinx_continuous >/dev/null && [[ -d $model ]]; }

if present; then exit 0; fi
packages=(espeak-ng pocketsphinx pocketsphinx-en-us)
command -v apt-get >/dev/null || die "install espeak-ng, pocketsphinx_continuous and its model at $model"
run=()
if [[ $(id -u) != 0 ]]; then
  if ! sudo -n true 2>/dev/null; then die "something is missing: install it with: sudo apt-get install ${packages[*]}"; fi
  run=(sudo -n)
fi
echo "speech.sh: installing ${packages[*]}" >&2
"${run[@]}" apt-get update -qq
"${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
present || die "the packages were installed, but espeak-ng, pocketsphinx_continuous or $model is missing: install them by hand"
