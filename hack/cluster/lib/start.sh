# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # variables of settings.sh
#
# Starts the components in their order and waits for each to do its work.

# provide_programs makes the Kubernetes binaries and the pause image, before anything runs that would have to be stopped.
provide_programs() {
  local name
  bin=$("$root/hack/controlplane/install.sh" cluster --print-dir 9<&-) || die "the Kubernetes binaries could not be made (above)"
  for name in kubectl etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy; do
    [[ -x $bin/$name ]] || die "$bin/$name is missing: remove $bin and run this again"
  done
  pause_tar=$("$root/hack/images/build.sh" pause 9<&-) || die "the pause image could not be made (above)"
}

# kube runs kubectl as the administrator; it works before up has found the binaries, too.
kube() { within_cluster "$root/bin/k8s/kubectl" --kubeconfig "$kubeconfig" --request-timeout 5s "$@"; }

# component NAME is the real path of a binary, so that the cluster lives on when the clone is moved.
component() { readlink -f "$bin/$1"; }

start_all() {
  log "starting the cluster in $dir"
  make_cgroups
  make_network
  start_etcd
  start_apiserver
  start_containerd
  require containerd 30 "containerd's answer" ctr_images list -q
  import_image "$pause_tar" >"$dir/log/pause-image.log" 2>&1 ||
    { cat "$dir/log/pause-image.log" >&2; die "containerd did not take the pause image $pause_tar"; }
  require kube-apiserver 90 "the API server's readiness" kube get --raw /readyz
  start_controllers
  start_node
  storage
  require kubelet 90 "the node's readiness" node_ready
  require kube-controller-manager 60 "the default ServiceAccount" kube get serviceaccount default --namespace default
  require kube-proxy 60 "the API server's Service address" service_answers
  : >"$dir/up"
}

make_network() {
  ip link add "$CLUSTER_BRIDGE" type bridge
  ip link set "$CLUSTER_BRIDGE" alias "$cluster_id"
  ip address add "$gateway/24" dev "$CLUSTER_BRIDGE"
  ip link set "$CLUSTER_BRIDGE" up
  echo 1 >/proc/sys/net/ipv4/ip_forward
  firewall_rules | nft -f -
}

# start_etcd listens on sockets in the run folder, which only root can enter: etcd asks nobody for a password.
start_etcd() {
  start etcd "$(component etcd)" --data-dir "$dir/etcd" \
    --listen-client-urls "unix://$dir/run/etcd.sock" --advertise-client-urls "unix://$dir/run/etcd.sock" \
    --listen-peer-urls "unix://$dir/run/etcd-peer.sock" --initial-advertise-peer-urls "unix://$dir/run/etcd-peer.sock" \
    --initial-cluster "default=unix://$dir/run/etcd-peer.sock" --unsafe-no-fsync
}

# start_apiserver listens on the bridge: Pods and this machine reach it, other machines do not.
start_apiserver() {
  start kube-apiserver "$(component kube-apiserver)" --etcd-servers "unix://$dir/run/etcd.sock" \
    --bind-address "$gateway" --advertise-address "$gateway" --secure-port "$api_port" --cert-dir "$dir/pki/generated" \
    --tls-cert-file "$dir/pki/kube-apiserver.crt" --tls-private-key-file "$dir/pki/kube-apiserver.key" \
    --service-account-issuer https://kubernetes.default.svc --service-account-key-file "$dir/pki/service-account.key" \
    --service-account-signing-key-file "$dir/pki/service-account.key" --service-cluster-ip-range "$CLUSTER_SERVICE_NET" \
    --token-auth-file "$dir/pki/tokens.csv" --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
    --allow-privileged --kubelet-preferred-address-types InternalIP --kubelet-certificate-authority "$dir/pki/ca.crt" \
    --kubelet-client-certificate "$dir/pki/kubelet-client.crt" --kubelet-client-key "$dir/pki/kubelet-client.key"
}

start_containerd() {
  local name proxies=()
  # For images that Pods pull through a proxy. No other component may use one: they speak to addresses of this machine.
  for name in HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy; do
    if [[ ${!name:-} ]]; then proxies+=("$name=${!name}"); fi
  done
  start containerd ${proxies[@]+"${proxies[@]}"} containerd --config "$dir/containerd.toml"
}

start_controllers() {
  start kube-controller-manager "$(component kube-controller-manager)" --kubeconfig "$dir/controllers.kubeconfig" \
    --authentication-kubeconfig "$dir/controllers.kubeconfig" --authorization-kubeconfig "$dir/controllers.kubeconfig" \
    --service-account-private-key-file "$dir/pki/service-account.key" --root-ca-file "$dir/pki/ca.crt" \
    --use-service-account-credentials --leader-elect=false --bind-address 127.0.0.1 --secure-port "$controllers_port"
  start kube-scheduler "$(component kube-scheduler)" --kubeconfig "$dir/scheduler.kubeconfig" \
    --authentication-kubeconfig "$dir/scheduler.kubeconfig" --authorization-kubeconfig "$dir/scheduler.kubeconfig" \
    --leader-elect=false --bind-address 127.0.0.1 --secure-port "$scheduler_port"
}

start_node() {
  start kubelet "$(component kubelet)" --config "$dir/kubelet.yaml" --kubeconfig "$dir/node.kubeconfig" \
    --hostname-override "$node_name" --node-ip "$gateway" --root-dir "$dir/kubelet" --cert-dir "$dir/pki/generated"
  : >"$dir/owns-kube-proxy-tables"
  start kube-proxy "$(component kube-proxy)" --config "$dir/kube-proxy.yaml"
}

storage() {
  mkdir -p "$dir"/volumes/{1..8}
  chmod 0777 "$dir"/volumes/{1..8}
  storage_manifests | kube apply --server-side -f - >"$dir/log/storage.log" 2>&1 ||
    { cat "$dir/log/storage.log" >&2; die "the API server did not take the volumes"; }
}

node_ready() {
  [[ $(kube get node "$node_name" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}{.spec.taints}') == True ]]
}

service_answers() { kube --server "https://$kubernetes_ip" get --raw /readyz; }

ready() {
  running && kube get --raw /readyz >/dev/null 2>&1 && node_ready 2>/dev/null && service_answers >/dev/null 2>&1
}

ctr_images() { within_cluster ctr --connect-timeout 2s --address "$dir/containerd/containerd.sock" --namespace k8s.io images "$@"; }

import_image() { ctr_images import "$1"; }
