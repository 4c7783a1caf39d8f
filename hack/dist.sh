#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Writes what users install into the folder that it is given: a file for config/default, one for each overlay, one for each ready pipeline, all
# with the images IMG and MEDIA_IMG, the CRDs, the alerts as a rules file, the dashboard, and the Helm chart as the version VERSION (vX.Y.Z; without one, as its Chart.yaml says).
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/env.sh

dist=${1:?which folder to write to}
mkdir -p "$dist"
rm -f "$dist"/*.yaml "$dist"/*.tgz "$dist"/*.json
render() { # FOLDER FILE
  { echo "# $1 of the meeting-recording-operator ${VERSION:-}: kubectl apply -f $2"; hack/render.sh "$1"; } >"$dist/$2"
}
render config/default install.yaml
for overlay in config/overlays/*/; do
  render "${overlay%/}" "install-$(basename "$overlay").yaml"
done
render config/pipelines pipeline-archive.yaml
for pipeline in config/pipelines/*/; do
  render "${pipeline%/}" "pipeline-$(basename "$pipeline").yaml"
done

hack/alerts.sh >"$dist/alerts.yaml"
cp config/observability/dashboard.json "$dist/"
cp config/crd/bases/*.yaml "$dist/"
make --no-print-directory charts >&2

version=()
if [[ ${VERSION:-} =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]]; then
  version=(--version "${VERSION#v}" --app-version "$VERSION")
fi
# The chart has the image's digest too.
chart=$(mktemp -d)
trap 'rm -rf "$chart"' EXIT
cp -R charts/meeting-recording-operator "$chart/"
if [[ ${IMG:-} == *@sha256:* ]]; then
  sed -i "s|^  digest: \"\"\$|  digest: \"${IMG#*@}\"|" "$chart/meeting-recording-operator/values.yaml"
  grep -q "${IMG#*@}" "$chart/meeting-recording-operator/values.yaml" || { echo "dist: the chart's values.yaml has no digest: \"\"" >&2; exit 1; }
fi
hack/tool.sh charts helm package "$chart/meeting-recording-operator" --destination "$dist" "${version[@]}" >&2
