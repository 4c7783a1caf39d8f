# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # demo.sh sets the variables
#
# Live events: a stream of the events server that is open while the webhooks are sent, and what it told.

# write_viewer writes a ServiceAccount that may see the recordings of the namespace, and nothing else.
write_viewer() {
  cat >"$state/overlay/viewer.yaml" <<YAML
apiVersion: v1
kind: ServiceAccount
metadata: {name: demo-viewer, namespace: $namespace}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: demo-viewer, namespace: $namespace}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: meeting-recording-viewer}
subjects: [{kind: ServiceAccount, name: demo-viewer, namespace: $namespace}]
YAML
}

# listen opens the stream, and returns once it has reported the present state, after which come changes.
listen() {
  kubectl -n "$system" rollout status deployment/meeting-recording-events --timeout=120s ||
    { explain_pods; die "the events server did not become ready"; }
  command -v curl >/dev/null || die "curl is missing: install the package curl"
  start events-port-forward "$root/bin/k8s/kubectl" -n "$system" port-forward service/meeting-recording-events "$events_port:80"
  await 20 "the way to the events server (see $state/events-port-forward.log)" reachable 127.0.0.1 "$events_port"
  # By a file, so that the token is not among the arguments, which everybody on the machine can read.
  (umask 077 && printf 'Authorization: Bearer %s\n' "$(kubectl -n "$namespace" create token demo-viewer --audience=meeting-recording-events)" >"$state/viewer")
  start stream curl -sSN --fail-with-body -H "@$state/viewer" "http://127.0.0.1:$events_port/events?namespace=$namespace"
  await 30 "the stream of live events (see $state/stream.log)" grep -qx 'event: ready' "$state/stream.log"
}

# told RECORDING prints what the stream reported it, a line for each event: its name, and the state or the output's name.
told() {
  awk -v recording="$1" '
    /^event: / { event = $2 }
    /^data: / && index($0, "{\"recording\":{\"name\":\"" recording "\"") {
      what = ""
      sub(/"recording":\{[^}]*\},/, "")
      if (match($0, /"(status|state)":"[^"]*"/) || match($0, /"name":"[^"]*"/)) {
        what = substr($0, RSTART, RLENGTH)
        sub(/^"[a-z]*":"/, "", what)
        sub(/"$/, "", what)
      }
      print event, what
    }' "$state/stream.log"
}

ended() { told "$1" | grep -x 'processingStateChanged Succeeded' >/dev/null; }

# show_stream RECORDING shows what the stream reported it, which must be all of its life, in order.
show_stream() {
  local deadline=$((SECONDS + 20)) wanted
  until ended "$1" || ((SECONDS > deadline)); do sleep 0.2; done # what lacks is told below
  # shellcheck disable=SC2016 # the reader's TOKEN
  printf '\nThe stream about this recording:\n$ curl -N -H "Authorization: Bearer $TOKEN" %s\n' \
    "'http://127.0.0.1:$events_port/events?namespace=$namespace'"
  awk -v recording="$1" '
    /^id: / { id = $0 }
    /^event: / { event = $0 }
    /^data: / && index($0, "{\"recording\":{\"name\":\"" recording "\"") { print id; print event; print $0; print "" }' "$state/stream.log"
  wanted=('recordingStateChanged RECORDING_STARTING' 'recordingStateChanged RECORDING_STARTED' 'recordingStateChanged RECORDING_STOPPING'
    'recordingStateChanged RECORDING_STOPPED' 'processingStateChanged Running' 'outputReady *' 'processingStateChanged Succeeded')
  local i=0 line
  while ((i < ${#wanted[@]})) && read -r line; do
    # shellcheck disable=SC2053 # a pattern
    if [[ $line == ${wanted[i]} ]]; then i=$((i + 1)); fi
  done < <(told "$1")
  ((i == ${#wanted[@]})) || die "the stream of live events lacks \"${wanted[i]}\" in its place. About $1 it has:"$'\n'"$(told "$1")"$'\n'"See $state/stream.log, and kubectl -n $system logs deployment/meeting-recording-events"
}

# tell_listening prints how to see live events oneself.
tell_listening() {
  local kubectl="$root/bin/k8s/kubectl${KUBECONFIG:+ --kubeconfig $KUBECONFIG}"
  log "demo: to follow live events of further webhooks (the page at http://127.0.0.1:$events_port/ accepts the same token):
  $kubectl -n $system port-forward service/meeting-recording-events $events_port:80 &
  TOKEN=\$($kubectl -n $namespace create token demo-viewer --audience=meeting-recording-events)
  curl -N -H \"Authorization: Bearer \$TOKEN\" 'http://127.0.0.1:$events_port/events?namespace=$namespace'"
}
