#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Runs the four ready pipelines on a real Kubernetes, on a recording of 30 s that ffmpeg's test sources make, and opens every
# output. As root: it brings up the local cluster, and takes it down again.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: test.sh

Environment:
  IMG, MEDIA_IMG       the two images (meeting-recording-operator:dev, meeting-recording-operator-media:dev), which are built and loaded
  PIPELINES_FILE_PORT  port at which the recorded file is served to the Pods (18091)
  PIPELINES_HOOK_PORT  port of 127.0.0.1 at which the webhooks are sent (18081)
  PIPELINES_EVENT_PORT port at which the events of `postprocess notify` are received (18092)
  PIPELINES_ENGINE_PORT port at which an engine for speech recognition listens (18093)
  PIPELINES_KEEP       1 leaves the cluster up, to look around
USAGE
}

case ${1:-} in
  '') ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=hack/env.sh
source "$root/hack/env.sh"
state=$root/bin/pipelines
namespace=meeting-recordings
system=meeting-recording-system
img=${IMG:-meeting-recording-operator:dev}
media_img=${MEDIA_IMG:-meeting-recording-operator-media:dev}
file_port=${PIPELINES_FILE_PORT:-18091}
hook_port=${PIPELINES_HOOK_PORT:-18081}
event_port=${PIPELINES_EVENT_PORT:-18092}
engine_port=${PIPELINES_ENGINE_PORT:-18093}

step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
log() { printf '%s\n' "$*" >&2; }
die() { log "test-pipelines: $*"; exit 1; }

# shellcheck source=hack/demo/lib/clusters.sh
source "$here/../demo/lib/clusters.sh"
# shellcheck source=hack/demo/lib/processes.sh
source "$here/../demo/lib/processes.sh"
# shellcheck source=hack/demo/lib/story.sh
source "$here/../demo/lib/story.sh"

finish() {
  stop_processes
  stop receiver
  stop engine
  if [[ ${PIPELINES_KEEP:-0} != 1 ]]; then "$root/hack/cluster/cluster.sh" down; fi
}

bring_up_cluster() {
  "$root/hack/packages.sh" media speech cluster
  IMG=$img MEDIA_IMG=$media_img "$root/hack/images/build.sh" operator media &
  local building=$!
  "$root/hack/cluster/cluster.sh" up
  wait "$building" || die "the images could not be built"
  KUBECONFIG=$("$root/hack/cluster/cluster.sh" kubeconfig)
  export KUBECONFIG
  "$root/hack/cluster/cluster.sh" load-image "$root/bin/images/operator.tar" "$root/bin/images/media.tar"
}

# make_recording makes the recorded file: two seconds black and silent, then pictures and a tone.
make_recording() {
  ffmpeg -hide_banner -nostdin -loglevel error -y \
    -f lavfi -i "testsrc2=size=640x360:rate=25:duration=30,drawbox=t=fill:c=black:enable='lt(t,2)'" \
    -f lavfi -i "sine=frequency=440:sample_rate=48000:duration=30,volume=0:enable='lt(t,2)'" \
    -c:v libx264 -preset veryfast -g 50 -pix_fmt yuv420p -c:a aac -shortest "$state/recording.mp4"
}

# source_patch PIPELINE STEPS lets the steps fetch from this machine.
source_patch() {
  local i flag
  printf '  - target: {kind: RecordingPipeline, name: %s}\n    patch: |\n' "$1"
  for ((i = 0; i < $2; i++)); do
    for flag in "--allowed-host=$host:$file_port" --allow-http --allow-private-addresses; do
      printf '      - {op: add, path: /spec/steps/%d/template/spec/template/spec/containers/0/args/-, value: "%s"}\n' "$i" "$flag"
    done
  done
}

# notify_patch lets the step notify of the pipeline for speech tell this machine.
notify_patch() {
  printf '      - {op: add, path: /spec/steps/3/template/spec/template/spec/containers/0/args, value: [--allow-http, --allow-private-addresses]}\n'
}

# engine_patch lets the step transcribe of the pipeline for transcripts ask this machine: the last argument counts.
engine_patch() {
  printf '  - target: {kind: RecordingPipeline, name: meeting-recording-transcript}\n    patch: |\n'
  printf '      - {op: add, path: /spec/steps/2/template/spec/template/spec/containers/0/args/-, value: "--engine-url=http://%s:%s/v1/audio/transcriptions"}\n' "$host" "$engine_port"
}

