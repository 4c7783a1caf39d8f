#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# A real single-node Kubernetes on this machine, without Docker: see docs/how-to/local-cluster.md.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: cluster.sh COMMAND

  up                   start the cluster and wait until Pods can run; nothing to do when it is running already
  down                 stop it and remove every trace of it, its data included; nothing to do when there is none
  load-image FILE...   load container images from docker-archive or OCI tar files
  status               tell what is running; exit code 0 only when all of it works
  kubeconfig           print the path of the administrator's kubeconfig

Environment:
  CLUSTER_DIR          run folder, removed by down     (/var/lib/meeting-recording-cluster)
  CLUSTER_POD_NET      addresses of Pods, A.B.C.0/24   (10.244.0.0/24)
  CLUSTER_SERVICE_NET  addresses of Services, A.B.0.0/16  (10.96.0.0/16)
  CLUSTER_PORT_BASE    first of ten TCP ports          (16440)
  CLUSTER_BRIDGE       name of the network bridge      (mrcluster0)
  CLUSTER_KEEP         1 keeps what a failed up started, to look at

Exit codes: 1 it failed, 2 wrong usage, 3 this machine or these settings cannot work as they are (what to do is said).
USAGE
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=hack/cluster/lib/settings.sh
source "$here/lib/settings.sh"
# shellcheck source=hack/cluster/lib/process.sh
source "$here/lib/process.sh"
# shellcheck source=hack/cluster/lib/preflight.sh
source "$here/lib/preflight.sh"
# shellcheck source=hack/cluster/lib/clean.sh
source "$here/lib/clean.sh"
# shellcheck source=hack/cluster/lib/configure.sh
source "$here/lib/configure.sh"
# shellcheck source=hack/cluster/lib/start.sh
source "$here/lib/start.sh"

up() {
  check_basics
  lock
  if running; then
    check_same_settings
    if await 30 ready; then
      log "the cluster is running: KUBECONFIG=$kubeconfig"
      return
    fi
  fi
  if [[ -e $dir || $(our_pids) ]]; then
    log "cleaning up what an earlier cluster left"
    clean
  fi
  check_machine
  trap abandon EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  local started=$SECONDS
  provide_programs
  make_run_folder
  start_all
  trap - EXIT
  log "the cluster is up after $((SECONDS - started))s: KUBECONFIG=$kubeconfig"
}

# abandon is what a failed or interrupted up does at its end.
abandon() {
  local status=$?
  trap '' INT TERM HUP
  trap - EXIT
  if [[ $CLUSTER_KEEP == 1 ]]; then
    log "up failed; kept as it is in $dir (CLUSTER_KEEP=1). Remove it with: $0 down"
  else
    log "up failed: removing what it started (CLUSTER_KEEP=1 keeps it)"
    clean || true
  fi
  exit "$status"
}

down() {
  check_basics
  lock
  if [[ ! -e $dir && ! $(our_pids) ]]; then
    log "no cluster in $dir"
    return
  fi
  clean
  log "the cluster is gone"
}

load_image() {
  (($# > 0)) || { usage >&2; exit 2; }
  check_basics
  alive containerd || die "no cluster is running in $dir: start it with $0 up"
  local file
  for file in "$@"; do
    [[ -r $file ]] || die "cannot read the image file $file"
    import_image "$file" >&2 || die "containerd did not take $file: it must be a docker-archive or OCI tar file"
  done
}

status() {
  check_basics
  local name result=0
  for name in "${components[@]}"; do
    if alive "$name"; then
      printf '%-24s running, pid %s\n' "$name" "$(<"$dir/run/$name.pid")"
    else
      printf '%-24s not running\n' "$name"
      result=1
    fi
  done
  if ((result == 0)) && ready; then
    printf '%-24s ready\nKUBECONFIG=%s\n' "node $node_name" "$kubeconfig"
  else
    printf '%-24s not ready\n' "cluster"
    result=1
  fi
  return "$result"
}

command=${1:-}
if (($# > 0)); then shift; fi
case $command in
  load-image) load_image "$@" ;;
  up | down | status | kubeconfig)
    (($# == 0)) || { usage >&2; exit 2; }
    if [[ $command == kubeconfig ]]; then printf '%s\n' "$kubeconfig"; else "$command"; fi
    ;;
  help | -h | --help) usage ;;
  *) usage >&2; exit 2 ;;
esac
