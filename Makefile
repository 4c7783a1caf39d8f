# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# IMG names the image that holds the binaries.
IMG ?= meeting-recording-operator:dev
# MEDIA_IMG names the image that has postprocess and ffmpeg.
MEDIA_IMG ?= meeting-recording-operator-media:dev
# VERSION is what the binaries answer to --version.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
# PKG are the packages to test, and TESTFLAGS further arguments of the tests, such as -run=TestPlace or -rapid.checks=100000.
PKG ?= ./...
TESTFLAGS ?=
# CONFIG is the folder of config/ to install, such as config/overlays/ha or config/pipelines.
CONFIG ?= config/default
# K8S_VERSION is the Kubernetes minor of the tests' control plane, such as 1.36, of those in hack/controlplane (default: the newest).
export K8S_VERSION ?=

# Programs, tests, tools and the control plane share packages, which Go compiles once only if the flags are the same. hack/env.sh has them too.
ifeq (,$(filter -trimpath,$(GOFLAGS)))
export GOFLAGS := $(strip $(GOFLAGS) -trimpath -buildvcs=false)
endif
export CGO_ENABLED ?= 0

TOOLS := hack/tool.sh tools
GOTESTSUM := $(TOOLS) gotestsum
GOLANGCI_LINT := hack/tool.sh tools/lint golangci-lint
LDFLAGS := -s -w -X github.com/meetingops/meeting-recording-operator/internal/version.version=$(VERSION)

##@ General

.PHONY: help
help: ## Show these targets. make/*.mk has more: benchmarks, chaos, cluster, release.
	@awk 'BEGIN {FS = ":.*##"; printf "Usage: make \033[36m<target>\033[0m\n"} \
	  /^[a-zA-Z0-9_-]+:.*?##/ {printf "  \033[36m%-16s\033[0m %s\n", $$1, $$2} \
	  /^##@/ {printf "\n\033[1m%s\033[0m\n", substr($$0, 5)}' Makefile

.PHONY: doctor
doctor: ## Report within a second what this machine lacks for make demo and make test.
	@hack/doctor.sh

.PHONY: demo
demo: ## Bring up a Kubernetes, install the operator, send webhooks, and show the result.
	IMG=$(IMG) hack/demo/demo.sh up

.PHONY: demo-pipelines
demo-pipelines: ## Run a pipeline of four steps there: outputs that reach later steps, a condition, a rerun.
	IMG=$(IMG) hack/demo/demo.sh pipelines

.PHONY: demo-docs
demo-docs: ## Run the documentation's commands on the cluster of make demo.
	IMG=$(IMG) hack/demo/demo.sh docs

.PHONY: demo-down
demo-down: ## Remove what make demo and make demo-pipelines created.
	hack/demo/demo.sh down

##@ Test

.PHONY: test
test: packages controlplane ## Run all tests, with a real API server and etcd where they need one (PKG, TESTFLAGS).
ifeq ($(PKG),./...)
	@# Go does not see that a script has changed, so it is not to take the result of the last time.
	go -C hack/images test -count=1 ./...
	go -C hack/tools test ./...
	$(MAKE) --no-print-directory test-monitoring test-charts
endif
	KUBEBUILDER_ASSETS=$$(hack/controlplane/install.sh envtest --print-dir) \
	  $(GOTESTSUM) --format pkgname $${TEST_JSON:+--jsonfile "$$TEST_JSON"} -- -timeout=20m $(PKG) $(TESTFLAGS)

.PHONY: test-race
test-race: controlplane ## Run the tests of concurrent packages with the race detector, which needs a C compiler.
	@hack/packages.sh compiler
	CGO_ENABLED=1 $(GOTESTSUM) --format pkgname -- -race -timeout=30m $(RACE_PKG) $(TESTFLAGS)

.PHONY: test-browser
test-browser: packages controlplane ## Run the tests of the page in Chromium alone; screenshots are in bin/screenshots/.
	KUBEBUILDER_ASSETS=$(CURDIR)/bin/k8s $(GOTESTSUM) --format testname -- ./test/browser/... $(TESTFLAGS)

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (60s).
	hack/fuzz.sh

.PHONY: e2e
e2e: controlplane ## Test with real Pods on the local cluster, as root (TESTFLAGS=-run=TestSplit: one case).
	$(GOTESTSUM) --format standard-verbose -- -tags=e2e -count=1 -timeout=30m ./test/e2e $(TESTFLAGS)