# write_overlay takes the place of the demo's.
write_overlay() {
  mkdir -p "$state/overlay"
  cp "$state/public.pem" "$state/overlay/"
  {
    cat <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../../../config/default, ../../../config/pipelines, ../../../config/pipelines/web, ../../../config/pipelines/speech, ../../../config/pipelines/transcript]
secretGenerator:
  - name: test-videosdk
    namespace: $system
    files: [public.pem]
  - name: meeting-recording-notify
    namespace: $namespace
    literals: ["NOTIFY_URL=http://$host:$event_port/events", "NOTIFY_SECRET=$secret"]
    options: {disableNameSuffixHash: true}
images:
  - {name: meeting-recording-operator, newName: "${img%:*}", newTag: "${img##*:}"}
  - {name: meeting-recording-operator-media, newName: "${media_img%:*}", newTag: "${media_img##*:}"}
patches:
  - target: {kind: Deployment, name: meeting-recording-operator}
    patch: |
      - op: replace
        path: /spec/template/spec/initContainers/0/args
        value: [--spool-dir=/var/spool/sidecar, --namespace=$namespace, --public-key-file=/etc/videosdk/public.pem]
      - op: add
        path: /spec/template/spec/initContainers/0/volumeMounts/-
        value: {name: videosdk, mountPath: /etc/videosdk, readOnly: true}
      - op: add
        path: /spec/template/spec/volumes/-
        value: {name: videosdk, secret: {secretName: test-videosdk}}
  - target: {kind: NetworkPolicy, name: meeting-recording-jobs}
    patch: |
      - {op: add, path: /spec/egress/-, value: {ports: [{port: $file_port}, {port: $event_port}, {port: $engine_port}]}}
YAML
    source_patch meeting-recording-archive 1
    source_patch meeting-recording-web 4
    source_patch meeting-recording-speech 3
    notify_patch
    source_patch meeting-recording-transcript 2
    engine_patch
  } >"$state/overlay/kustomization.yaml"
}

receive_events() {
  go build -C "$root" -o "$state/check" ./hack/pipelines/check
  rm -f "$state/events"
  start receiver "$state/check" receive -listen "$host:$event_port" -secret "$secret" -out "$state/events"
  await 10 "the receiver at $host:$event_port (see $state/receiver.log)" reachable "$host" "$event_port"
  start engine "$state/check" engine -listen "$host:$engine_port"
  await 10 "the engine at $host:$engine_port (see $state/engine.log)" reachable "$host" "$engine_port"
}

send() {
  "$state/kubectl-recording" simulate webhook "$@" --key-dir "$state" --url "http://127.0.0.1:$hook_port/webhooks/videosdk"
}

record() {
  session=$(openssl rand -hex 12)
  local path=/encoded/videos/$session.mp4
  cp "$state/recording.mp4" "$state/files$path"
  local id=(--meeting jvsg-8rjn-j304 --session "$session")
  send recording-started "${id[@]}"
  send recording-stopped "${id[@]}" --file-path "$path" --file-url "http://$host:$file_port$path"
}

# volume_folder prints the folder of this machine that the volume of a claim is.
volume_folder() {
  local volume
  volume=$(kubectl -n "$namespace" get pvc "$1" -o jsonpath='{.spec.volumeName}')
  kubectl get pv "$volume" -o jsonpath='{.spec.hostPath.path}'
}

open_outputs() {
  local recording=jvsg-8rjn-j304-$session
  kubectl -n "$namespace" wait "mrec/$recording" --for=condition=Ready --timeout=600s || {
    kubectl -n "$namespace" describe "mrec/$recording" >&2
    kubectl -n "$namespace" get jobs,pods >&2
    explain_pods
    die "the recording was not processed"
  }
  run kubectl -n "$namespace" get "mrec/$recording" -o yaml
  kubectl -n "$namespace" get "mrec/$recording" -o json >"$state/recording.json"
  printf '\n'
  "$state/check" outputs -archive "$(volume_folder meeting-recording-archive)" -want "$(paste -sd, "$here/outputs.txt")" <"$state/recording.json"
  [[ $(wc -l <"$state/events") == 1 ]] || die "one event was to come, and there are: $(cat "$state/events")"
  grep -q "$session" "$state/events" || die "the event does not name the recording: $(cat "$state/events")"
  printf '\nThe event:\n'
  cat "$state/events"
}

started=$SECONDS
if "$root/hack/cluster/cluster.sh" status >/dev/null 2>&1; then die "a local cluster is running: take it down first (hack/cluster/cluster.sh down)"; fi
rm -rf "$state"
mkdir -p "$state"
secret=whsec_$(openssl rand -base64 32)
trap finish EXIT

step "A Kubernetes and the two images ($img, $media_img)"
bring_up_cluster

step "The operator with its four ready pipelines"
make_keys
make_recording
serve_file local
receive_events
install_operator
kubectl -n "$namespace" wait rpipe --all --for=condition=Ready --timeout=60s
forward_webhooks

step "A recording of 30 s"
record

step "What the pipelines made"
open_outputs
log ""
log "test-pipelines: all of it in $((SECONDS - started))s"
