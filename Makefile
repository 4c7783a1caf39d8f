# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# IMG names the image that holds all three binaries.
IMG ?= meeting-recording-operator:dev
# MEDIA_IMG names the image that has postprocess and ffmpeg.
MEDIA_IMG ?= meeting-recording-operator-media:dev
# VERSION is what the binaries answer to --version.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
# TESTFLAGS are further arguments of the tests, such as -run=TestPlace or -rapid.checks=100000 (with PKG).
TESTFLAGS ?=
# BENCHFLAGS are arguments of the benchmark, such as -size=100 -runs=3.
BENCHFLAGS ?=
PKG ?= ./...

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
test: controlplane ffmpeg ## Run all tests, with a real API server and etcd where they need one.
	go -C hack/images test ./...
	KUBEBUILDER_ASSETS=$(CURDIR)/bin/k8s $(GOTESTSUM) --format pkgname -- $(PKG) $(TESTFLAGS)

##@ What it withstands

# CHAOS_RECORDINGS, CHAOS_DURATION (of sending) and CHAOS_FAULT_EVERY are the size of the run, and CHAOS_SEED what it is drawn with.
CHAOS_RECORDINGS ?= 300
CHAOS_DURATION ?= 2m
CHAOS_SEED ?= 1
CHAOS_FAULT_EVERY ?= 4s
# OUTAGE is how long `make outage` stops the API server, and OUTAGE_PER_SECOND how many webhooks come meanwhile.
OUTAGE ?= 60s
OUTAGE_PER_SECOND ?= 100

.PHONY: chaos
chaos: build controlplane ## Break everything on a drawn schedule, and audit that nothing acknowledged is lost or doubled (CHAOS_RECORDINGS, CHAOS_SEED, CHAOS_DURATION).
	@go build -o bin/chaos ./test/chaos
	@bin/chaos -seed=$(CHAOS_SEED) -recordings=$(CHAOS_RECORDINGS) -duration=$(CHAOS_DURATION) -fault-every=$(CHAOS_FAULT_EVERY)

.PHONY: outage
outage: build controlplane ## Stop the API server for a minute under 100 webhooks a second, and kill a sidecar meanwhile.
	@go build -o bin/chaos ./test/chaos
	@bin/chaos -seed=$(CHAOS_SEED) -outage=$(OUTAGE) -per-second=$(OUTAGE_PER_SECOND)

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
	$(CONTROLLER_GEN) rbac:roleName=sidecar,fileName=sidecar_role.yaml paths=./internal/receiver/... output:rbac:artifacts:config=config/rbac

.PHONY: docs
docs: ## Generate docs/api.md from the API types.
	$(CRD_REF_DOCS) --source-path=api --config=docs/api.config.yaml --renderer=markdown --max-depth=6 --log-level=ERROR --output-path=docs/api.md

.PHONY: fmt
fmt: ## Format the Go code.
	$(GOLANGCI_LINT) fmt ./...

.PHONY: vet
vet: ## Run go vet.
	go vet ./...
	go -C hack/images vet ./...

.PHONY: lint
lint: ## Run golangci-lint and shellcheck.
	$(GOLANGCI_LINT) run ./...
	hack/lint-shell.sh

.PHONY: verify
verify: ## Generate everything anew and fail on any difference.
	hack/verify.sh

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (60s).
	hack/fuzz.sh

.PHONY: bench-archive
bench-archive: ## Measure `postprocess archive` beside curl and rclone: speed and memory. BENCHFLAGS are the benchmark's.
	hack/bench-archive.sh $(BENCHFLAGS)

##@ Build

.PHONY: build
build: ## Build the binaries into bin/.
	CGO_ENABLED=0 go build -trimpath -ldflags "$(LDFLAGS)" -o bin/ ./cmd/...

.PHONY: image
image: ## Build the image IMG into bin/images/, without Docker.
	IMG=$(IMG) VERSION=$(VERSION) hack/images/build.sh

.PHONY: media-image
media-image: ## Build the image MEDIA_IMG, with ffmpeg, into bin/images/, without Docker.
	MEDIA_IMG=$(MEDIA_IMG) VERSION=$(VERSION) hack/images/build.sh media

.PHONY: controlplane
controlplane: ## Provide etcd, kube-apiserver and kubectl in bin/k8s/.
	@hack/controlplane/install.sh envtest

.PHONY: ffmpeg
ffmpeg: ## Provide ffmpeg and ffprobe, by Debian's package where they are missing.
	@hack/ffmpeg.sh

##@ Deployment to the cluster of the current kubectl context

.PHONY: install
install: ## Install the CRDs.
	kubectl apply -k config/crd

.PHONY: uninstall
uninstall: ## Remove the CRDs, and with them every MeetingRecording and RecordingPipeline.
	kubectl delete --ignore-not-found -k config/crd

.PHONY: deploy
deploy: ## Install everything.
	kubectl apply -k config/crd
	kubectl wait --for=condition=Established --timeout=60s -f config/crd/bases
	kubectl apply -k config/default

.PHONY: undeploy
undeploy: ## Remove everything.
	kubectl delete --ignore-not-found -k config/default

.PHONY: run
run: build ## Run the manager on this machine, against the cluster of the current kubectl context.
	bin/manager --metrics-bind-address=0 --zap-devel

.PHONY: clean
clean: ## Remove bin/. Control-plane binaries stay in the user's cache folder.
	rm -rf bin
