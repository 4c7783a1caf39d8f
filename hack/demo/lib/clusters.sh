# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # demo.sh sets the variables
#
# The three kinds of cluster that the demo runs on.

kind_name=meeting-recording-demo

choose_cluster() {
  case ${DEMO_CLUSTER:-} in
    existing | kind | local) printf '%s\n' "$DEMO_CLUSTER" ;;
    '') if docker info >/dev/null 2>&1; then echo kind; else echo local; fi ;;
    *) die "DEMO_CLUSTER=$DEMO_CLUSTER: set it to existing, kind or local" ;;
  esac
}

kind() { "$root/hack/tool.sh" tools/kind kind "$@"; }
# The demo builds the plugin into $state.
kubectl() { PATH=$state:$PATH "$root/bin/k8s/kubectl" "$@"; }

bring_up() {
  case $1 in
    existing)
      "$root/hack/controlplane/install.sh" envtest
      kubectl version >/dev/null || die "no cluster answers: set KUBECONFIG or the current context"
      ;;
    kind)
      "$root/hack/controlplane/install.sh" envtest
      "$root/hack/images/build.sh" operator
      kind get clusters | grep -x "$kind_name" >/dev/null || kind create cluster --name "$kind_name" --wait 120s --kubeconfig "$state/kubeconfig"
      export KUBECONFIG=$state/kubeconfig
      kind load image-archive --name "$kind_name" "$root/bin/images/operator.tar"
      ;;
    local)
      # Programs and control plane share packages, which Go would compile twice if both were built at once.
      "$root/hack/packages.sh" cluster &
      "$root/hack/images/build.sh" operator
      wait "$!" || die "the packages could not be installed"
      "$root/hack/cluster/cluster.sh" up
      "$root/hack/images/build.sh" busybox
      KUBECONFIG=$("$root/hack/cluster/cluster.sh" kubeconfig)
      export KUBECONFIG
      "$root/hack/cluster/cluster.sh" load-image "$root/bin/images/operator.tar" "$root/bin/images/busybox.tar"
      ;;
  esac
}

# file_host CLUSTER prints the address of this machine by which Pods reach it.
file_host() {
  case $1 in
    existing) printf '%s\n' "${DEMO_FILE_HOST:?the address of this machine by which the Pods of the cluster reach it}" ;;
    kind) docker network inspect kind --format '{{range .IPAM.Config}}{{.Gateway}}{{"\n"}}{{end}}' | grep -m1 -F . ;;
    local) local net=${CLUSTER_POD_NET:-10.244.0.0/24}; printf '%s\n' "${net%.0/24}.1" ;;
  esac
}

# busybox_image CLUSTER prints an image with sha256sum.
busybox_image() {
  if [[ $1 == local ]]; then echo busybox:dev; else echo busybox:1.37; fi
}

take_down() {
  case $1 in
    existing)
      kubectl delete --ignore-not-found -k "$state/overlay" || true
      ;;
    kind) kind delete cluster --name "$kind_name" ;;
    local) "$root/hack/cluster/cluster.sh" down ;;
  esac
}
