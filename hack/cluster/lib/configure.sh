# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # variables of settings.sh
#
# Writes the run folder: certificates, tokens, kubeconfigs and the components' configuration.

make_run_folder() {
  mkdir -p "$dir"
  : >"$mark"
  chmod 0700 "$dir"
  mkdir -p "$dir"/{run,log,pki,cni,containerd,volumes}
  settings_text >"$dir/settings"
  note_shared_folders
  save_sysctls
  make_certificates
  make_kubeconfigs
  containerd_config >"$dir/containerd.toml"
  cni_config >"$dir/cni/10-$cluster_id.conflist"
  kubelet_config >"$dir/kubelet.yaml"
  proxy_config >"$dir/kube-proxy.yaml"
}

# make_certificates makes a certificate authority and what it signs: the API server's and the kubelet's serving certificates,
# and the certificate by which the kubelet knows the API server.
make_certificates() {
  local key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
  (
    cd "$dir/pki"
    umask 077
    openssl req -x509 "${key[@]}" -keyout ca.key -out ca.crt -subj "/CN=$cluster_id" -days 3650
    openssl ecparam -name prime256v1 -genkey -noout -out service-account.key
    certificate kube-apiserver /CN=kube-apiserver serverAuth \
      "IP:$gateway,IP:$kubernetes_ip,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
    certificate kubelet "/CN=system:node:$node_name" serverAuth "IP:$gateway,DNS:$node_name"
    certificate kubelet-client /CN=kube-apiserver-kubelet-client clientAuth ""
  ) >"$dir/log/openssl.log" 2>&1 || { cat "$dir/log/openssl.log" >&2; die "openssl could not make the certificates"; }
}

certificate() {
  local name=$1 subject=$2 usage=$3 names=$4
  openssl req "${key[@]}" -keyout "$name.key" -out "$name.csr" -subj "$subject"
  printf 'extendedKeyUsage=%s\n%s\n' "$usage" "${names:+subjectAltName=$names}" >"$name.ext"
  openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -out "$name.crt" -extfile "$name.ext"
}

# make_kubeconfigs gives every user of the API a random token, and the rights that Kubernetes's own RBAC roles have for its name.
make_kubeconfigs() {
  local name user group token
  umask 077
  : >"$dir/pki/tokens.csv"
  while read -r name user group; do
    token=$(openssl rand -hex 32)
    printf '%s,%s,%s,"%s"\n' "$token" "$user" "$user" "$group" >>"$dir/pki/tokens.csv"
    kubeconfig_text "$user" "$token" >"$dir/$name"
  done <<USERS
kubeconfig local-admin system:masters
node.kubeconfig system:node:$node_name system:nodes
controllers.kubeconfig system:kube-controller-manager
scheduler.kubeconfig system:kube-scheduler
proxy.kubeconfig system:kube-proxy
USERS
  umask 022
}

kubeconfig_text() {
  cat <<KUBECONFIG
apiVersion: v1
kind: Config
clusters:
- name: meeting-recording-local
  cluster:
    server: $api_url
    certificate-authority-data: $(base64 -w0 <"$dir/pki/ca.crt")
users:
- name: $1
  user:
    token: $2
contexts:
- name: meeting-recording-local
  context:
    cluster: meeting-recording-local
    user: $1
current-context: meeting-recording-local
KUBECONFIG
}

# containerd_config keeps everything that can be kept there in the run folder. It is written for containerd 1.6 and read by later ones
# too, which skip or convert what they do not know.
containerd_config() {
  local snapshotter=overlayfs
  # An overlay does not stack on an overlay, which is what a container's own file system is.
  if [[ $(stat -f -c %T "$(dirname "$dir")") == overlayfs ]]; then snapshotter=native; fi
  cat <<TOML
version = 2
root = "$dir/containerd/root"
state = "$dir/containerd/state"
[grpc]
  address = "$dir/containerd/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "$dir/containerd/opt"
[plugins."io.containerd.nri.v1.nri"]
  disable = true
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$pause_image"
  netns_mounts_under_state_dir = true
  # Root in a container often lacks CAP_SYS_RESOURCE and cannot lower this; every sandbox would fail.
  restrict_oom_score_adj = true
  # Its profile would stay in the kernel after the cluster.
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "$snapshotter"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        Root = "$dir/containerd/runc"
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$(cni_folder)"
    conf_dir = "$dir/cni"
TOML
}

cni_config() {
  cat <<JSON
{
  "cniVersion": "0.4.0",
  "name": "$cluster_id",
  "plugins": [{
    "type": "bridge",
    "bridge": "$CLUSTER_BRIDGE",
    "isDefaultGateway": true,
    "hairpinMode": true,
    "ipam": {"type": "host-local", "dataDir": "$dir/cni-addresses", "ranges": [[{"subnet": "$CLUSTER_POD_NET"}]]}
  }]
}
JSON
}

kubelet_config() {
  local resolver=/etc/resolv.conf
  # Where systemd-resolved runs, /etc/resolv.conf names 127.0.0.53, which no Pod can reach; this is the list behind it.
  if [[ -e /run/systemd/resolve/resolv.conf ]]; then resolver=/run/systemd/resolve/resolv.conf; fi
  cat <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $gateway
port: $kubelet_port
healthzBindAddress: 127.0.0.1
healthzPort: $kubelet_health_port
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: false}
  x509: {clientCAFile: $dir/pki/ca.crt}
authorization: {mode: AlwaysAllow}
tlsCertFile: $dir/pki/kubelet.crt
tlsPrivateKeyFile: $dir/pki/kubelet.key
containerRuntimeEndpoint: unix://$dir/containerd/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /$cluster_id
enforceNodeAllocatable: []
failCgroupV1: false
failSwapOn: false
makeIPTablesUtilChains: false
resolvConf: $resolver
podLogsDir: $dir/pod-logs
volumePluginDir: $dir/volume-plugins
# A small or full disk must not evict Pods or remove images that cannot be pulled again.
evictionHard: {memory.available: "1Mi", nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%", imagefs.inodesFree: "0%"}
imageGCHighThresholdPercent: 100
YAML
}

proxy_config() {
  cat <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clusterCIDR: $CLUSTER_POD_NET
hostnameOverride: $node_name
bindAddress: $gateway
healthzBindAddress: 127.0.0.1:$proxy_health_port
metricsBindAddress: 127.0.0.1:$proxy_metrics_port
clientConnection: {kubeconfig: $dir/proxy.kubeconfig}
# All Pods are on one bridge: without this a Pod would answer another directly, past the translation of the Service's address.
nftables: {masqueradeAll: true}
# The machine's connection tracking is not ours to size.
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
YAML
}

# firewall_rules lets Pods reach what lies outside the machine, from the machine's address.
firewall_rules() {
  cat <<NFT
table ip $cluster_id {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr $CLUSTER_POD_NET ip daddr != { $CLUSTER_POD_NET, $CLUSTER_SERVICE_NET } masquerade
  }
}
NFT
}

# storage_manifests is a default StorageClass, as kind has one, with a few volumes in the run folder that any user can write to.
storage_manifests() {
  local i
  cat <<YAML
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: standard
  annotations: {storageclass.kubernetes.io/is-default-class: "true"}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
YAML
  for i in 1 2 3 4 5 6 7 8; do
    cat <<YAML
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: local-$i}
spec:
  storageClassName: standard
  capacity: {storage: 10Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  hostPath: {path: $dir/volumes/$i, type: Directory}
YAML
  done
}
