// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package diagnostics is what people look into a running binary with: a log level that can be changed, profiles, and which build it
// is. They are served on an address of the Pod's own loopback, which `kubectl exec` and `kubectl port-forward` reach and nobody else.
package diagnostics
