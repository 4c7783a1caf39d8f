#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Runs the tests that need an API server against every Kubernetes minor that the project supports: those of hack/controlplane, newest
# first. It goes on after a failure, and says at the end which minors passed. PKG chooses other packages.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/env.sh

read -ra packages <<<"${PKG:-./controllers/... ./internal/receiver/integration/... ./test/integration/...}"
minors=("")
while IFS= read -r folder; do
  minors+=("${folder##*kubernetes-}")
done < <(find hack/controlplane -maxdepth 1 -name 'kubernetes-*' | sort -Vr)

failed=0 summary=""
for minor in "${minors[@]}"; do
  assets=$(K8S_VERSION=$minor hack/controlplane/install.sh envtest --print-dir)
  version=$("$assets/kube-apiserver" --version)
  echo "== $version"
  outcome=passed
  KUBEBUILDER_ASSETS=$assets hack/tool.sh tools gotestsum --format pkgname -- -count=1 "${packages[@]}" || outcome=FAILED failed=1
  summary+="$version: $outcome"$'\n'
done
printf '== Kubernetes versions\n%s' "$summary"
exit "$failed"
