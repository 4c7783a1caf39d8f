#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Prints the objects of a folder of config/, with the images IMG and MEDIA_IMG: render.sh config/default
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/env.sh

folder=${1:?which folder of config/}
hack/tool.sh tools kustomize build "$folder" | sed \
  -e "s|image: meeting-recording-operator:dev\$|image: ${IMG:-meeting-recording-operator:dev}|" \
  -e "s|image: meeting-recording-operator-media:dev\$|image: ${MEDIA_IMG:-meeting-recording-operator-media:dev}|"
