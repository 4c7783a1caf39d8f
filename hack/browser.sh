#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Provides Chromium, in which the page is tested: Debian's package, installed where it is missing, with a font for the screenshots.
set -euo pipefail

die() { printf 'browser.sh: %s\n' "$*" >&2; exit 1; }

# present says whether a browser is there under one of the names by which the tests look for one.
present() {
  local name
  for name in headless_shell chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null; then return 0; fi
  done
  return 1
}

if present; then exit 0; fi
command -v apt-get >/dev/null || die "Chromium is missing: install chromium or google-chrome"
run=()
if [[ $(id -u) != 0 ]]; then
  if ! sudo -n true 2>/dev/null; then die "Chromium is missing: install it with: sudo apt-get install chromium"; fi
  run=(sudo -n)
fi
echo "browser.sh: installing Chromium" >&2
"${run[@]}" apt-get update -qq
"${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-inter >/dev/null
present || die "Chromium was installed, but there is no command of its name: install chromium or google-chrome by hand"
