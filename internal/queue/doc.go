// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package queue decides whose turn it is: which steps of a namespace may have their Jobs, where pipelines bound how many of theirs
// are at work at once. It is pure: it has no client, no clock and no lock, and learns of everything by calls.
//
// A step asks for its turn with a [Ticket]. It waits in the line of its pipeline, in the order in which recordings ended, until
// fewer Jobs than the limit are at work and nobody is before it. A turn that is given counts as a Job at work from that moment on,
// so that no interleaving of calls can exceed the limit. Every method returns the recordings that are now to be looked at, by name,
// so that nobody has to ask over and over.
//
// A recording that will be looked at in a moment, and may then ask for a turn that is before others', is announced by
// [Lines.Arrive]. No turn is given past it until it has been looked at: a controller with several workers, or one that has just
// started and looks at thousands of recordings in no particular order, so keeps to the order all the same.
package queue
