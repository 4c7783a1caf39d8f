// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package diagnostics serves what people need to debug a running binary: its log level, profiles, and its build. They are served on the
// Pod's loopback address, which only `kubectl exec` and `kubectl port-forward` reach.
package diagnostics
