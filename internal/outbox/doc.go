// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package outbox decides when an event is written, and keeps it until then: in memory, and on the disk of a [spool.Store] where the API
// server does not take it in time.
package outbox
