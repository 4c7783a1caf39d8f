// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs runs the commands of README.md and docs/, and compares the output that the pages show. hack/tools/docs has the classes
// of blocks: those without a class run here against an API server that has recordings and no manager, those of the class usage with
// --help. Those of the class cluster run on the cluster of make demo, by make demo-docs.
package docs
