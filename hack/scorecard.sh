#!/usr/bin/env bash
# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Runs the checks of the OpenSSF Scorecard that need no network, on this checkout, and prints the evidence for each. What is not as it should be
# fails, but for the exceptions below, each with its reason.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=0
check() { printf '\n== %s\n' "$1"; }
good() { printf '   %s\n' "$*"; }
bad() { printf '   NOT GOOD: %s\n' "$*"; failed=1; }
files() { git ls-files --cached --others --exclude-standard "$@"; }
# What is not written as the lines below read it is not good, or it could hide from them.
mapfile -t workflows < <(files '.github/workflows/*.y*ml')

check "Pinned-Dependencies: actions by commit, images by digest, modules by go.sum"
while IFS=: read -r file line text; do
  if [[ $text =~ ^\ *(-\ )?uses:\ [^@\ ]+@[0-9a-f]{40}\ +#\ v[0-9] ]]; then good "$file:$line ${text#*uses: }"; else bad "$file:$line is not pinned by a commit with its version: $text"; fi
done < <(grep -nE '\buses\b["'"'"']?[[:space:]]*:' "${workflows[@]}")
while IFS=: read -r file line text; do
  case $file:$text in
    hack/oss-fuzz/Dockerfile:*) good "$file:$line exception, OSS-Fuzz forbids a digest: $text" ;;
    *"FROM scratch"*) good "$file:$line $text" ;;
    *@sha256:*) good "$file:$line $text" ;;
    *) bad "$file:$line has no digest: $text" ;;
  esac
done < <(files '*Dockerfile' '*Dockerfile.*' '*Containerfile' | xargs grep -niHE '^ *FROM ')
while IFS= read -r module; do
  if [[ -f ${module%go.mod}go.sum ]]; then good "${module%go.mod}go.sum"; else grep -q '^require' "$module" && bad "$module has no go.sum"; fi
done < <(files '*go.mod')
unseen='(curl|wget) [^|]*\| *(sudo )?(ba)?sh|sh [^|]*(<|\$)\((curl|wget) |go (install|run|get) [^ ]+@|(pip3?|npm|gem) install'
if files '.github/*.y*ml' '*Dockerfile' Makefile '*.mk' '*.sh' | grep -v '^hack/scorecard.sh$' | xargs grep -nE "$unseen"; then
  bad "something that was downloaded is run unseen (above)"
fi

check "Token-Permissions: none at the top but reading, each other one in its job with its reason"
for file in "${workflows[@]}"; do
  top=$(awk '/^permissions:/ {print; inside=1; next} inside && /^  [a-z-]+:/ {print; next} inside {exit}' "$file")
  if grep -qE 'write' <<<"$top" || [[ -z $top ]]; then bad "$file: top permissions are \"$top\""; else good "$file: $(tr '\n' ' ' <<<"$top")"; fi
  while IFS= read -r line; do
    if [[ $line =~ ^[0-9]+:\ +[a-z-]+:\ write\ #\  ]]; then good "$file: $line"; else bad "$file: a permission to write without a reason: $line"; fi
  done < <(grep -nE '^[^#]*\bwrite\b' "$file")
done

check "Dangerous-Workflow: no untrusted code with rights, no text of strangers in scripts"
for file in "${workflows[@]}"; do
  if grep -nE 'pull_request_target|workflow_run' "$file"; then bad "$file runs with rights on what strangers send"; fi
  if grep -nE '\$\{\{ *github\.(event\.(issue|pull_request|comment|review|head_commit|commits|pages)|head_ref)' "$file"; then bad "$file puts what strangers write into a step"; fi
  # A script is the line of its key and all that are further to the right.
  if awk '{match($0, /^ *(- )?/)} NF && RLENGTH <= key {run = 0} /^ *(- )?["\047]?(run|script)["\047]? *:/ {run = 1; key = RLENGTH}
    run && /\$\{\{/ {found = 1; print FILENAME ":" FNR ": " $0} END {exit !found}' "$file"; then bad "$file puts an expression into a script"; fi
  if (($(grep -c 'actions/checkout@' "$file") != $(grep -c 'persist-credentials: false' "$file"))); then bad "$file leaves the token in the checkout"; fi
  good "$file"
done

check "Binary-Artifacts: no program in the repository"
types=$(files -z | xargs -0 file --mime-type --) || bad "the types of files cannot be found out"
binaries=$(grep -E 'application/(x-executable|x-sharedlib|x-pie-executable|x-object|x-archive|x-mach-binary|x-java-applet|java-archive|vnd.microsoft.portable-executable)$' <<<"$types" || true)
binaries+=$(files | grep -E '\.(a|class|deb|dex|dll|dylib|elf|exe|jar|lib|msi|o|pyc|pyo|rpm|so|wasm|whl)$' || true)
if [[ -n $binaries ]]; then bad "$binaries"; else good "$(files | wc -l) files, none a program"; fi

check "SAST: CodeQL and gosec on every change"
if grep -q 'github/codeql-action/analyze' .github/workflows/codeql.yaml && grep -q '^  pull_request:' .github/workflows/codeql.yaml; then good ".github/workflows/codeql.yaml"; else bad "CodeQL does not run on pull requests"; fi
if grep -qE '^    - gosec$' .golangci.yml; then good ".golangci.yml enables gosec, which make lint runs"; else bad ".golangci.yml does not enable gosec"; fi

check "Fuzzing: native targets, run by CI, and built for OSS-Fuzz"
targets=$(grep -rohE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' cmd controllers internal | sed 's/func //' | sort)
if [[ -n $targets ]]; then good "$(wc -l <<<"$targets") targets: $(tr '\n' ' ' <<<"$targets")"; else bad "there is no target"; fi
if grep -q 'make fuzz' .github/workflows/ci.yaml && [[ -x hack/oss-fuzz/build.sh ]]; then good "ci.yaml, hack/oss-fuzz/build.sh"; else bad "nothing runs them"; fi

check "Signed-Releases: what users apply and run is in SHA256SUMS, which is signed; images and chart are signed; provenance"
for part in 'name_template: SHA256SUMS' 'glob: dist/\*.yaml' 'glob: dist/\*.tgz' 'cmd: cosign' 'artifacts: checksum'; do
  if grep -q "$part" .goreleaser.yaml; then good ".goreleaser.yaml: $part"; else bad ".goreleaser.yaml lacks $part"; fi
done
for part in 'hack/release/images.sh' 'hack/release/chart.sh' 'attest-build-provenance'; do
  if grep -q "$part" .github/workflows/release.yaml; then good "release.yaml: $part"; else bad "release.yaml lacks $part"; fi
done
for file in .github/workflows/release.yaml hack/release/images.sh hack/release/chart.sh; do
  if grep -q '^[^#]*cosign sign --yes' "$file"; then good "$file: cosign sign"; else bad "$file signs nothing"; fi
done

check "Security-Policy, License, Dependency-Update-Tool"
for file in SECURITY.md LICENSE .github/renovate.json5; do
  if [[ -s $file ]]; then good "$file"; else bad "$file is missing"; fi
done

printf '\n'
if ((failed)); then echo "scorecard: something is not good (above)" >&2; fi
exit "$failed"
