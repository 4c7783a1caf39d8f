# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# What the tests need, and tests that make test does not run, or runs as a part.

# RACE_PKG are the manager, and the packages whose tests need neither an API server nor ffmpeg.
RACE_PKG ?= $(shell go list ./cmd/manager ./internal/... ./events/... ./test/harness ./test/chaos/... | grep -vE '/(integration|media|cli)(/|$$)')

.PHONY: packages
packages: ## Install what the tests need and is missing, such as ffmpeg and Chromium, with Debian packages and npm.
	@hack/packages.sh media browser speech node
	@hack/provider-sdk.sh

.PHONY: controlplane
controlplane: ## Provide etcd, kube-apiserver and kubectl in bin/k8s/ (K8S_VERSION: of another minor, in bin/k8s-MINOR/).
	@hack/controlplane/install.sh envtest

.PHONY: test-charts
test-charts: controlplane charts ## Test the Helm chart, and every way to install and to uninstall.
	KUBEBUILDER_ASSETS=$(CURDIR)/bin/k8s go -C hack/charts test -timeout=30m ./...

.PHONY: test-monitoring
test-monitoring: ## Test the alerts, the dashboard and the runbooks.
	@# Without the tag it would link the SDKs of every cloud that Prometheus discovers targets in.
	go -C hack/monitoring build -tags=remove_all_sd -o $(CURDIR)/bin/promtool github.com/prometheus/prometheus/cmd/promtool
	hack/alerts.sh >bin/alerts.yaml
	bin/promtool check rules bin/alerts.yaml
	bin/promtool test rules config/observability/alerts_test.yaml
	go -C hack/monitoring test ./...

.PHONY: test-plugin
test-plugin: controlplane ## Test the kubectl plugin at its limits: back up and restore 10,000 recordings, list 100,000, install by krew.
	KUBEBUILDER_ASSETS=$(CURDIR)/bin/k8s $(GOTESTSUM) --format testname -- -count=1 -timeout=20m ./internal/cli \
	  -run='TestBackupAndRestore|TestListOfManyRecordings' -restore.recordings=10000 -list.recordings=100000
	hack/release/krew_test.sh

.PHONY: test-versions
test-versions: ## Run the tests that need an API server against every Kubernetes minor of hack/controlplane.
	hack/test-versions.sh

.PHONY: test-cluster
test-cluster: ## Test the local cluster: that it starts, and leaves nothing behind even if it is killed. As root.
	hack/cluster/test.sh

.PHONY: test-pipelines
test-pipelines: ## Run the ready pipelines on the local cluster, and open every output. As root.
	IMG=$(IMG) MEDIA_IMG=$(MEDIA_IMG) hack/pipelines/test.sh

# SEEDS are how many seeds to play from SEED on.
SEEDS ?= 2000
SEED ?= 1

.PHONY: simulate
simulate: ## Simulate SEEDS random runs of the whole operator on a clock that jumps, starting with SEED (docs/explanation/simulation.md).
	go test -c -o bin/test/simulate.test ./test/simulate
	cd test/simulate && seq $(SEED) 20 $$(($(SEED) + $(SEEDS) - 1)) | xargs -P "$$(nproc)" -I{} bash -c \
	  'last=$$(($(SEED) + $(SEEDS) - {})); $(CURDIR)/bin/test/simulate.test -test.run="^TestSeeds$$" -test.timeout=0 -test.v -seed={} -seeds=$$((last < 20 ? last : 20))'

.PHONY: simulate-mutants
simulate-mutants: ## Plant bugs, and report which ones SEEDS seeds find.
	go run ./test/simulate/mutants -seeds=$(SEEDS)
