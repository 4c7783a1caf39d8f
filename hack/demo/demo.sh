#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# A demonstration on a real Kubernetes: install the operator, play the provider, and show the processed recording.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: demo.sh up | pipelines | docs | down

  up         bring up a cluster, install the operator, send the provider's five kinds of webhook, show the outcome and the
             live events, and a recording that backfill found because its webhooks were never sent
  pipelines  the same cluster, brought up if need be: run a pipeline of four steps for two recordings, a step of it again, and
             delete a recording while its Job is at work
  docs       run the commands of the documentation's class cluster on the cluster that up brought
  down       remove what these brought

Environment:
  DEMO_CLUSTER    existing: the cluster of the current kubectl context; kind: a kind cluster, needs Docker;
                  local: a cluster of processes on this machine, needs root. Default: kind where Docker runs, else local
  IMG             the operator's image (meeting-recording-operator:dev), built and loaded, but for an existing cluster,
                  which must be able to pull it
  DEMO_FILE_HOST  for an existing cluster: the address of this machine by which its Pods reach it
  DEMO_FILE_PORT  port at which the recorded file is served to the Pods (18090)
  DEMO_API_PORT   port at which the stand-in of the provider's REST API is served to the Pods (18091)
  DEMO_HOOK_PORT  port of 127.0.0.1 at which the webhooks are sent (18080)
  DEMO_EVENTS_PORT  port of 127.0.0.1 at which live events are read (18084)
USAGE
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=hack/env.sh
source "$root/hack/env.sh"
state=$root/bin/demo
namespace=meeting-recordings
system=meeting-recording-system
img=${IMG:-meeting-recording-operator:dev}
file_port=${DEMO_FILE_PORT:-18090}
api_port=${DEMO_API_PORT:-18091}
hook_port=${DEMO_HOOK_PORT:-18080}
events_port=${DEMO_EVENTS_PORT:-18084}

step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
log() { printf '%s\n' "$*" >&2; }
die() { log "demo: $*"; exit 1; }

# shellcheck source=hack/demo/lib/clusters.sh
source "$here/lib/clusters.sh"
# shellcheck source=hack/demo/lib/processes.sh
source "$here/lib/processes.sh"
# shellcheck source=hack/demo/lib/events.sh
source "$here/lib/events.sh"
# shellcheck source=hack/demo/lib/backfill.sh
source "$here/lib/backfill.sh"
# shellcheck source=hack/demo/lib/story.sh
source "$here/lib/story.sh"
# shellcheck source=hack/demo/lib/pipelines.sh
source "$here/lib/pipelines.sh"

# prepare brings up a cluster with the operator in it, or takes the one that is up, and the way for webhooks to it.
prepare() {
  mkdir -p "$state"
  local cluster
  cluster=$(choose_cluster)
  printf '%s\n' "$cluster" >"$state/cluster"

  step "Kubernetes ($cluster) and the operator's image ($img)"
  bring_up "$cluster"
  trap stop_processes EXIT

  step "The operator, installed with kubectl apply -k"
  make_keys
  make_account
  serve_file "$cluster"
  serve_account
  install_operator

  step "The provider's webhooks, signed, over HTTP"
  forward_webhooks
}

up() {
  local started=$SECONDS
  prepare
  listen
  send_webhooks

  step "The result"
  show_outcome

  step "A recording whose webhooks were never sent"
  show_backfill
  log ""
  log "demo: done in $((SECONDS - started))s. To look around, with kubectl and its plugin:"
  log "  export ${KUBECONFIG:+KUBECONFIG=$KUBECONFIG }PATH=$state:$root/bin/k8s:\$PATH"
  tell_listening
  log "demo: remove everything with: make demo-down"
}

pipelines() {
  local started=$SECONDS
  prepare
  apply_pipeline
  run_pipeline

  step "The result"
  show_pipelines

  step "Rerun one step and those that need it"
  rerun_thumbnail

  step "Delete a recording while its Job runs"
  cancel_by_deletion
  log ""
  log "demo: done in $((SECONDS - started))s. Look around: KUBECONFIG=${KUBECONFIG:-} $root/bin/k8s/kubectl -n $namespace get mrec,rpipe"
  log "demo: remove everything with: make demo-down"
}

docs() {
  [[ -e $state/cluster ]] || die "run make demo first"
  bring_up "$(<"$state/cluster")"
  NAMESPACE=$namespace NAME=$(kubectl -n "$namespace" get mrec -l recording.meetingops.dev/meeting-id=jvsg-8rjn-j304 \
    --field-selector status.recording.state=Stopped -o jsonpath='{.items[0].metadata.name}')
  export KUBECONFIG NAMESPACE NAME
  go -C "$root" test -tags=e2e -count=1 -timeout=15m -run=TestClusterCommands ./test/docs
}

down() {
  stop_processes
  local cluster
  cluster=$(cat "$state/cluster" 2>/dev/null || choose_cluster)
  take_down "$cluster"
  rm -rf "$state"
}

case ${1:-} in
  up | pipelines | docs | down) "$1" ;;
  help | -h | --help) usage ;;
  *) usage >&2; exit 2 ;;
esac
