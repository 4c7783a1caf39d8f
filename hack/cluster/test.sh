#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Tests cluster.sh on this machine, as root: a Pod runs, and nothing stays behind after down, whatever was killed before. Uses a run
# folder, bridge, networks and ports of its own; takes about a minute once the binaries are there.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cluster=$here/cluster.sh
scratch=$(mktemp -d)
export CLUSTER_DIR=/var/lib/meeting-recording-cluster-test CLUSTER_BRIDGE=mrclustertest CLUSTER_PORT_BASE=17440
export CLUSTER_POD_NET=10.213.7.0/24 CLUSTER_SERVICE_NET=10.214.0.0/16 CLUSTER_KEEP=0
helper=""

finish() {
  local status=$?
  if [[ $helper ]]; then kill -KILL "$helper" 2>/dev/null || true; fi
  "$cluster" down >/dev/null 2>&1 || true
  rm -rf "$scratch"
  ((status == 0)) || echo "FAIL" >&2
}
trap finish EXIT

step() { echo "== $* (${SECONDS}s)"; }
fail() { echo "test.sh: $*" >&2; exit 1; }

# quietly COMMAND... shows what it wrote only when it fails.
quietly() { "$@" >"$scratch/output" 2>&1 || { cat "$scratch/output" >&2; fail "failed: $*"; }; }

# refused CODE TEXT COMMAND... wants that exit code and that text.
refused() {
  local code=$1 text=$2 got=0
  shift 2
  "$@" >"$scratch/output" 2>&1 || got=$?
  if ((got != code)) || ! grep -qF -- "$text" "$scratch/output"; then
    cat "$scratch/output" >&2
    fail "want exit code $code and '$text', got $got: $*"
  fi
}

