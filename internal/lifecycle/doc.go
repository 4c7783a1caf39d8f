// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package lifecycle holds the rules of recordings as pure functions: how the
// objects of a session are named, which of them an event belongs to, and what
// an event makes of it. It has no client, no clock and no logger: what was
// read, and when the event arrived, are arguments.
//
// The objects of a session form a chain of segments, counted from 1; each is
// one recording. The chain ends at the first name that does not exist. A
// segment is open until it has an event of type Stopped or Failed. The next
// segment is created only when the one before it is closed, so a reader that
// walks the chain from 1 may stop at the first open one, see [NeedsNext].
//
// What the rules keep, whatever is lost, doubled, late or raced for, provided
// that a writer honours the whole [Decision]:
//
//   - every file path is on exactly one segment;
//   - every event is in some segment's status, as an entry or as a delivery;
//   - without loss, the events of one recording, in any order and doubled,
//     within the [Windows], end in one segment with the same state and file.
//
// Clients' events may tell of a recording before webhooks do. They never end
// one, and whatever they say, webhooks end up where they would without them.
package lifecycle