.PHONY: chaos
chaos: build controlplane ## Inject faults of every kind, and audit that nothing acknowledged is lost or duplicated.
	@go build -o bin/chaos ./test/chaos
	@go build -tags=chaos -o bin/chaos-sidecar ./cmd/sidecar
	@bin/chaos -seed=$(CHAOS_SEED) -recordings=$(CHAOS_RECORDINGS) -duration=$(CHAOS_DURATION) -fault-every=$(CHAOS_FAULT_EVERY) -acknowledge=$(CHAOS_ACKNOWLEDGE) -lost=$(CHAOS_LOST) -backfill=$(CHAOS_BACKFILL)

.PHONY: bench
bench: bench-build bench-controlplane ## Measure the operator beside the API server's own limit; fail if a target is missed.
	@bin/bench/bench -assets=bin/k8s-bench -commit=$(COMMIT) $(BENCHFLAGS)

##@ Develop

.PHONY: generate
generate: ## Generate Go code from the API types.
	$(TOOLS) controller-gen object:headerFile=hack/boilerplate/boilerplate.go.txt paths=./api/...

.PHONY: manifests
manifests: ## Generate CRDs and RBAC from the Go markers.
	$(TOOLS) controller-gen crd:generateEmbeddedObjectMeta=true paths=./api/... output:crd:artifacts:config=config/crd/bases
	go -C hack/tools run ./crdtrim -embedded template $(addprefix $(CURDIR)/config/crd/bases/recording.meetingops.dev_,meetingrecordings.yaml recordingpipelines.yaml)
	$(TOOLS) controller-gen rbac:roleName=manager,fileName=manager_role.yaml paths=./controllers/... output:rbac:artifacts:config=config/rbac
	$(TOOLS) controller-gen rbac:roleName=sidecar,fileName=sidecar_role.yaml paths=./internal/recorder/... output:rbac:artifacts:config=config/rbac
	$(TOOLS) controller-gen rbac:roleName=backfill,fileName=role.yaml paths=./internal/backfill/... output:rbac:artifacts:config=config/backfill
	$(TOOLS) controller-gen rbac:roleName=events,fileName=role.yaml paths=./internal/follow/... paths=./internal/access/... output:rbac:artifacts:config=config/events

.PHONY: charts
charts: ## Generate the Helm chart's CRDs, fixed objects and README from config/ and the chart's values.
	go -C hack/charts run . -root=$(CURDIR)

.PHONY: docs
docs: ## Generate the references of the API and of the kubectl plugin.
	$(TOOLS) crd-ref-docs --source-path=api --config=docs/reference/api.config.yaml --renderer=markdown --max-depth=6 --log-level=ERROR --output-path=docs/reference/api.md
	go run ./hack/clidocs >docs/reference/kubectl-recording.md

.PHONY: fmt
fmt: ## Format the Go code.
	$(GOLANGCI_LINT) fmt ./...

.PHONY: lint
lint: ## Run golangci-lint, kube-api-linter, shellcheck, actionlint, Trivy's checks of what is installed, and vale with the rules of plain English.
	$(GOLANGCI_LINT) run ./...
	go -C hack/tools/apilint run . $(CURDIR)/api
	hack/lint-shell.sh
	$(TOOLS) actionlint
	hack/misconfig.sh
	hack/prose/test.sh
	hack/prose/lint.sh

.PHONY: verify
verify: crd-compat ## Generate everything again and fail on any difference.
	hack/verify.sh

##@ Build and install

.PHONY: build
build: ## Build the binaries into bin/.
	go build -ldflags "$(LDFLAGS)" -o bin/ ./cmd/...

.PHONY: image
image: ## Build the image IMG into bin/images/, without Docker.
	IMG=$(IMG) VERSION=$(VERSION) hack/images/build.sh

.PHONY: dist
dist: ## Write into dist/ what users install: YAML files with the image IMG, and the Helm chart, for the release VERSION.
	IMG=$(IMG) MEDIA_IMG=$(MEDIA_IMG) VERSION=$(VERSION) hack/dist.sh dist

.PHONY: deploy
deploy: ## Install CONFIG (config/default) with the image IMG, into the cluster of the current kubectl context.
	IMG=$(IMG) MEDIA_IMG=$(MEDIA_IMG) hack/render.sh $(CONFIG) | kubectl apply -f -

.PHONY: undeploy
undeploy: ## Remove CONFIG (config/default): with it the CRDs, every recording and every pipeline.
	hack/render.sh $(CONFIG) | kubectl delete --ignore-not-found -f -

.PHONY: clean
clean: ## Remove bin/. Control-plane binaries stay in the user's cache folder.
	rm -rf bin

include make/*.mk
