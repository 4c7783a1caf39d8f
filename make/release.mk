# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0

# Releases and the supply chain (docs/how-to/release.md), and installing from a checkout.

.PHONY: media-image
media-image: ## Build the image MEDIA_IMG, with ffmpeg, into bin/images/, without Docker.
	MEDIA_IMG=$(MEDIA_IMG) VERSION=$(VERSION) hack/images/build.sh media

.PHONY: crd-compat
crd-compat: ## Fail if the CRDs break what the last release had.
	hack/crd-compat.sh

.PHONY: crd-release
crd-release: ## Store the current CRDs as those of the release VERSION=vX.Y.Z.
	hack/crd-compat.sh release $(VERSION)

.PHONY: vulncheck
vulncheck: ## Fail on known vulnerabilities that the programs can reach (VULNDB: a folder with a copy of the database).
	hack/vulncheck.sh

.PHONY: vex
vex: ## Write which known vulnerabilities of dependencies the images do not have, in OpenVEX, to dist/ (VULNDB as for vulncheck).
	hack/vex.sh

.PHONY: scorecard
scorecard: ## Run the checks of the OpenSSF Scorecard that need no network, with the evidence for each.
	hack/scorecard.sh

.PHONY: sbom
sbom: build ## Write what is in each program to bin/sbom/, in CycloneDX.
	VERSION=$(VERSION) hack/sbom.sh $(patsubst cmd/%/,bin/%,$(wildcard cmd/*/))

.PHONY: reproducible
reproducible: ## Build twice from scratch, in different environments, and fail if a byte differs (PLATFORMS="linux/amd64 linux/arm64").
	VERSION=$(VERSION) hack/reproducible.sh

.PHONY: vet
vet: ## Run go vet in every module.
	go vet ./...
	go vet -tags=e2e ./test/e2e
	for module in images charts monitoring tools; do go -C hack/$$module vet ./...; done

.PHONY: install
install: ## Install the CRDs.
	kubectl apply -k config/crd

.PHONY: uninstall
uninstall: ## Remove the CRDs, and with them every MeetingRecording and RecordingPipeline.
	kubectl delete --ignore-not-found -k config/crd

.PHONY: run
run: build ## Run the manager on this machine, against the cluster of the current kubectl context.
	bin/manager --metrics-bind-address=0 --zap-devel
