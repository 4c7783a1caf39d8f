# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # demo.sh sets the variables
#
# The story that the demo tells: keys, installation, two recordings, and what happened to them.

make_keys() {
  go build -C "$root" -o "$state/kubectl-recording" ./cmd/kubectl-recording
  "$state/kubectl-recording" simulate keygen --key-dir "$state" >/dev/null
  [[ -e $state/token ]] || openssl rand -hex 24 >"$state/token"
}

# write_overlay writes config/default, config/events, config/backfill and the archive's pipeline with the demo's own key, endpoint token, API key,
# file host and shorter windows.
write_overlay() {
  mkdir -p "$state/overlay"
  write_viewer
  cp "$state/public.pem" "$state/token" "$state/account/key" "$state/account/secret" "$state/overlay/"
  cat >"$state/overlay/kustomization.yaml" <<YAML
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [../../../config/default, ../../../config/events, ../../../config/backfill, ../../../config/pipelines, viewer.yaml]
secretGenerator:
  - name: demo-videosdk
    namespace: $system
    files: [public.pem, token]
  - name: videosdk-api
    namespace: $system
    files: [key, secret]
images:
  - name: meeting-recording-operator
    newName: ${img%:*}
    newTag: ${img##*:}
patches:
  - target: {kind: Deployment, name: meeting-recording-operator}
    patch: |
      - op: add
        path: /spec/template/metadata/annotations/demo
        value: "$(image_digest)"
      - op: replace
        path: /spec/template/spec/initContainers/0/args
        value:
          - --spool-dir=/var/spool/sidecar
          - --namespace=$namespace
          - --public-key-file=/etc/videosdk/public.pem
          - --endpoint-token-file=/etc/videosdk/token
          - --reorder-window=5s
      - op: add
        path: /spec/template/spec/initContainers/0/volumeMounts/-
        value: {name: videosdk, mountPath: /etc/videosdk, readOnly: true}
      - op: add
        path: /spec/template/spec/volumes/-
        value: {name: videosdk, secret: {secretName: demo-videosdk}}
      - op: add
        path: /spec/template/spec/containers/0/args/-
        value: --reorder-window=5s
  - target: {kind: Deployment, name: meeting-recording-events}
    patch: |
      - op: add
        path: /spec/template/metadata/annotations
        value: {demo: "$(image_digest)"}
  - target: {kind: Deployment, name: meeting-recording-backfill}
    patch: |
      - op: add
        path: /spec/template/metadata/annotations
        value: {demo: "$(image_digest)"}
      - op: replace
        path: /spec/template/spec/containers/0/args
        value:
          - --api-key-file=/etc/videosdk/key
          - --api-secret-file=/etc/videosdk/secret
          - --namespace=$namespace
          - --api-url=http://$host:$api_port
          - --interval=2s
          - --grace=5s
  - target: {kind: NetworkPolicy, name: meeting-recording-backfill}
    patch: |
      - op: add
        path: /spec/egress/-
        value: {ports: [{port: $api_port}]}
  - target: {kind: NetworkPolicy, name: meeting-recording-jobs}
    patch: |
      - op: add
        path: /spec/egress/-
        value: {ports: [{port: $file_port}]}
  - target: {kind: RecordingPipeline, name: meeting-recording-archive}
    patch: |
      - op: replace
        path: /spec/steps/0/template/spec/template/spec/containers/0/args
        value:
          - --destination=file:///archive
          - --allowed-host=$host:$file_port
          - --allow-http
          - --allow-private-addresses
YAML
}

# image_digest changes when the image does, so that the Pod is replaced though the image's name stays.
image_digest() {
  if [[ -e $root/bin/images/operator.tar ]]; then sha256sum <"$root/bin/images/operator.tar" | cut -c1-16; else echo none; fi
}

install_operator() {
  write_overlay
  # In one go with the pipeline, whose kind the API server must know before.
  kubectl apply -k "$root/config/crd"
  KUBECTL=$root/bin/k8s/kubectl "$root/hack/await-crds.sh"
  kubectl apply -k "$state/overlay"
  kubectl -n "$system" rollout status deployment/meeting-recording-operator --timeout=120s ||
    { explain_pods; die "the operator did not become ready"; }
  kubectl -n "$namespace" wait rpipe/meeting-recording-archive --for=condition=Ready --timeout=60s
}

explain_pods() {
  kubectl -n "$namespace" describe pods >&2 || true
  kubectl -n "$system" describe pods >&2 || true
  kubectl -n "$system" logs deployment/meeting-recording-operator --all-containers --tail=30 >&2 || true
  kubectl -n "$system" logs deployment/meeting-recording-events --tail=30 >&2 || true
  kubectl -n "$system" logs deployment/meeting-recording-backfill --tail=30 >&2 || true
}

send() {
  "$state/kubectl-recording" simulate webhook "$@" --key-dir "$state" --url "http://127.0.0.1:$hook_port/webhooks/videosdk/$(<"$state/token")"
}

# send_webhooks reports two new recordings: one that ends with a file, and one that the provider could not make.
send_webhooks() {
  session=$(openssl rand -hex 12)
  failed_session=$(openssl rand -hex 12)
  local path=/encoded/videos/$session.mp4
  cp "$root/internal/simulator/recording.mp4" "$state/files$path"
  local id=(--meeting jvsg-8rjn-j304 --session "$session")
  send recording-starting "${id[@]}"
  send recording-started "${id[@]}"
  send recording-stopping "${id[@]}"
  send recording-stopped "${id[@]}" --file-path "$path" --file-url "http://$host:$file_port$path"
  send recording-failed --meeting jvsg-8rjn-j304 --session "$failed_session"
}

show_outcome() {
  local recording=jvsg-8rjn-j304-$session failed=jvsg-8rjn-j304-$failed_session
  kubectl -n "$namespace" wait "mrec/$recording" "mrec/$failed" --for=condition=Ready --timeout=120s ||
    { kubectl -n "$namespace" describe "mrec/$recording" "mrec/$failed" >&2; explain_pods; die "the recordings were not processed"; }
  run kubectl -n "$namespace" get events.events.k8s.io --field-selector "regarding.name=$recording"
  run kubectl -n "$namespace" get jobs -l "recording.meetingops.dev/recording=$recording"
  show_file "$recording"
  show_stream "$recording"
  run kubectl -n "$namespace" get meetingrecordings
  run kubectl recording -n "$namespace" get "$recording"
}

run() {
  printf '\n$ %s\n' "$*"
  "$@"
}

# show_file RECORDING reads the archived file by a Pod of its own, and compares its checksum with the source's.
show_file() {
  local url pod=show-archive made source
  url=$(kubectl -n "$namespace" get mrec "$1" -o jsonpath='{.status.processing.steps[0].outputs[0].url}')
  [[ $url == file:///archive/* ]] || die "the recording has no archived file: $url"
  kubectl -n "$namespace" delete pod "$pod" --ignore-not-found --wait >/dev/null
  kubectl apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Pod
metadata: {name: $pod, namespace: $namespace}
spec:
  restartPolicy: Never
  dnsPolicy: Default
  automountServiceAccountToken: false
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
    - name: sha256sum
      image: $(busybox_image "$(<"$state/cluster")")
      imagePullPolicy: IfNotPresent
      command: [sha256sum, "${url#file://}"]
      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
      volumeMounts: [{name: archive, mountPath: /archive, readOnly: true}]
  volumes:
    - name: archive
      persistentVolumeClaim: {claimName: meeting-recording-archive}
YAML
  kubectl -n "$namespace" wait "pod/$pod" --for=jsonpath='{.status.phase}'=Succeeded --timeout=60s >/dev/null ||
    { kubectl -n "$namespace" logs "$pod" >&2; die "the archived file could not be read"; }
  made=$(kubectl -n "$namespace" logs "$pod" | cut -d' ' -f1)
  source=$(sha256sum "$root/internal/simulator/recording.mp4" | cut -d' ' -f1)
  kubectl -n "$namespace" delete pod "$pod" --wait=false >/dev/null
  printf '\nThe archived file: %s\n' "$url"
  kubectl -n "$namespace" get mrec "$1" -o jsonpath='  {.status.processing.steps[0].outputs[0].mediaType}, {.status.processing.steps[0].outputs[0].sizeBytes} bytes{"\n"}'
  printf '  SHA-256 of the source   %s\n  SHA-256 in the archive  %s\n  SHA-256 in the status   %s\n' "$source" "$made" \
    "$(kubectl -n "$namespace" get mrec "$1" -o jsonpath='{.status.processing.steps[0].outputs[0].sha256}')"
  [[ $made == "$source" ]] || die "the archived file differs from the source"
}
