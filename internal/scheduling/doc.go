// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package scheduling decides which steps of a namespace may have their Jobs, where pipelines or steps limit how many of theirs run at
// once (maxConcurrent). It is pure: it has no client, no clock and no lock, and learns everything by calls.
//
// A step asks for a slot with a [Request]. It waits in its queue, in the order in which recordings ended, until fewer Jobs than the
// limit run and it is first. A granted slot counts as a running Job from that moment on, so that no interleaving of calls can exceed the
// limit. Every method returns the recordings that should be reconciled now, by name, so that nobody has to poll.
package scheduling
