// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package lifecycle holds the rules of recordings as pure functions: how the
// objects of a session are named, which of them an event belongs to, and what
// the event changes. It has no client, no clock and no logger: what was read,
// and when the event arrived, are arguments.
//
// The objects of a session form a chain of segments, counted from 1; each is
// one recording. The chain ends at the first name that does not exist. A
// segment is open until it has an event of type Stopped or Failed. A reader
// walks the chain from 1 and stops where [NeedsNext] says so.
//
// If a writer honours the whole [Decision], the rules guarantee, in spite of
// losses, duplicates, delays and races:
//
//   - every file is on exactly one segment;
//   - every event is in some segment's status, as an entry or as a delivery,
//     and a write whose response was lost is not repeated;
//   - without loss, the events of one recording, in any order and duplicated,
//     within the [Windows], end in one segment with the same state and file.
//
// The provider's ids are evidence: they keep overlapping recordings apart if
// they are consistent, and change nothing if each event has its own.
//
// Clients' events may report a recording before webhooks do. They never end
// one, and webhooks are placed as if there were no clients' events.
package lifecycle
