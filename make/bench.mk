# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Benchmarks and chaos: docs/explanation/performance.md, docs/explanation/reliability.md.

# BENCHFLAGS are arguments of the benchmark: -short, -senders=1,32, -rounds=4; of bench-archive: -size=100, -runs=3.
BENCHFLAGS ?=
# COMMIT is how a result is called, and its file: bin/bench/COMMIT.json.
COMMIT ?= $(shell git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null || echo unknown)
# BASE and NEW are what bench-compare compares: commits that bench was run at, or files.
NEW ?= $(COMMIT)
# CHAOS_RECORDINGS, CHAOS_DURATION (of sending) and CHAOS_FAULT_EVERY are the size of the run, and CHAOS_SEED what it is drawn with.
CHAOS_RECORDINGS ?= 300
CHAOS_DURATION ?= 2m
CHAOS_SEED ?= 1
CHAOS_FAULT_EVERY ?= 4s
# CHAOS_ACKNOWLEDGE is the sidecars' --acknowledge: api or spool.
CHAOS_ACKNOWLEDGE ?= api
# CHAOS_LOST is how many of 100 webhooks are lost permanently, and CHAOS_BACKFILL=true runs backfill.
CHAOS_LOST ?= 0
CHAOS_BACKFILL ?= false
# OUTAGE is how long make outage stops the API server, and OUTAGE_PER_SECOND how many webhooks come meanwhile.
OUTAGE ?= 60s
OUTAGE_PER_SECOND ?= 100

.PHONY: outage
outage: build controlplane ## Stop the API server for a minute under 100 webhooks a second, and kill a sidecar meanwhile.
	@go build -o bin/chaos ./test/chaos
	@go build -tags=chaos -o bin/chaos-sidecar ./cmd/sidecar
	@bin/chaos -seed=$(CHAOS_SEED) -outage=$(OUTAGE) -per-second=$(OUTAGE_PER_SECOND) -acknowledge=$(CHAOS_ACKNOWLEDGE)

.PHONY: bench-scale
bench-scale: bench-build bench-controlplane ## The benchmark with 100,000 finished recordings, 5,000 in flight and 2,000 stops in a second.
	@bin/bench/bench -scale -assets=bin/k8s-bench -commit=$(COMMIT) $(BENCHFLAGS)

.PHONY: bench-compare
bench-compare: bench-build ## Compare two results by benchstat: BASE=commit or file, NEW=this commit.
	@hack/bench-compare.sh "$(BASE)" "$(NEW)"

.PHONY: bench-build
bench-build: build
	@mkdir -p bin/bench
	@go build -o bin/bench/bench ./test/bench

.PHONY: bench-controlplane
bench-controlplane:
	@hack/controlplane/install.sh bench

.PHONY: bench-archive
bench-archive: ## Measure postprocess archive beside curl and rclone: speed and memory.
	hack/bench-archive.sh $(BENCHFLAGS)

.PHONY: bench-media
bench-media: ## Measure the media steps beside plain ffmpeg: CPU time, memory and what a probe fetches. BENCHFLAGS=-seconds=300 is a short run.
	@mkdir -p bin
	@go build -ldflags "-s -w" -o bin/postprocess-bench ./cmd/postprocess
	@go build -o bin/bench-media ./test/bench/media
	@bin/bench-media -program bin/postprocess-bench $(BENCHFLAGS)

.PHONY: bench-events
bench-events: build bench-controlplane ## Measure webhook -> event in 1,000 open streams, and the memory of 5,000, and sign-ins among 2,500 connections with forged tokens.
	@go build -o bin/bench-events ./test/bench/events
	@KUBEBUILDER_ASSETS=$(CURDIR)/bin/k8s-bench bin/bench-events $(BENCHFLAGS)

.PHONY: bench-backfill
bench-backfill: build bench-controlplane ## Measure backfill with 100,000 recordings of which 100 are missing. BENCHFLAGS=-recordings=2000 is a short run.
	@go build -o bin/bench-backfill ./test/bench/backfill
	@bin/bench-backfill -assets=bin/k8s-bench $(BENCHFLAGS)

.PHONY: bench-shards
bench-shards: build bench-controlplane ## Measure a receiver in front of three clusters: CPU time per recording, and what the loss of one does to the others.
	@mkdir -p bin/bench
	@go build -o bin/bench/shards ./test/bench/shards
	@bin/bench/shards -assets=bin/k8s-bench $(BENCHFLAGS)
