// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package cli is the kubectl plugin kubectl-recording. Each command gathers what it needs from the API server with the
// user's own kubeconfig; package view lays objects out as text, and package diagnosis decides why a recording is not done.
// Both are pure.
package cli
