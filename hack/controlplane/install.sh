#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Provides the Kubernetes binaries that envtest and the local cluster need: from the user's cache folder, else by download,
# else built from the Go modules beside this file, whose go.mod is the one place that says which versions.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: install.sh [envtest|bench|cluster] [--print-dir]

  envtest      kube-apiserver, etcd and kubectl (the default)
  bench        the same; where they are built here, as Kubernetes builds them, which takes longer
  cluster      also kubelet, kube-controller-manager, kube-scheduler and kube-proxy (Linux only)
  --print-dir  print the folder of links to the binaries, for KUBEBUILDER_ASSETS, and nothing else, on standard output: bin/k8s, or
               bin/k8s-MINOR where K8S_VERSION asks for another minor than the default, with -bench at the end for that set

Environment:
  K8S_VERSION            a Kubernetes minor, such as 1.36, or one of its patch versions; default: the newest that the project is
                         tested with. The minors are those of the folders beside this file; which patch is built is in their go.mod
  XDG_CACHE_HOME         parent of the cache folder (default: $HOME/.cache); Go keeps its build cache there, too
  CONTROLPLANE_DOWNLOAD  "no" builds without trying to download
  ENVTEST_INDEX_URL      index of the envtest archives, for a mirror
  K8S_RELEASE_URL        base address of the Kubernetes release binaries, for a mirror
