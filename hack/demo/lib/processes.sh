# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # demo.sh sets the variables
#
# What the demo runs on this machine: the provider's file server, the ways to the sidecar and to the events server, and a stream of that.

# start NAME COMMAND... runs a command in the background and records its pid.
start() {
  local name=$1
  shift
  stop "$name"
  setsid "$@" >"$state/$name.log" 2>&1 </dev/null &
  printf '%s %s\n' "$!" "$(started_at "$!")" >"$state/$name.pid"
}

# started_at PID prints when the process was started, in clock ticks since boot, so that a pid that was given again is not ours.
started_at() { awk '{ sub(/.*\) /, ""); print $20 }' "/proc/$1/stat" 2>/dev/null || true; }

stop() {
  local pid at
  [[ -e $state/$1.pid ]] || return 0
  read -r pid at <"$state/$1.pid"
  if [[ -n $at && $(started_at "$pid") == "$at" ]]; then kill "$pid" 2>/dev/null || true; fi
  rm -f "$state/$1.pid"
}

# stop_processes ends all that was started.
stop_processes() {
  local file
  for file in "$state"/*.pid; do
    stop "$(basename "$file" .pid)"
  done
}

# await SECONDS WHAT COMMAND... tries a command until it succeeds.
await() {
  local seconds=$1 what=$2 deadline=$((SECONDS + $1))
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || die "$what did not come within ${seconds}s"
    sleep 0.2
  done
}

# vacate NAME HOST PORT VARIABLE stops what this demo has at a port, and ends if something else listens there: Pods would ask that.
vacate() {
  stop "$1"
  await 5 "a free port at $2:$3, where something else listens (set $4, or end it)," vacant "$2" "$3"
}

vacant() { ! reachable "$@"; }

reachable() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

serve_file() {
  host=$(file_host "$1")
  mkdir -p "$state/files/encoded/videos"
  vacate file-server "$host" "$file_port" DEMO_FILE_PORT
  start file-server "$state/kubectl-recording" simulate serve --listen "$host:$file_port" --dir "$state/files" --notifications "$state/events"
  await 10 "the file server at $host:$file_port (see $state/file-server.log)" reachable "$host" "$file_port"
}

forward_webhooks() {
  start port-forward "$root/bin/k8s/kubectl" -n "$system" port-forward service/meeting-recording-webhooks "$hook_port:80"
  await 20 "the way to the sidecar (see $state/port-forward.log)" reachable 127.0.0.1 "$hook_port"
}
