# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# IMG names the image that holds the four binaries.
IMG ?= meeting-recording-operator:dev
# MEDIA_IMG names the image that has postprocess and ffmpeg.
MEDIA_IMG ?= meeting-recording-operator-media:dev
# VERSION is what the binaries answer to --version.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
# TESTFLAGS are further arguments of the tests, such as -run=TestPlace or -rapid.checks=100000 (with PKG).
TESTFLAGS ?=
# BENCHFLAGS are arguments of the benchmark: -senders=1,32 -rounds=4 of bench and bench-scale, -size=100 -runs=3 of bench-archive.
BENCHFLAGS ?=
PKG ?= ./...
# K8S_VERSION is the Kubernetes minor of the tests' control plane, such as 1.36, of those in hack/controlplane (default: the newest).
export K8S_VERSION ?=

TOOLS := go tool -modfile=hack/tools/go.mod
CONTROLLER_GEN := $(TOOLS) controller-gen
CRD_REF_DOCS := $(TOOLS) crd-ref-docs
GOTESTSUM := $(TOOLS) gotestsum
GOLANGCI_LINT := go tool -modfile=hack/tools/lint/go.mod golangci-lint
LDFLAGS := -s -w -X github.com/meetingops/meeting-recording-operator/internal/version.version=$(VERSION)

##@ General

.PHONY: help
help: ## Show this help.
	@awk 'BEGIN {FS = ":.*##"; printf "Usage: make \033[36m<target>\033[0m\n"} \
	  /^[a-zA-Z0-9_-]+:.*?##/ {printf "  \033[36m%-16s\033[0m %s\n", $$1, $$2} \
	  /^##@/ {printf "\n\033[1m%s\033[0m\n", substr($$0, 5)}' $(MAKEFILE_LIST)

##@ The two commands

.PHONY: demo
demo: ## Bring up a Kubernetes, install the operator, send webhooks, and show what became of them.
	IMG=$(IMG) hack/demo/demo.sh up

.PHONY: demo-pipelines
demo-pipelines: ## Run a pipeline of four steps there: results that reach later steps, a condition, a rerun.
	IMG=$(IMG) hack/demo/demo.sh pipelines

.PHONY: demo-down
demo-down: ## Take down what `make demo` and `make demo-pipelines` brought up.
	hack/demo/demo.sh down

.PHONY: test
test: controlplane ffmpeg browser speech ## Run all tests, with a real API server and etcd where they need one.
	go -C hack/images test ./...
	go -C hack/tools test ./...
ifeq ($(PKG),./...)
	$(MAKE) --no-print-directory promtool-test test-charts
endif
	KUBEBUILDER_ASSETS=$$(hack/controlplane/install.sh envtest --print-dir) $(GOTESTSUM) --format pkgname -- $(PKG) $(TESTFLAGS)

.PHONY: test-charts
test-charts: controlplane ## Test the Helm chart, and every way to install and to uninstall.
	KUBEBUILDER_ASSETS=$(CURDIR)/bin/k8s go -C hack/charts test -timeout=30m ./...

.PHONY: test-browser
test-browser: controlplane ffmpeg browser speech ## Run the tests of the page in Chromium alone; screenshots are in bin/screenshots/.
	KUBEBUILDER_ASSETS=$(CURDIR)/bin/k8s $(GOTESTSUM) --format testname -- ./test/browser $(TESTFLAGS)

##@ What it withstands

# CHAOS_RECORDINGS, CHAOS_DURATION (of sending) and CHAOS_FAULT_EVERY are the size of the run, and CHAOS_SEED what it is drawn with.
CHAOS_RECORDINGS ?= 300
CHAOS_DURATION ?= 2m
CHAOS_SEED ?= 1
CHAOS_FAULT_EVERY ?= 4s
# CHAOS_ACKNOWLEDGE is the sidecars' --acknowledge: api or spool.
CHAOS_ACKNOWLEDGE ?= api
# OUTAGE is how long `make outage` stops the API server, and OUTAGE_PER_SECOND how many webhooks come meanwhile.
OUTAGE ?= 60s
OUTAGE_PER_SECOND ?= 100

.PHONY: chaos
chaos: build controlplane ## Break everything on a drawn schedule, and audit that nothing acknowledged is lost or doubled (CHAOS_RECORDINGS, CHAOS_SEED, CHAOS_DURATION).
	@go build -o bin/chaos ./test/chaos
	@bin/chaos -seed=$(CHAOS_SEED) -recordings=$(CHAOS_RECORDINGS) -duration=$(CHAOS_DURATION) -fault-every=$(CHAOS_FAULT_EVERY) -acknowledge=$(CHAOS_ACKNOWLEDGE)