USAGE
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=hack/env.sh
source "$root/hack/env.sh"
envtest_set="kube-apiserver etcd kubectl"
cluster_set="$envtest_set kubelet kube-controller-manager kube-scheduler kube-proxy"
envtest_index=${ENVTEST_INDEX_URL:-https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml}
release_url=${K8S_RELEASE_URL:-https://dl.k8s.io/release}
# Packages that only the control plane has, of which the compiler optimizes none: that takes it most of its time. What our own programs have too is
# compiled as for them, once; k8s.io/apiserver is optimized, because the tests wait for it.
quick=(k8s.io/kubernetes k8s.io/kube-aggregator k8s.io/kubectl k8s.io/metrics k8s.io/kubelet k8s.io/cloud-provider k8s.io/component-helpers
  k8s.io/dynamic-resource-allocation k8s.io/controller-manager github.com/google/cadvisor github.com/opencontainers)
connect_timeout=5   # seconds until a download counts as impossible
download_timeout=300

log() { printf '%s\n' "$*" >&2; }
die() { log "install.sh: $*"; exit 1; }

# required_version DIR MODULE prints the version that DIR's go.mod requires of MODULE.
required_version() {
  local version
  version=$(awk -v module="$2" '{ for (i = 1; i < NF; i++) if ($i == module && $(i+1) ~ /^v[0-9]/) { print $(i+1); exit } }' "$here/$1/go.mod")
  [[ $version == v* ]] || die "$here/$1/go.mod does not require $2: restore that file"
  printf '%s\n' "$version"
}

# choose_module sets module to the folder that has the Kubernetes of K8S_VERSION, k8s_version to the exact version, and links to where
# the binaries are wanted.
choose_module() {
  local default minor
  module=kubernetes links=$root/bin/k8s
  default=$(required_version kubernetes k8s.io/kubernetes)
  k8s_version=$default
  [[ -n ${K8S_VERSION:-} ]] || return 0
  local asked=${K8S_VERSION#v}
  [[ $asked =~ ^1\.[0-9]+(\.([0-9]+|x))?$ ]] || die "K8S_VERSION is $K8S_VERSION: write a minor, such as 1.36, or a patch version, such as 1.36.3"
  minor=$(cut -d. -f1-2 <<<"$asked")
  if [[ v$minor != "${default%.*}" ]]; then
    module=kubernetes-$minor links=$root/bin/k8s-$minor
    [[ -d $here/$module ]] || die "Kubernetes $minor is none of those that the project is tested with: $(minors)"
    k8s_version=$(required_version "$module" k8s.io/kubernetes)
  fi
  if [[ $asked =~ ^1\.[0-9]+\.[0-9]+$ && v$asked != "$k8s_version" ]]; then
    die "of Kubernetes $minor the version is $k8s_version, not v$asked: it is pinned in $here/$module/go.mod"
  fi
}

minors() {
  local folder names=${default%.*}
  names=${names#v}
  for folder in "$here"/kubernetes-*/; do
    folder=${folder%/}
    names+=" ${folder##*kubernetes-}"
  done
  printf '%s' "$names"
}

# with_progress TEXT COMMAND... runs COMMAND, telling how long it has been at it: a running counter on a terminal, else a line
# every 30 seconds. Its output is shown only when it fails.
with_progress() {
  local text=$1 start=$SECONDS next=30 status=0
  shift
  [[ -t 2 ]] || log "$text"
  "$@" >"$scratch/log" 2>&1 9>&- &
  child=$!
  while kill -0 "$child" 2>/dev/null; do
    if [[ -t 2 ]]; then
      printf '\r%s ... %ds' "$text" $((SECONDS - start)) >&2
    elif ((SECONDS - start >= next)); then
      log "$text ... $((SECONDS - start))s"
      next=$((next + 30))
    fi
    sleep 0.5
  done
  wait "$child" || status=$?
  child=""
  if [[ -t 2 ]]; then printf '\r' >&2; fi
  if ((status == 0)); then
    log "$text ... done in $((SECONDS - start))s"
  else
    log "$text ... failed after $((SECONDS - start))s"
    tail -n 20 "$scratch/log" >&2
  fi
  return "$status"
}

# keep FILE NAME ORIGIN puts a finished binary into the cache in one step, and notes where it came from.
keep() {
  chmod 0755 "$1"
  mv -f "$1" "$store/$2"
  printf '%s  %s  %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$2" "$3" >>"$store/origins.txt"
}

have_all() {
  local name
  for name in "$@"; do [[ -x $store/$name ]] || return 1; done
}

# reachable URL fails within seconds when the machine has no way there.
reachable() {
  command -v curl >/dev/null && curl -fsSL -o /dev/null --connect-timeout "$connect_timeout" --max-time 15 "$1" 2>/dev/null
}

# download_envtest takes the archive of the same Kubernetes minor that setup-envtest offers. Best effort.
download_envtest() {
  # shellcheck disable=SC2086 # a list of names
  have_all $envtest_set && return
  [[ -f $root/hack/tools/go.mod ]] || return 0
  if ! reachable "$envtest_index"; then
    log "the envtest archives cannot be reached from here: trying the next way"
    return 0
  fi
  local minor=${k8s_version%.*} dir name
  with_progress "downloading the envtest archive of ${minor#v}" \
    run_setup_envtest "${minor#v}.x" || { log "setup-envtest could not provide ${minor#v}: trying the next way"; return 0; }
  dir=$(<"$scratch/envtest.path")
  for name in $envtest_set; do
    [[ -x $store/$name ]] && continue
    cp "$dir/$name" "$scratch/$name" && keep "$scratch/$name" "$name" "setup-envtest ${dir##*/}"
  done
}

run_setup_envtest() {
  local limit=()
  if command -v timeout >/dev/null; then limit=(timeout "$download_timeout"); fi
  ${limit[@]+"${limit[@]}"} "$root/hack/tool.sh" tools setup-envtest use "$1" --os "$os" --arch "$arch" \
    --bin-dir "$scratch/envtest" --index "$envtest_index" -p path >"$scratch/envtest.path"
}

# download_release takes one binary of the Kubernetes release, checked against its published SHA-256. Best effort.
download_release() {
  local name=$1 url=$release_url/$k8s_version/bin/$os/$arch/$1 want got
  [[ $name != etcd ]] || return 1
  want=$(curl -fsSL --connect-timeout "$connect_timeout" --max-time 15 "$url.sha256" 2>/dev/null) || return 1
  with_progress "downloading $name" curl -fsSL --connect-timeout "$connect_timeout" --max-time "$download_timeout" \
    --speed-limit 10000 --speed-time 20 -o "$scratch/download" "$url" || return 1
  got=$(openssl dgst -sha256 -r "$scratch/download" | cut -d' ' -f1)
  if [[ $got != "${want%% *}" ]]; then
    log "$url has SHA-256 $got, its checksum file says ${want%% *}: not used"
    return 1
  fi
  keep "$scratch/download" "$name" "release $k8s_version"
}

# build NAME... builds binaries of one module, in one command, so that Go compiles what they share once and uses every core.
build() {
  local name folder=$module out=$scratch/built/ packages=() flags=() workspace=off took="under a minute"
  # Without these the binaries call themselves v0.0.0 and refuse features.
  local minor=${k8s_version#v1.} ldflags="-s -w"
  ldflags+=" -X k8s.io/component-base/version.gitVersion=$k8s_version"
  ldflags+=" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=${minor%%.*}"
  if [[ $1 == etcd ]]; then
    folder=etcd out+=etcd packages=(go.etcd.io/etcd/server/v3)
  else
    took="about 5 min"
    packages=("${@/#/k8s.io/kubernetes/cmd/}")
    if [[ $module == kubernetes && $optimized == no ]]; then workspace=$here/shared.work; fi
  fi
  if [[ $optimized == no ]]; then
    for name in "${quick[@]}"; do flags+=("-gcflags=$name/...=-N -l -dwarf=0"); done
  fi
  mkdir -p "$scratch/built"
  with_progress "building $* ($took on two cores, seconds when Go has built it before)" \
    env CGO_ENABLED=0 GOOS="$os" GOARCH="$arch" GOWORK="$workspace" go build -C "$here/$folder" ${flags[@]+"${flags[@]}"} -ldflags "$ldflags" \
    -o "$out" "${packages[@]}" ||
    die "cannot build $*: the reason is above. Run this again to go on from what Go has compiled"
  for name in "$@"; do keep "$scratch/built/$name" "$name" "built from $folder module"; done
}

provide() {
  local name releases=unknown rest=()
  if [[ ${CONTROLPLANE_DOWNLOAD:-yes} != no ]]; then download_envtest; else releases=no; fi
  for name in "$@"; do
    [[ -x $store/$name ]] && continue
    if [[ $releases == unknown ]]; then
      releases=no
      if reachable "$release_url/$k8s_version/bin/$os/$arch/kubectl.sha256"; then releases=yes; fi
    fi
    if [[ $releases == yes ]] && download_release "$name"; then continue; fi
    if [[ $name == etcd ]]; then build etcd; else rest+=("$name"); fi
  done
  if ((${#rest[@]} > 0)); then build "${rest[@]}"; fi
}

link() {
  local name
  mkdir -p "$links"
  for name in "$@"; do
    [[ $(readlink "$links/$name" 2>/dev/null || true) == "$store/$name" ]] && continue
    ln -s "$store/$name" "$links/.$name.$$"
    mv -f "$links/.$name.$$" "$links/$name"
  done
}

# lock waits for another run on the same cache folder. Where there is no flock (macOS) each file still appears in one step.
lock() {
  command -v flock >/dev/null || return 0
  exec 9>"$store/.lock"
  flock -n 9 && return
  log "another install.sh is at work in $store: waiting for it"
  flock 9
}

cleanup() {
  if [[ -n ${child:-} ]]; then kill "$child" 2>/dev/null || true; fi
  if [[ -n ${scratch:-} ]]; then chmod -R u+w "$scratch" 2>/dev/null || true; rm -rf "$scratch"; fi
}

set_name=envtest print_dir=no optimized=no
for arg in "$@"; do
  case $arg in
    envtest | bench | cluster) set_name=$arg ;;
    --print-dir) print_dir=yes ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

command -v go >/dev/null || die "Go is not installed: see https://go.dev/doc/install"
os=$(go env GOHOSTOS) arch=$(go env GOHOSTARCH)
choose_module
required_version etcd go.etcd.io/etcd/server/v3 >/dev/null
if [[ $set_name == cluster ]]; then wanted=$cluster_set; else wanted=$envtest_set; fi
if [[ $set_name == cluster && $os != linux ]]; then die "the cluster's binaries exist for Linux only; this is $os. Use kind, or the envtest set"; fi
suffix=""
if [[ $set_name == bench ]]; then suffix=-bench optimized=yes; fi
links+=$suffix
store=${XDG_CACHE_HOME:-${HOME:?HOME is not set: set it, or XDG_CACHE_HOME}/.cache}/meeting-recording-operator/k8s/$k8s_version-$os-$arch$suffix

# shellcheck disable=SC2086 # $wanted is a list of names
{
  if ! have_all $wanted; then
    mkdir -p "$store"
    lock
    trap cleanup EXIT
    trap 'exit 130' INT TERM
    rm -rf "$store"/.tmp.* # of a run that was killed: we hold the lock
    scratch=$(mktemp -d "$store/.tmp.XXXXXX")
    provide $wanted
  fi
  link $wanted
  # Scripts that only ask a server use this kubectl, whatever the server's minor.
  if [[ ! -e $root/bin/k8s/kubectl ]]; then
    links=$root/bin/k8s link kubectl
  fi
}
if [[ $print_dir == yes ]]; then printf '%s\n' "$links"; else log "$set_name binaries of Kubernetes $k8s_version are in $links"; fi
