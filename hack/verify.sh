#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Generates everything again in a copy of the tree, and fails on any difference: what is committed is what the sources say. The
# tree itself is not touched.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/env.sh

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
hack/copy-tree.sh "$copy"
cp -a "$copy" "$copy.before"
trap 'rm -rf "$copy" "$copy.before"' EXIT

make --no-print-directory -C "$copy" generate manifests docs charts fmt
while IFS= read -r module; do
  go -C "$(dirname "$module")" mod tidy
done < <(find "$copy" -name go.mod)
# Adds the sums that the workspace lacks.
GOWORK=$copy/hack/controlplane/shared.work go -C "$copy/hack/controlplane/kubernetes" list -deps \
  k8s.io/kubernetes/cmd/{kube-apiserver,kube-controller-manager,kube-proxy,kube-scheduler,kubectl,kubelet} >/dev/null

# The chart's copies of config/ are not committed.
if ! diff -ru --exclude=files "$copy.before" "$copy"; then
  echo "verify: generated files differ from what is here; run: make generate manifests docs charts fmt, and go mod tidy; hack/controlplane/install.sh adds sums" >&2
  exit 1
fi

failed=0
hack/imports.sh || failed=1
go -C hack/tools run ./docs -root "$PWD" || failed=1
hack/threatmodel.sh || failed=1
crds=$(find config/crd/bases -name '*.yaml' -size +200k)
if [[ -n $crds ]]; then
  echo "verify: over 200 KiB, so a plain kubectl apply would fail: $crds" >&2
  failed=1
fi
while IFS= read -r file; do
  if ! head -n 4 "$file" | grep 'SPDX-License-Identifier: Apache-2.0' >/dev/null; then
    echo "verify: $file lacks the licence header of hack/boilerplate" >&2
    failed=1
  fi
done < <(git ls-files --cached --others --exclude-standard '*.go' '*.sh' Makefile)
for overlay in config/default config/samples config/samples/cert-manager config/samples/shards config/overlays/*/ config/pipelines config/pipelines/*/; do
  if ! hack/tool.sh tools kustomize build "$overlay" >/dev/null; then
    echo "verify: kustomize cannot build $overlay" >&2
    failed=1
  fi
done
exit $failed