# traces lists everything that a cluster can leave on a machine.
traces() {
  echo "-- processes that name the run folder"
  grep -lsF -f "$scratch/needle" /proc/[0-9]*/cmdline || true # a file, or grep would find itself
  echo "-- mounts"
  awk -v dir="$CLUSTER_DIR" 'index($5, dir) == 1' /proc/self/mountinfo
  echo "-- interfaces"
  ip -o link | sed -E 's/^[0-9]+: ([^@:]+).*/\1/' | sort
  echo "-- network namespaces"
  ip netns list
  echo "-- firewall tables"
  nft list tables
  echo "-- listeners"
  ss -Hltn | awk '{ print $4 }' | grep -E ':174[45][0-9]$' || true
  echo "-- cgroups"
  find /sys/fs/cgroup -maxdepth 2 -type d -name 'mrcluster-*' -exec find {} -type d \;
  echo "-- folders"
  ls -d "$CLUSTER_DIR" /run/containerd /run/containerd/s/* /var/lib/cni /var/lib/cni/results/* /var/log/containers \
    /var/log/pods /var/lib/kubelet 2>/dev/null || true
  echo "-- kernel settings"
  (cd /proc/sys && grep -s . net/ipv4/ip_forward vm/overcommit_memory vm/panic_on_oom kernel/panic \
    kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes)
}

nothing_left() {
  traces >"$scratch/after"
  diff "$scratch/before" "$scratch/after" >&2 || fail "the above is left behind"
}

kube() { "$root/bin/k8s/kubectl" --kubeconfig "$CLUSTER_DIR/kubeconfig" --request-timeout 10s "$@"; }

pid_of() { cat "$CLUSTER_DIR/run/$1.pid"; }

# kill_up_at SIGNAL COMPONENT ends a fresh up as soon as it has started COMPONENT.
kill_up_at() {
  "$cluster" up >"$scratch/output" 2>&1 &
  local up=$!
  until [[ -s $CLUSTER_DIR/run/$2.pid ]]; do
    kill -0 "$up" 2>/dev/null || { cat "$scratch/output" >&2; fail "up ended before it started $2"; }
    sleep 0.05
  done
  kill -"$1" "$up"
  wait "$up" 2>/dev/null || true
}

run_a_pod() {
  quietly "$cluster" load-image "$busybox"
  quietly kube create namespace restricted
  quietly kube label namespace restricted pod-security.kubernetes.io/enforce=restricted
  quietly kube apply -f - <<'YAML'
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: restricted}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: restricted, labels: {app: web}}
spec:
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: web
    image: busybox:dev
    command: [sh, -c, "echo served > /data/index.html && exec httpd -f -p 8080 -h /data"]
    readinessProbe: {httpGet: {port: 8080}, periodSeconds: 1}
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
    volumeMounts: [{name: data, mountPath: /data, subPath: web}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: restricted}
spec: {selector: {app: web}, clusterIP: 10.214.9.9, ports: [{port: 80, targetPort: 8080}]}
YAML
  quietly kube -n restricted wait pod/web --for=condition=Ready --timeout=60s
  for _ in {1..50}; do
    if [[ $(curl -fsS --max-time 2 http://10.214.9.9/ 2>/dev/null) == served ]]; then break; fi
    sleep 0.1
  done
  [[ $(curl -fsS --max-time 2 http://10.214.9.9/) == served ]] || fail "the Service does not answer on this machine"
  [[ $(kube -n restricted exec web -- timeout 5 wget -qO- http://10.214.9.9/) == served ]] || fail "the Service does not answer in a Pod"
}

((EUID == 0)) || fail "run this as root"
"$cluster" down >/dev/null 2>&1 || true
printf '%s\n' "$CLUSTER_DIR" >"$scratch/needle"
traces >"$scratch/before"
busybox=$("$root/hack/images/build.sh" busybox 2>/dev/null) || fail "cannot build the busybox image: try $root/hack/images/build.sh busybox"

step "settings that cannot work are refused"
refused 3 "CLUSTER_DIR=/" env CLUSTER_DIR=/ "$cluster" down
refused 3 "was not made by this tool" env CLUSTER_DIR=/usr/share "$cluster" down
refused 3 "another in CLUSTER_POD_NET" env CLUSTER_POD_NET=127.0.0.0/24 "$cluster" up
refused 3 "give a network like" env CLUSTER_SERVICE_NET=10.0.0.0/8 "$cluster" up
refused 2 "usage:" "$cluster" sideways
refused 1 "no cluster is running" "$cluster" load-image /dev/null
refused 1 "not running" "$cluster" status
busybox nc -l -p 17443 127.0.0.1 >/dev/null 2>&1 &
helper=$!
disown "$helper"
until ss -Hltn "sport = :17443" | grep . >/dev/null; do kill -0 "$helper"; sleep 0.05; done
refused 3 "TCP port 17443 is in use" "$cluster" up
kill -KILL "$helper"
helper=""
while ss -Hltn "sport = :17443" | grep . >/dev/null; do sleep 0.05; done
nothing_left

step "a component that does not start is named, and the rest is removed"
mkdir "$scratch/bin"
printf '#!/bin/sh\necho this containerd is broken; exit 1\n' >"$scratch/bin/containerd"
chmod +x "$scratch/bin/containerd"
refused 1 "this containerd is broken" env PATH="$scratch/bin:$PATH" "$cluster" up
nothing_left

step "up, twice, and a Pod"
quietly "$cluster" up
quietly "$cluster" up
run_a_pod
refused 3 "with other settings is running" env CLUSTER_POD_NET=10.213.8.0/24 "$cluster" up

step "down, twice"
quietly "$cluster" down
nothing_left
quietly "$cluster" down

step "up after an up that was killed midway"
kill_up_at KILL kubelet
quietly "$cluster" up
run_a_pod

step "up after several components were killed under a running Pod"
kill -KILL "$(pid_of containerd)" "$(pid_of kube-apiserver)" "$(pid_of kubelet)"
refused 1 "not ready" "$cluster" status
quietly "$cluster" up
run_a_pod

step "down after several components were killed under a running Pod"
kill -KILL "$(pid_of containerd)" "$(pid_of etcd)" "$(pid_of kubelet)"
quietly "$cluster" down
nothing_left

step "down after an up that was killed midway"
kill_up_at KILL kube-apiserver
quietly "$cluster" down
nothing_left

step "an up that is interrupted cleans up by itself"
kill_up_at TERM containerd
nothing_left

step "passed"
