# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2034 # variables of settings.sh, and for the files sourced after this
#
# What a machine must have, checked before anything is started, and said plainly when it is missing.

# check_basics is what every command needs.
check_basics() {
  [[ $(uname -s) == Linux ]] || unsupported "the local cluster runs on Linux only; this is $(uname -s). Use kind there"
  ((EUID == 0)) || unsupported "the local cluster makes namespaces, mounts and firewall tables, so it needs root: sudo $0 $command"
  [[ $(cgroup_version) ]] || unsupported "no cgroups are mounted in /sys/fs/cgroup: mount them (they are in every usual Linux installation), or leave the container this runs in"
  [[ $(tracking_cgroup) ]] || unsupported "cgroup v1 lacks the pids controller, which the kubelet needs: start the kernel without cgroup_disable=pids"
  if [[ -e $dir && ! -e $mark && $(ls -A "$dir" 2>/dev/null) ]]; then
    unsupported "$dir exists and was not made by this tool, so it is left alone: give another folder in CLUSTER_DIR"
  fi
}

check_same_settings() {
  [[ $(settings_text) == "$(<"$dir/settings")" ]] && return
  log "running: $(tr '\n' ' ' <"$dir/settings")"
  log "wanted:  $(settings_text | tr '\n' ' ')"
  unsupported "a cluster with other settings is running in $dir: stop it first with $0 down"
}

# check_machine is what a start needs, once nothing of an earlier cluster is left.
check_machine() {
  check_packages
  check_bridge
  check_networks
  check_ports
  check_firewall
  check_disk
}

# cni_folder prints where the CNI plugins are: Debian, the upstream archive, Fedora.
cni_folder() {
  local folder
  for folder in /usr/lib/cni /opt/cni/bin /usr/libexec/cni; do
    if [[ -x $folder/bridge && -x $folder/host-local && -x $folder/loopback ]]; then echo "$folder"; return; fi
  done
}

check_packages() {
  "$root/hack/packages.sh" cluster || unsupported "this machine lacks programs (above)"
}

check_bridge() {
  local owner
  if [[ -e /sys/class/net/$CLUSTER_BRIDGE ]]; then
    owner=$(cat "/sys/class/net/$CLUSTER_BRIDGE/ifalias" 2>/dev/null || true)
    unsupported "the network interface $CLUSTER_BRIDGE exists${owner:+ and belongs to $owner}: stop the cluster it belongs to, or name another in CLUSTER_BRIDGE"
  fi
  if ! ip link add "$CLUSTER_BRIDGE" type bridge 2>/dev/null; then
    unsupported "cannot make a network bridge: the kernel has no bridge module, or this container may not (it needs CAP_NET_ADMIN)"
  fi
  ip link delete "$CLUSTER_BRIDGE"
}

# to_number prints an IPv4 address as a number.
to_number() {
  local a b c d
  IFS=. read -r a b c d <<<"$1"
  echo $(((a << 24) + (b << 16) + (c << 8) + d))
}

# overlap reports whether two networks A.B.C.D/N share addresses.
overlap() {
  local bits=$((${1#*/} < ${2#*/} ? ${1#*/} : ${2#*/}))
  (($(to_number "${1%/*}") >> (32 - bits) == $(to_number "${2%/*}") >> (32 - bits)))
}

check_networks() {
  local variable route
  if overlap "$CLUSTER_POD_NET" "$CLUSTER_SERVICE_NET"; then
    unsupported "CLUSTER_POD_NET=$CLUSTER_POD_NET and CLUSTER_SERVICE_NET=$CLUSTER_SERVICE_NET overlap: choose others"
  fi
  while read -r route; do
    [[ $route == */* ]] || route+=/32
    for variable in CLUSTER_POD_NET CLUSTER_SERVICE_NET; do
      if overlap "${!variable}" "$route"; then
        unsupported "this machine already uses $route, which overlaps the cluster's ${!variable}: choose another in $variable"
      fi
    done
  done < <(ip -4 route show table all | awk '{ net = ($1 ~ /^[a-z]/) ? $2 : $1 } net ~ /^[0-9.]+(\/[0-9]+)?$/ && net !~ /\/0$/ { print net }')
}

check_ports() {
  local port taken
  for port in "$api_port" "$kubelet_port" "$kubelet_health_port" "$controllers_port" "$scheduler_port" "$proxy_metrics_port" "$proxy_health_port"; do
    taken=$(ss -Hltnp "sport = :$port" 2>/dev/null | sed -n 1p)
    [[ ! $taken ]] || unsupported "TCP port $port is in use ($(awk '{ print $4, $6 }' <<<"$taken")): stop that program, or choose other ports with CLUSTER_PORT_BASE"
  done
}

check_firewall() {
  local family
  nft list tables >/dev/null 2>&1 || unsupported "nft does not work here: $(nft list tables 2>&1 | sed -n 1p)"
  for family in ip ip6; do
    if nft list table "$family" kube-proxy >/dev/null 2>&1; then
      unsupported "the nftables table '$family kube-proxy' exists: another Kubernetes runs here (stop it), or one was killed (remove it with: nft delete table $family kube-proxy)"
    fi
  done
}

check_disk() {
  local parent free
  parent=$(dirname "$dir")
  free=$(df -Pk "$parent" | awk 'NR == 2 { print $4 }')
  ((free > 1048576)) || unsupported "less than 1 GiB is free on the disk of $parent: free some, or choose another folder with CLUSTER_DIR"
}
