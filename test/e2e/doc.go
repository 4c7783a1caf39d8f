// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package e2e tests the operator on a real Kubernetes, with real Pods, installed as a user would. Its tests have the build tag e2e, and run by
// make e2e; docs/how-to/local-cluster.md says how, and on which cluster.
package e2e
