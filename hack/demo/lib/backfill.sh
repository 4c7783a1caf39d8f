# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # demo.sh sets the variables
#
# Backfill: a recording whose webhooks are never sent, and a stand-in of the provider's REST API that lists it.

# make_account makes the API key and its secret.
make_account() {
  go build -C "$root" -o "$state/restapi" ./hack/demo/restapi
  mkdir -p "$state/account"
  [[ -e $state/account/key ]] || openssl rand -hex 16 >"$state/account/key"
  [[ -e $state/account/secret ]] || openssl rand -hex 32 >"$state/account/secret"
}

# serve_account serves the REST API, and the file of the recording that it lists.
serve_account() {
  local file
  missed_session=$(openssl rand -hex 12) file=$(openssl rand -hex 12).mp4
  cp "$root/internal/simulator/recording.mp4" "$state/files/encoded/videos/$file"
  vacate restapi "$host" "$api_port" DEMO_API_PORT
  start restapi "$state/restapi" --listen "$host:$api_port" --credentials "$state/account" --meeting jvsg-8rjn-j304 --session "$missed_session" \
    --file-url "http://$host:$file_port/encoded/videos/$file"
  await 10 "the stand-in of the provider's API at $host:$api_port (see $state/restapi.log)" reachable "$host" "$api_port"
}

# show_backfill waits until backfill has found the recording, and its Jobs have succeeded.
show_backfill() {
  local recording=jvsg-8rjn-j304-$missed_session
  if ! kubectl -n "$namespace" wait "mrec/$recording" --for=create --timeout=60s >/dev/null; then
    explain_pods
    die "backfill did not find the recording"
  fi
  kubectl -n "$namespace" wait "mrec/$recording" --for=condition=Ready --timeout=120s ||
    { kubectl -n "$namespace" describe "mrec/$recording" >&2; explain_pods; die "the recording was not processed"; }
  run kubectl -n "$system" logs deployment/meeting-recording-backfill | grep -F -e "$ kubectl" -e "$recording" | cut -c1-240
  expect "the source of the recording's events" "$(of "$recording" '{.status.recording.events[*].source}')" Backfill
  expect "the state of its processing" "$(of "$recording" '{.status.processing.state}')" Succeeded
  expect "the checksum of the archived file" "$(of "$recording" '{.status.processing.steps[0].outputs[0].sha256}')" \
    "$(sha256sum "$root/internal/simulator/recording.mp4" | cut -d' ' -f1)"
  run kubectl recording -n "$namespace" get "$recording"
}