.PHONY: outage
outage: build controlplane ## Stop the API server for a minute under 100 webhooks a second, and kill a sidecar meanwhile.
	@go build -o bin/chaos ./test/chaos
	@bin/chaos -seed=$(CHAOS_SEED) -outage=$(OUTAGE) -per-second=$(OUTAGE_PER_SECOND) -acknowledge=$(CHAOS_ACKNOWLEDGE)

##@ How fast it is

# COMMIT is how a result is called, and its file: bin/bench/COMMIT.json.
COMMIT ?= $(shell git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null || echo unknown)
# BASE and NEW are what bench-compare compares: commits that bench was run at, or files.
NEW ?= $(COMMIT)

.PHONY: bench
bench: bench-build ## Measure the operator beside the API server's own limit, in ten minutes; fail where a target is missed. BENCHFLAGS=-short tries the benchmark itself.
	@bin/bench/bench -commit=$(COMMIT) $(BENCHFLAGS)

.PHONY: bench-scale
bench-scale: bench-build ## The same with 100,000 finished recordings, 5,000 in flight and 2,000 stops in a second, in ten minutes on a quiet machine.
	@bin/bench/bench -scale -commit=$(COMMIT) $(BENCHFLAGS)

.PHONY: bench-compare
bench-compare: bench-build ## Compare two results by benchstat: BASE=commit or file, NEW=this commit.
	@hack/bench-compare.sh "$(BASE)" "$(NEW)"

.PHONY: bench-build
bench-build: build controlplane
	@mkdir -p bin/bench
	@go build -o bin/bench/bench ./test/bench

##@ Development

.PHONY: test-cluster
test-cluster: ## Test the local cluster: that it comes up, and leaves nothing behind, also where it was killed midway. As root.
	hack/cluster/test.sh

.PHONY: e2e
e2e: controlplane ## Test it end to end with real Pods on the local cluster, as root (TESTFLAGS=-run=TestSplit: one case; E2E_CLUSTER=existing: yours).
	$(GOTESTSUM) --format standard-verbose -- -tags=e2e -count=1 -timeout=30m ./test/e2e $(TESTFLAGS)

.PHONY: test-pipelines
test-pipelines: ## Run the three ready pipelines on the local cluster, and open every output. As root.
	IMG=$(IMG) MEDIA_IMG=$(MEDIA_IMG) hack/pipelines/test.sh

.PHONY: generate
generate: ## Generate Go code from the API types.
	$(CONTROLLER_GEN) object:headerFile=hack/boilerplate/boilerplate.go.txt paths=./api/...

.PHONY: manifests
manifests: ## Generate CRDs and RBAC from the Go markers.
	$(CONTROLLER_GEN) crd:generateEmbeddedObjectMeta=true paths=./api/... output:crd:artifacts:config=config/crd/bases
	go -C hack/tools run ./crdtrim -embedded template $(CURDIR)/config/crd/bases/recording.meetingops.dev_recordingpipelines.yaml
	$(CONTROLLER_GEN) rbac:roleName=manager,fileName=manager_role.yaml paths=./controllers/... output:rbac:artifacts:config=config/rbac
	$(CONTROLLER_GEN) rbac:roleName=sidecar,fileName=sidecar_role.yaml paths=./internal/recorder/... output:rbac:artifacts:config=config/rbac
	$(CONTROLLER_GEN) rbac:roleName=events,fileName=role.yaml paths=./internal/stream/... paths=./internal/access/... output:rbac:artifacts:config=config/events

.PHONY: charts
charts: ## Generate the Helm chart's CRDs, fixed objects and README from config/ and the chart's values.
	go -C hack/charts run . -root=$(CURDIR)

.PHONY: docs
docs: ## Generate the references of the API and of the kubectl plugin.
	$(CRD_REF_DOCS) --source-path=api --config=docs/api.config.yaml --renderer=markdown --max-depth=6 --log-level=ERROR --output-path=docs/api.md
	go run ./hack/clidocs >docs/kubectl-recording.md

.PHONY: dashboards
dashboards: ## Generate the Grafana dashboard and the PrometheusRule in config/observability.
	go -C hack/monitoring run . $(CURDIR)/config/observability

.PHONY: promtool-test
promtool-test: ## Test the alerts, the dashboard and the runbooks. Part of make test.
	@# Without the tag it would link the SDKs of every cloud that Prometheus discovers targets in.
	go -C hack/monitoring build -tags=remove_all_sd -o $(CURDIR)/bin/promtool github.com/prometheus/prometheus/cmd/promtool
	bin/promtool check rules config/observability/alerts.yaml
	bin/promtool test rules config/observability/alerts_test.yaml
	go -C hack/monitoring test ./...

.PHONY: fmt
fmt: ## Format the Go code.
	$(GOLANGCI_LINT) fmt ./...

