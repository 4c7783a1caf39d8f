#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Renders everything that config/ offers to install, the ready pipelines and the default chart, and runs the checks on it that are embedded in Trivy.
# What is accepted is in .trivyignore.yaml, with its reason. hack/misconfig has of Trivy what that needs.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/env.sh

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/manifests"
for folder in config/default config/samples/shards config/overlays/*/ config/pipelines config/pipelines/*/; do
  hack/tool.sh tools kustomize build "$folder" >"$scratch/manifests/$(basename "$folder").yaml"
done
hack/tool.sh charts helm template operator charts/meeting-recording-operator --include-crds \
  --namespace meeting-recording-system >"$scratch/manifests/chart.yaml"
# Trivy uses the experiment.
GOEXPERIMENT=jsonv2 go -C hack/misconfig run . -ignore "$PWD/.trivyignore.yaml" -folder "$scratch/manifests"
