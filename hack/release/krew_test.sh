#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Tests that the kubectl plugin can be installed by krew from a local manifest and archive, and as a plain binary on the PATH.
set -euo pipefail
cd "$(dirname "$0")/../.."

version=v0.0.1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { echo "krew_test.sh: $*" >&2; exit 1; }
# shows TEXT COMMAND... fails unless the command succeeds and prints the text.
shows() {
  local text=$1 output
  shift
  output=$("$@" 2>&1) || fail "$* failed: $output"
  [[ $output == *"$text"* ]] || fail "$* does not show \"$text\": $output"
}

hack/controlplane/install.sh envtest >/dev/null # for kubectl
os=$(go env GOOS) arch=$(go env GOARCH)
mkdir -p "$scratch/release" "$scratch/files" "$scratch/bin"
CGO_ENABLED=0 go build -trimpath -buildvcs=false -o "$scratch/files/kubectl-recording" ./cmd/kubectl-recording
cp LICENSE "$scratch/files/"
archive=$scratch/release/kubectl-recording_${version#v}_${os}_$arch.tar.gz
tar -C "$scratch/files" -czf "$archive" .

cp "$(readlink -f bin/k8s/kubectl)" "$scratch/bin/kubectl"
go -C hack/tools/krew build -o "$scratch/bin/kubectl-krew" sigs.k8s.io/krew/cmd/krew

# A local index, and a server for the archive: kubectl proxy serves files without a cluster.
"$scratch/bin/kubectl" proxy --server=http://127.0.0.1:1 --port=0 --www="$scratch/release" --www-prefix=/files/ >"$scratch/proxy" 2>&1 &
proxy=$!
trap 'kill "$proxy" 2>/dev/null || true; rm -rf "$scratch"' EXIT
for _ in {1..100}; do
  grep -q 127.0.0.1: "$scratch/proxy" && break
  sleep 0.1
done
address=$(grep -o '127.0.0.1:[0-9]*' "$scratch/proxy") || fail "the file server did not start: $(cat "$scratch/proxy")"
mkdir -p "$scratch/index/plugins"
hack/release/krew.sh "$version" "$scratch/release" "http://$address/files" >"$scratch/index/plugins/recording.yaml"
git -C "$scratch/index" init -q
git -C "$scratch/index" add .
git -C "$scratch/index" -c user.name=test -c user.email=test@example.com commit -qm index

export KREW_ROOT=$scratch/krew HOME=$scratch PATH=$scratch/krew/bin:$scratch/bin:$PATH
export KREW_DEFAULT_INDEX_URI=file://$scratch/index KREW_NO_UPGRADE_CHECK=1
kubectl krew update >&2
kubectl krew install recording >&2
shows kubectl-recording kubectl plugin list
shows "Explain why a recording is not done" kubectl recording --help
kubectl krew uninstall recording >&2
if kubectl recording --help >/dev/null 2>&1; then fail "the plugin is still there after krew uninstall"; fi

cp "$scratch/files/kubectl-recording" "$scratch/bin/"
shows kubectl-recording kubectl plugin list

if hack/release/krew.sh "$version" "$scratch/files" https://example.com >/dev/null 2>&1; then fail "krew.sh accepts a folder without archives"; fi
if hack/release/krew.sh 1 2>/dev/null; then fail "krew.sh accepts wrong arguments"; fi
echo "The plugin installs by krew, and as a binary on the PATH."
