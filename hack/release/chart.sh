#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Pushes the packaged Helm chart of a release to an OCI registry, and signs it without a long-lived key: chart.sh FILE.tgz oci://REGISTRY/PATH
# INSECURE=yes pushes by HTTP, to a registry on this machine.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=hack/env.sh
source "$root/hack/env.sh"

[[ $# == 2 && $2 == oci://* ]] || { echo "usage: chart.sh FILE.tgz oci://REGISTRY/PATH" >&2; exit 2; }
options=()
if [[ ${INSECURE:-no} == yes ]]; then options=(--plain-http); fi
pushed=$("$root/hack/tool.sh" charts helm push "${options[@]}" "$1" "$2" 2>&1) || { printf '%s\n' "$pushed" >&2; exit 1; }
printf '%s\n' "$pushed" >&2
digest=$(sed -n 's/^Digest: *//p' <<<"$pushed")
[[ $digest == sha256:* ]] || { echo "chart.sh: helm push named no digest" >&2; exit 1; }
reference=$(sed -n 's/^Pushed: *//p' <<<"$pushed")
cosign sign --yes "${reference%:*}@$digest" >&2
printf '%s@%s\n' "${reference%:*}" "$digest"
