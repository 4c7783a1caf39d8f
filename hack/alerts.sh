#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Prints the alerts of config/observability as a rules file, for a Prometheus without the operator.
set -euo pipefail
cd "$(dirname "$0")/.."
echo "# The alerts of the meeting-recording-operator: config/observability/prometheusrule.yaml as a rules file."
sed '1,/^spec:/d; s/^  //' config/observability/prometheusrule.yaml
