#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Waits until the API server of the current kubectl context (of KUBECTL) serves our kinds. A wait for the condition alone fails on a CRD that is so new that
# it has no conditions; one whose names are accepted has them.
set -euo pipefail
cd "$(dirname "$0")/.."

for crd in config/crd/bases/*.yaml; do
  name=$(sed -n '/^  name: /{s///p;q}' "$crd")
  "${KUBECTL:-kubectl}" wait "crd/$name" --for="jsonpath={.status.acceptedNames.plural}=${name%%.*}" --timeout=60s
  "${KUBECTL:-kubectl}" wait "crd/$name" --for=condition=Established --timeout=60s
done
