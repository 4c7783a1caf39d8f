#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Writes the krew manifest of the kubectl plugin to standard output, from the archives of a release and their addresses.
set -euo pipefail

if (($# != 3)) || [[ ! $1 =~ ^v[0-9]+\.[0-9]+\.[0-9]+ ]]; then
  echo "usage: krew.sh VERSION FOLDER URL

  VERSION  such as v0.1.0
  FOLDER   has the archives kubectl-recording_VERSION_OS_ARCH.tar.gz (zip for Windows)
  URL      address of the folder where users download them" >&2
  exit 2
fi
version=$1 folder=$2 url=$3

cat <<YAML
apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: recording
spec:
  version: $version
  homepage: https://github.com/meetingops/meeting-recording-operator
  shortDescription: Inspect and control meeting recordings
  description: |
    Inspect recordings of the meeting-recording operator and control their post-processing: list what needs attention, show one
    recording as a tree, explain why it is not done, print logs, run steps again.
  platforms:
YAML
found=no
for archive in "$folder"/kubectl-recording_"${version#v}"_*; do
  [[ -f $archive ]] || continue
  found=yes
  name=${archive##*/}
  IFS=_ read -r _ _ os arch <<<"${name%%.tar.gz}"
  arch=${arch%.zip} binary=kubectl-recording
  if [[ $os == windows ]]; then binary=kubectl-recording.exe; fi
  cat <<YAML
    - selector:
        matchLabels: {os: $os, arch: $arch}
      uri: $url/$name
      sha256: $(sha256sum "$archive" | cut -d' ' -f1)
      files:
        - {from: $binary, to: .}
        - {from: LICENSE, to: .}
      bin: $binary
YAML
done
if [[ $found == no ]]; then
  echo "krew.sh: $folder has no archive of the plugin for $version" >&2
  exit 1
fi
