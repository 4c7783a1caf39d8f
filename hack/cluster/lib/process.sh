# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # variables of settings.sh
#
# Every process of the cluster, its containers included, lives below one cgroup. The kernel keeps that list, so what belongs to
# the cluster is known exactly: also when up was killed, a pid was used again, or a process forked away.

# cgroup_version prints 2, 1, or nothing where there are no cgroups.
cgroup_version() {
  if [[ -f /sys/fs/cgroup/cgroup.controllers ]]; then
    echo 2
  elif [[ $(cgroup_mounts) ]]; then
    echo 1
  fi
}

# cgroup_mounts prints the mount point of every cgroup hierarchy that the kubelet uses.
cgroup_mounts() {
  if [[ -f /sys/fs/cgroup/cgroup.controllers ]]; then
    echo /sys/fs/cgroup
  else
    awk '$3 == "cgroup" { print $2 }' /proc/self/mounts
  fi
}

# tracking_cgroup prints the cgroup whose members are the cluster's processes.
tracking_cgroup() {
  if [[ -f /sys/fs/cgroup/cgroup.controllers ]]; then
    echo "/sys/fs/cgroup/$cluster_id"
  else
    awk -v id="$cluster_id" '$3 == "cgroup" && $4 ~ /(^|,)pids(,|$)/ { print $2 "/" id; exit }' /proc/self/mounts
  fi
}

# make_cgroups makes the cluster's cgroup in every hierarchy: the kubelet wants its root to exist, with all controllers.
make_cgroups() {
  local mount controller group
  for mount in $(cgroup_mounts); do mkdir -p "$mount/$cluster_id"; done
  if [[ $(cgroup_version) == 2 ]]; then
    for group in /sys/fs/cgroup "/sys/fs/cgroup/$cluster_id"; do
      for controller in $(<"$group/cgroup.controllers"); do
        # One that cannot be passed on is no loss unless it is asked for below.
        echo "+$controller" 2>/dev/null >"$group/cgroup.subtree_control" || true
      done
    done
    for controller in cpu cpuset memory pids; do
      [[ " $(<"$group/cgroup.subtree_control") " == *" $controller "* ]] ||
        unsupported "the cgroup controller $controller cannot be used here: run this outside of a container, or in a privileged one with cgroups of its own"
    done
  fi
  mkdir -p "$(tracking_cgroup)/system"
}

remove_cgroups() {
  local mount try
  while read -r mount; do
    for try in {1..50}; do
      [[ -d $mount/$cluster_id ]] || break
      # The kernel lets go of a dead process's cgroup a moment later.
      find "$mount/$cluster_id" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
    done
    if [[ -d $mount/$cluster_id ]]; then
      log "the cgroup $mount/$cluster_id could not be removed after $try tries"
      return 1
    fi
    # Also the v2 hierarchy that lies beside those of v1 on many machines: runc makes groups there, too.
  done < <(awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/self/mounts)
}

# our_pids prints the pids of all processes of the cluster.
our_pids() {
  local group
  group=$(tracking_cgroup)
  [[ $group && -d $group ]] || return 0
  find "$group" -name cgroup.procs -exec cat {} + 2>/dev/null || true
}

# kill_all ends all processes of the cluster at once. Nothing of it is kept, so there is nothing to end gently.
kill_all() {
  local pids group
  group=$(tracking_cgroup)
  for _ in {1..100}; do
    pids=$(our_pids)
    [[ $pids ]] || return 0
    if [[ -w $group/cgroup.kill ]]; then
      echo 1 >"$group/cgroup.kill"
    else
      # shellcheck disable=SC2086 # a list of numbers
      kill -KILL $pids 2>/dev/null || true
    fi
    sleep 0.1
  done
  log "these processes do not die: $(tr '\n' ' ' <<<"$pids")"
  return 1
}

# join_cluster makes this process one of the cluster's.
join_cluster() { echo "$BASHPID" >"$(tracking_cgroup)/system/cgroup.procs"; }

# within_cluster COMMAND... runs a short command as one of the cluster's processes, so that it, too, ends with down when up is killed.
within_cluster() {
  (
    join_cluster 2>/dev/null || true # there is no cluster
    exec "$@" 9<&-
  )
}

# start NAME COMMAND... runs a component in the cluster's cgroup, apart from this shell and its environment.
start() {
  local name=$1
  shift
  (
    join_cluster
    exec setsid env -i PATH="$PATH" HOME=/root "$@" </dev/null >"$dir/log/$name.log" 2>&1 9<&-
  ) &
  echo $! >"$dir/run/$name.pid"
}

# alive NAME reports whether the recorded process of a component still runs, and is not another one with the same pid.
alive() {
  local pid
  pid=$(cat "$dir/run/$1.pid" 2>/dev/null) && [[ $pid ]] || return 1
  grep -q "/$cluster_id/system\$" "/proc/$pid/cgroup" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null
}

running() {
  local name
  for name in "${components[@]}"; do alive "$name" || return 1; done
  [[ -e $dir/up ]]
}

# first_dead prints the first component that was started and has died since.
first_dead() {
  local name
  for name in "${components[@]}"; do
    if [[ -e $dir/run/$name.pid ]] && ! alive "$name"; then echo "$name"; return; fi
  done
}

# await SECONDS COMMAND... repeats COMMAND until it succeeds; it fails at once when a component has died.
await() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [[ ! $(first_dead) ]] && ((SECONDS < deadline)) || return 1
    sleep 0.2
  done
}

# require COMPONENT SECONDS WHAT COMMAND... is await for up: a failure shows the end of the log of COMPONENT, or of the one that died.
require() {
  local culprit=$1 seconds=$2 what=$3 why
  shift 3
  await "$seconds" "$@" && return
  why="within ${seconds}s"
  if [[ $(first_dead) ]]; then
    culprit=$(first_dead)
    why="because $culprit has stopped"
  fi
  log "---- end of $culprit's log ----"
  tail -n 25 "$dir/log/$culprit.log" | cut -c1-400 >&2
  log "-------------------------------"
  die "$what did not come about $why: see its log above"
}