.PHONY: vet
vet: ## Run go vet.
	go vet ./...
	go -C hack/images vet ./...
	go -C hack/charts vet ./...
	go -C hack/monitoring vet ./...
	go -C hack/tools vet ./...

.PHONY: lint
lint: ## Run golangci-lint and shellcheck.
	$(GOLANGCI_LINT) run ./...
	hack/lint-shell.sh

.PHONY: verify
verify: crd-compat ## Generate everything anew and fail on any difference.
	hack/verify.sh

.PHONY: crd-compat
crd-compat: ## Fail where the CRDs break what the last release had.
	hack/crd-compat.sh

.PHONY: crd-release
crd-release: ## Make the CRDs of now those of the release VERSION=vX.Y.Z (docs/releasing.md).
	hack/crd-compat.sh release $(VERSION)

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (60s).
	hack/fuzz.sh

.PHONY: bench-archive
bench-archive: ## Measure `postprocess archive` beside curl and rclone: speed and memory. BENCHFLAGS are the benchmark's.
	hack/bench-archive.sh $(BENCHFLAGS)

.PHONY: bench-events
bench-events: build controlplane ## Measure webhook -> event in 1,000 open streams, and the memory of 5,000. BENCHFLAGS are the benchmark's.
	@go build -o bin/bench-events ./test/bench/events
	@KUBEBUILDER_ASSETS=$(CURDIR)/bin/k8s bin/bench-events $(BENCHFLAGS)

##@ Build

.PHONY: build
build: ## Build the binaries into bin/.
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "$(LDFLAGS)" -o bin/ ./cmd/...

.PHONY: image
image: ## Build the image IMG into bin/images/, without Docker.
	IMG=$(IMG) VERSION=$(VERSION) hack/images/build.sh

.PHONY: media-image
media-image: ## Build the image MEDIA_IMG, with ffmpeg, into bin/images/, without Docker.
	MEDIA_IMG=$(MEDIA_IMG) VERSION=$(VERSION) hack/images/build.sh media

.PHONY: dist
dist: ## Write into dist/ what one installs with: YAML files with the image IMG, and the Helm chart, for the release VERSION.
	IMG=$(IMG) MEDIA_IMG=$(MEDIA_IMG) VERSION=$(VERSION) hack/dist.sh dist

.PHONY: test-versions
test-versions: ## Run the tests that need an API server against every Kubernetes minor of hack/controlplane.
	hack/test-versions.sh

.PHONY: controlplane
controlplane: ## Provide etcd, kube-apiserver and kubectl in bin/k8s/ (K8S_VERSION: of another minor, in bin/k8s-MINOR/).
	@hack/controlplane/install.sh envtest

.PHONY: speech
speech: ## Provide espeak-ng and pocketsphinx, by Debian's packages where they are missing.
	@hack/speech.sh

.PHONY: browser
browser: ## Provide Chromium, by Debian's package where it is missing.
	@hack/browser.sh

.PHONY: ffmpeg
ffmpeg: ## Provide ffmpeg and ffprobe, by Debian's package where they are missing.
	@hack/ffmpeg.sh

##@ Supply chain

.PHONY: vulncheck
vulncheck: ## Fail on known vulnerabilities that the programs can reach (VULNDB: a folder with a copy of the database).
	hack/vulncheck.sh

.PHONY: sbom
sbom: build ## Write what is in each program to bin/sbom/, in CycloneDX.
	VERSION=$(VERSION) hack/sbom.sh

.PHONY: reproducible
reproducible: ## Build twice, from nothing, in other surroundings, and fail where a byte differs (PLATFORMS="linux/amd64 linux/arm64").
	VERSION=$(VERSION) hack/reproducible.sh

##@ Deployment to the cluster of the current kubectl context

.PHONY: install
install: ## Install the CRDs.
	kubectl apply -k config/crd

.PHONY: uninstall
uninstall: ## Remove the CRDs, and with them every MeetingRecording and RecordingPipeline.
	kubectl delete --ignore-not-found -k config/crd

# CONFIG is the folder of config/ to install, such as config/overlays/ha or config/pipelines.
CONFIG ?= config/default

.PHONY: deploy
deploy: ## Install CONFIG (config/default) with the image IMG.
	IMG=$(IMG) MEDIA_IMG=$(MEDIA_IMG) hack/render.sh $(CONFIG) | kubectl apply -f -

.PHONY: undeploy
undeploy: ## Remove CONFIG (config/default): with it the CRDs, every recording and every pipeline.
	hack/render.sh $(CONFIG) | kubectl delete --ignore-not-found -f -

.PHONY: run
run: build ## Run the manager on this machine, against the cluster of the current kubectl context.
	bin/manager --metrics-bind-address=0 --zap-devel

.PHONY: clean
clean: ## Remove bin/. Control-plane binaries stay in the user's cache folder.
	rm -rf bin
