# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # variables of settings.sh
#
# Removes every trace of a cluster, whatever state it is in: running, half started, killed, or from before a restart of the machine.

clean() {
  local problems=0
  kill_all || problems=1
  clean_network || problems=1
  clean_mounts || problems=1
  clean_shared_folders
  restore_sysctls
  remove_cgroups || problems=1
  if ((problems)); then die "some of the cluster is still there (above): run \"$0 down\" again, or restart the machine and then run it"; fi
  [[ -d $dir ]] || return 0
  # Nothing is mounted below it any more, so this cannot reach what a Pod had mounted. The mark goes last: until then a later
  # call knows the folder as ours.
  find "$dir" -mindepth 1 -maxdepth 1 ! -path "$mark" -exec rm -rf --one-file-system {} +
  rm -f "$mark"
  rmdir "$dir" || problems=1
  return "$problems"
}

# clean_network removes the Pods' interfaces, the bridge and the firewall tables that are marked as this cluster's.
clean_network() {
  local bridge link table
  command -v ip >/dev/null || return 0
  bridge=$(recorded bridge)
  bridge=${bridge:-$CLUSTER_BRIDGE}
  if bridge_is_ours "$bridge"; then
    for link in $(ip -o link show master "$bridge" | sed -E 's/^[0-9]+: ([^@:]+).*/\1/'); do
      ip link delete "$link" 2>/dev/null || true # gone by itself with its Pod's network namespace
    done
    ip link delete "$bridge" || return 1
  fi
  command -v nft >/dev/null || return 0
  local tables=("ip $cluster_id")
  if [[ -e $dir/owns-kube-proxy-tables ]]; then tables+=("ip kube-proxy" "ip6 kube-proxy"); fi
  for table in "${tables[@]}"; do
    # shellcheck disable=SC2086 # family and name
    if nft list table $table >/dev/null 2>&1; then nft delete table $table || return 1; fi
  done
}

bridge_is_ours() { [[ $(cat "/sys/class/net/$1/ifalias" 2>/dev/null) == "$cluster_id" ]]; }

# clean_mounts unmounts everything below the run folder, innermost first.
clean_mounts() {
  local point
  for _ in {1..5}; do
    [[ $(our_mounts) ]] || return 0
    while read -r point; do umount -l "$(printf '%b' "$point")" 2>/dev/null || true; done < <(our_mounts | sort -r)
  done
  log "still mounted: $(our_mounts | tr '\n' ' ')"
  return 1
}

our_mounts() { awk -v prefix="$dir/" 'index($5, prefix) == 1 { print $5 }' /proc/self/mountinfo; }

# clean_shared_folders removes what containerd, the CNI plugins and the kubelet put into folders whose place cannot be set.
clean_shared_folders() {
  local file id
  for file in "$dir"/containerd/state/io.containerd.runtime.v2.task/*/*/address; do
    [[ -f $file ]] || continue
    file=$(<"$file")
    case $file in unix:///run/containerd/s/*) rm -f "${file#unix://}" ;; esac
  done
  for file in /var/lib/cni/results/"$cluster_id"-*; do
    [[ -e $file ]] || continue
    id=${file##*/"$cluster_id"-}
    id=${id%-eth0}
    rm -f "$file" "/var/lib/cni/results/cni-loopback-$id-lo"
  done
  for file in /var/log/containers/*; do
    if [[ -L $file && $(readlink "$file") == "$dir"/* ]]; then rm -f "$file"; fi
  done
  # Only folders that were not there before up, and only once they are empty; a socket of the dead kubelet does not count.
  if [[ -f $dir/folders-made ]]; then
    if grep -qx /var/lib/kubelet "$dir/folders-made"; then rm -f /var/lib/kubelet/device-plugins/kubelet{.sock,_internal_checkpoint}; fi
    while read -r file; do
      if [[ -d $file ]]; then find "$file" -depth -type d -exec rmdir {} + 2>/dev/null || true; fi
    done <"$dir/folders-made"
  fi
}

# note_shared_folders records which of those folders are absent before the cluster starts.
note_shared_folders() {
  local folder
  for folder in /run/containerd /var/lib/cni /var/log/containers /var/log/pods /var/lib/kubelet; do
    [[ -e $folder ]] || echo "$folder"
  done >"$dir/folders-made"
}

# The kubelet and we change these kernel settings.
sysctls=(net/ipv4/ip_forward vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops
  kernel/keys/root_maxkeys kernel/keys/root_maxbytes)

save_sysctls() {
  local name
  for name in "${sysctls[@]}"; do
    if [[ -r /proc/sys/$name ]]; then echo "$name $(<"/proc/sys/$name")"; fi
  done >"$dir/sysctls"
}

restore_sysctls() {
  local name value
  [[ -f $dir/sysctls ]] || return 0
  while read -r name value; do
    [[ $(<"/proc/sys/$name") == "$value" ]] || echo "$value" >"/proc/sys/$name" || log "could not set $name back to $value"
  done <"$dir/sysctls"
}
