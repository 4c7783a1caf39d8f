// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package outbox decides when an event is written, and keeps it until then.
//
// There is one queue for each session: the order in which events are accepted is the order in which they are written. An event is in
// memory until it is written. When its sender is told that it is spooled, it is on disk, together with everything ahead of it.
//
// Three things decide when a queue is written: its due time, the health of its namespace, and the health of the API server. Health is a
// circuit breaker. Events whose senders wait and events from the spool have circuit breakers of their own, so that replaying a spool
// over a slow API server does not make new events wait for it.
//
// Sessions that are only on disk and have to wait are known by 16 bytes: they are parked in their order, and a queue is made when there
// is room to write them.
package outbox
