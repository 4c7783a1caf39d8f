#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Reports what this machine has and lacks for `make demo` and `make test`, and how long the first run takes. It changes nothing, asks no
# network, and takes less than a second. The exit code is 1 if something is missing that the project does not provide by itself.
set -euo pipefail
cd "$(dirname "$0")/.."

status=0
ok() { printf '  ok       %s\n' "$*"; }
note() { printf '  note     %s\n' "$*"; }
bad() { printf '  MISSING  %s\n' "$*"; status=1; }

echo "This machine"
if [[ $(uname -s) == Linux ]]; then ok "Linux"; else bad "Linux, for the local cluster: elsewhere make demo needs Docker, for kind"; fi
for program in git make curl openssl tar; do
  if command -v "$program" >/dev/null; then ok "$program"; else bad "$program: install the package of that name"; fi
done
want=$(awk '$1 == "go" { print $2 }' go.mod)
if have=$(go env GOVERSION 2>/dev/null); then
  have=${have#go}
  if [[ $(printf '%s\n%s\n' "$want" "${have%% *}" | sort -V | sed -n 1p) == "$want" ]]; then ok "Go $have"; else bad "Go $want or later (this is $have): https://go.dev/doc/install"; fi
else
  bad "Go $want or later: https://go.dev/doc/install"
fi
if [[ $(id -u) == 0 ]]; then ok "root"; else note "not root: make demo then needs Docker, or a cluster of yours (DEMO_CLUSTER=existing)"; fi
cores=$(nproc 2>/dev/null || echo 1)
memory=$(awk '$1 == "MemTotal:" { printf "%d", $2 / 1048576 }' /proc/meminfo 2>/dev/null || echo 0)
disk=$(df -Pk . | awk 'NR == 2 { printf "%d", $4 / 1048576 }')
if ((memory >= 4 || memory == 0)); then ok "$cores cores, $memory GiB of memory"; else bad "4 GiB of memory (this machine has $memory)"; fi
if ((disk >= 10)); then ok "$disk GiB free here"; else bad "10 GiB free (here are $disk)"; fi

echo "What the project installs or builds when it needs it"
for group in media browser speech cluster shell; do
  if missing=$(hack/packages.sh --check "$group" | paste -sd' '); then ok "packages of $group"; else note "packages of $group: $missing"; fi
done
if ! command -v apt-get >/dev/null; then note "no apt-get: install by hand what is noted above"; fi
version=$(awk '{ for (i = 1; i < NF; i++) if ($i == "k8s.io/kubernetes") { print $(i + 1); exit } }' hack/controlplane/kubernetes/go.mod)
store=${XDG_CACHE_HOME:-$HOME/.cache}/meeting-recording-operator/k8s/$version-linux-$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
if [[ -x $store/kube-apiserver && -x $store/etcd && -x $store/kubectl ]]; then ok "Kubernetes $version for make test"; else note "Kubernetes $version for make test: two minutes where it can be downloaded, else built in about ten on two cores"; fi
if [[ -x $store/kubelet && -x $store/kube-proxy ]]; then ok "Kubernetes $version for make demo"; else note "Kubernetes $version for make demo: as above, together"; fi
exit "$status"
