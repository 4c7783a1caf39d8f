#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# kubeconfig.sh FOLDER CONTEXT... writes the receivers' kubeconfig and token for the cluster of each context, which is the name of a shard, into a
# folder. It needs the operator in each cluster.
set -euo pipefail
umask 077
folder=$1
shift
mkdir -p "$folder"
for shard in "$@"; do
  kubectl --context "$shard" apply -f "$(dirname "$0")/token.yaml"
  secret=(kubectl --context "$shard" -n meeting-recording-system get secret receiver-token -o)
  for _ in {1..30}; do
    token=$("${secret[@]}" jsonpath='{.data.token}')
    [[ -z $token ]] || break
    sleep 1
  done
  [[ -n $token ]] || { echo "kubeconfig.sh: cluster $shard has filled in no token within 30 s: look at its kube-controller-manager" >&2; exit 1; }
  base64 -d <<<"$token" >"$folder/$shard.token"
  server=$(kubectl --context "$shard" config view --minify -o jsonpath='{.clusters[0].cluster.server}')
  cat >"$folder/$shard.kubeconfig" <<END
apiVersion: v1
kind: Config
current-context: shard
contexts: [{name: shard, context: {cluster: shard, user: receiver}}]
clusters: [{name: shard, cluster: {server: "$server", certificate-authority-data: $("${secret[@]}" jsonpath='{.data.ca\.crt}')}}]
users: [{name: receiver, user: {tokenFile: $shard.token}}]
END
done
