# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # demo.sh sets the variables
#
# The story of pipelines: two recordings go through probe -> (thumbnail, archive) -> notify, one of which has no picture; then the
# thumbnail of the other is made again; then a third is deleted while a Job of it is at work.

apply_pipeline() {
  sed -e "s|@HOST@|$host:$file_port|; s|@OPERATOR@|$img|; s|@BUSYBOX@|$(busybox_image "$(<"$state/cluster")")|" "$here/publish.yaml" |
    kubectl -n "$namespace" apply -f -
  kubectl -n "$namespace" wait rpipe/publish --for=condition=Ready --timeout=60s ||
    { kubectl -n "$namespace" describe rpipe/publish >&2; die "the pipeline was not accepted"; }
}

# make_sound FILE writes two seconds of silence, as WAVE: 8 bits, 8000 Hz.
make_sound() {
  {
    printf 'RIFF\044\077\000\000WAVEfmt \020\000\000\000\001\000\001\000\100\037\000\000\100\037\000\000\001\000\010\000data\000\077\000\000'
    head -c 16128 /dev/zero | tr '\0' '\200'
  } >"$1"
}

# record SESSION FILE reports a recording of the file, which lies in the folder that is served.
record() {
  local id=(--meeting demo-pipe-line --session "$1")
  send recording-started "${id[@]}"
  send recording-stopped "${id[@]}" --file-path "/encoded/videos/$2" --file-url "http://$host:$file_port/encoded/videos/$2"
}

# run_pipeline sets video and sound, the names of the two recordings.
run_pipeline() {
  local video_session sound_session
  video_session=$(openssl rand -hex 12) sound_session=$(openssl rand -hex 12)
  video=demo-pipe-line-$video_session sound=demo-pipe-line-$sound_session
  cp "$root/internal/simulator/recording.mp4" "$state/files/encoded/videos/$video_session.mp4"
  make_sound "$state/files/encoded/videos/$sound_session.wav"
  record "$video_session" "$video_session.mp4"
  record "$sound_session" "$sound_session.wav"
  await_processed "$video" "$sound"
}

await_processed() {
  kubectl -n "$namespace" wait "${@/#/mrec/}" --for=condition=Ready --timeout=180s ||
    { kubectl -n "$namespace" describe "${@/#/mrec/}" >&2; explain_pods; die "the recordings were not processed"; }
}

# of RECORDING JSONPATH prints something of a recording's processing.
of() { kubectl -n "$namespace" get mrec "$1" -o jsonpath="$2"; }

# steps_of RECORDING TEMPLATE prints something of each step of the pipeline.
steps_of() { of "$1" "{range .status.processing.steps[?(@.pipeline==\"publish\")]}$2{end}"; }

# expect WHAT GOT WANT
expect() { [[ $2 == "$3" ]] || die "$1: $2"$'\n'"it should be: $3"; }

show_pipelines() {
  run kubectl -n "$namespace" get jobs -l "recording.meetingops.dev/meeting-id=demo-pipe-line,recording.meetingops.dev/pipeline=publish" \
    -L recording.meetingops.dev/step
  run kubectl -n "$namespace" describe mrec "$video"
  printf '\nThe steps of the video   %s\nThe steps of the sound  %s\n' "$(steps_of "$video" '{.step}={.state} ')" "$(steps_of "$sound" '{.step}={.state} ')"
  expect "the video's steps" "$(steps_of "$video" '{.step}={.state} ')" "probe=Succeeded thumbnail=Succeeded archive=Succeeded notify=Succeeded "
  expect "the sound's steps" "$(steps_of "$sound" '{.step}={.state} ')" "probe=Succeeded thumbnail=Skipped archive=Succeeded notify=Succeeded "
  expect "the video's duration" "$(of "$video" '{.status.processing.steps[?(@.step=="probe")].outputs[0].values.durationSeconds}')" 5
  expect "the video's checksum" "$(steps_of "$video" '{.outputs[?(@.name=="archive")].sha256}')" "$(sha256sum "$root/internal/simulator/recording.mp4" | cut -d' ' -f1)"
  expect "those who were notified" "$(grep -cF -e "$video" -e "$sound" "$state/events")" 2
}

# rerun_thumbnail runs one step of the video again, and what needs it.
rerun_thumbnail() {
  local token="again" kept='{.step} {.attempt} {.startTime} {.outputs}{"\n"}' before
  before=$(steps_of "$video" "$kept")
  run kubectl -n "$namespace" patch mrec "$video" --type=merge -p "{\"spec\":{\"rerun\":{\"token\":\"$token\",\"steps\":[{\"pipeline\":\"publish\",\"step\":\"thumbnail\"}]}}}"
  kubectl -n "$namespace" wait "mrec/$video" --for=jsonpath='{.status.processing.observedRerunToken}'="$token" --timeout=60s >/dev/null ||
    die "the rerun did not start"
  await_processed "$video"
  printf '\nThe attempts now\n'
  of "$video" '{range .status.processing.steps[*]}{.pipeline}/{.step}{"\t"}{.attempt}{"\t"}{.state}{"\t"}{.outputs[*].url}{"\n"}{end}'
  printf 'The attempts before, in the history\n'
  of "$video" '{range .status.processing.history[*]}{.pipeline}/{.step}{"\t"}{.attempt}{"\t"}{.state}{"\t"}{.outputs[*].url}{"\n"}{end}'
  expect "the attempts after the rerun" "$(steps_of "$video" '{.step}={.attempt} ')" "probe=1 thumbnail=2 archive=1 notify=2 "
  [[ $(of "$video" '{.status.processing.history[0].outputs[0].url}') != "$(steps_of "$video" '{.outputs[?(@.name=="card")].url}')" ]] ||
    die "the rerun wrote over the first thumbnail"
  expect "the results that were not run again" "$(steps_of "$video" "$kept" | grep -E '^(probe|archive) ')" "$(grep -E '^(probe|archive) ' <<<"$before")"
  expect "the first results, in the history" "$(of "$video" "{range .status.processing.history[*]}$kept{end}")" "$(grep -E '^(thumbnail|notify) ' <<<"$before")"
  expect "those who were notified again" "$(grep -cF "$video" "$state/events")" 2
}

# cancel_by_deletion deletes a recording one of whose Jobs would never end.
cancel_by_deletion() {
  local session recording job
  session=$(openssl rand -hex 12) recording=demo-pipe-line-$session
  sed -e "s|@SESSION@|$session|; s|@BUSYBOX@|$(busybox_image "$(<"$state/cluster")")|" "$here/endless.yaml" | kubectl -n "$namespace" apply -f -
  kubectl -n "$namespace" wait rpipe/endless --for=condition=Ready --timeout=60s
  cp "$root/internal/simulator/recording.mp4" "$state/files/encoded/videos/$session.mp4"
  record "$session" "$session.mp4"
  kubectl -n "$namespace" wait "mrec/$recording" --for=jsonpath='{.status.processing.state}'=Running --timeout=60s
  job=$(of "$recording" '{.status.processing.steps[?(@.pipeline=="endless")].jobName}')
  kubectl -n "$namespace" wait "job/$job" --for=jsonpath='{.status.ready}'=1 --timeout=60s
  run kubectl -n "$namespace" delete mrec "$recording" --cascade=foreground --timeout=120s
  expect "the Jobs and Pods of a deleted recording" \
    "$(kubectl -n "$namespace" get jobs,pods -l "recording.meetingops.dev/recording=$recording" -o name)" ""
  kubectl -n "$namespace" delete rpipe endless
}
