# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # variables for the files that source this, and root of cluster.sh
#
# The settings of a cluster, what follows from them, and how to speak to the user.

log() { printf '%s\n' "$*" >&2; }
die() { log "cluster.sh: $*"; exit 1; }
unsupported() { log "cluster.sh: $*"; exit 3; }

CLUSTER_DIR=${CLUSTER_DIR:-/var/lib/meeting-recording-cluster}
CLUSTER_POD_NET=${CLUSTER_POD_NET:-10.244.0.0/24}
CLUSTER_SERVICE_NET=${CLUSTER_SERVICE_NET:-10.96.0.0/16}
CLUSTER_PORT_BASE=${CLUSTER_PORT_BASE:-16440}
CLUSTER_BRIDGE=${CLUSTER_BRIDGE:-mrcluster0}
CLUSTER_KEEP=${CLUSTER_KEEP:-0}

octet='(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
# The path ends up in the paths of sockets, which the kernel limits to 107 bytes, and is removed recursively at the end.
[[ $CLUSTER_DIR =~ ^(/[A-Za-z0-9_-][A-Za-z0-9._-]*){2,}$ && ${#CLUSTER_DIR} -le 60 ]] ||
  unsupported "CLUSTER_DIR=$CLUSTER_DIR: give an absolute path of two or more parts, at most 60 letters, digits, '.', '_', '-' and '/'"
[[ $CLUSTER_POD_NET =~ ^($octet\.){3}0/24$ ]] || unsupported "CLUSTER_POD_NET=$CLUSTER_POD_NET: give a network like 10.244.0.0/24"
[[ $CLUSTER_SERVICE_NET =~ ^($octet\.){2}0\.0/16$ ]] || unsupported "CLUSTER_SERVICE_NET=$CLUSTER_SERVICE_NET: give a network like 10.96.0.0/16"
[[ $CLUSTER_PORT_BASE =~ ^[1-9][0-9]{3,4}$ && $CLUSTER_PORT_BASE -ge 1024 && $CLUSTER_PORT_BASE -le 65000 ]] ||
  unsupported "CLUSTER_PORT_BASE=$CLUSTER_PORT_BASE: give a number from 1024 to 65000"
[[ $CLUSTER_BRIDGE =~ ^[a-z][a-z0-9]{0,14}$ ]] || unsupported "CLUSTER_BRIDGE=$CLUSTER_BRIDGE: give at most 15 small letters and digits"

dir=$(readlink -m "$CLUSTER_DIR") # the kernel lists mounts by their real paths
# The mark that a folder is ours to remove.
mark=$dir/.meeting-recording-cluster
kubeconfig=$dir/kubeconfig
gateway=${CLUSTER_POD_NET%.0/24}.1
kubernetes_ip=${CLUSTER_SERVICE_NET%.0/16}.1
node_name=local
pause_image=docker.io/library/pause:dev
# One name for the cgroup, the CNI network and the firewall table, so that two run folders do not touch each other's.
cluster_id=mrcluster-$(printf '%s' "$dir" | cksum | cut -d' ' -f1)
components=(etcd kube-apiserver containerd kube-controller-manager kube-scheduler kubelet kube-proxy)

api_port=$((CLUSTER_PORT_BASE + 3))
kubelet_port=$((CLUSTER_PORT_BASE + 4))
kubelet_health_port=$((CLUSTER_PORT_BASE + 5))
controllers_port=$((CLUSTER_PORT_BASE + 6))
scheduler_port=$((CLUSTER_PORT_BASE + 7))
proxy_metrics_port=$((CLUSTER_PORT_BASE + 8))
proxy_health_port=$((CLUSTER_PORT_BASE + 9))
api_url=https://$gateway:$api_port

# settings_text is what a running cluster cannot change; k8s_version comes from the same go.mod as its binaries.
settings_text() {
  printf 'kubernetes=%s\npod_net=%s\nservice_net=%s\nport_base=%s\nbridge=%s\n' \
    "$(awk '{ for (i = 1; i < NF; i++) if ($i == "k8s.io/kubernetes") { print $(i+1); exit } }' "$root/hack/controlplane/kubernetes/go.mod")" \
    "$CLUSTER_POD_NET" "$CLUSTER_SERVICE_NET" "$CLUSTER_PORT_BASE" "$CLUSTER_BRIDGE"
}

# recorded NAME prints a setting of the cluster that lies in the run folder.
recorded() { sed -n "s/^$1=//p" "$dir/settings" 2>/dev/null || true; }

# lock lets one up or down at a time work on a run folder. The lock is on the parent folder, since down removes the run folder.
lock() {
  mkdir -p "$(dirname "$dir")"
  exec 9<"$(dirname "$dir")"
  flock -n 9 && return
  log "another cluster.sh is at work on $dir: waiting for it"
  flock -w 600 9 || die "still locked after 10 minutes: see what holds $(dirname "$dir") with: fuser -v $(dirname "$dir")"
}
