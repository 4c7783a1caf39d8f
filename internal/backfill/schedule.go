// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backfill

import (
	"crypto/sha256"
	"time"
)

// schedule says when each session of the lookback must be checked again. A
// session is checked less and less often the longer ago it ended: files appear
// soon after a session, if they do. It is all that a Backfill remembers: about
// 50 bytes a session, without a pointer, so that the garbage collector need not
// look at them.
type schedule map[key]checked

// key stands for an id, or for several together.
type key [16]byte

func keyOf(id string) key {
	sum := sha256.Sum256([]byte(id))
	return key(sum[:])
}

// checked is the last check of a session.
type checked struct {
	next, seen uint32 // seconds since 1970
	// webhooks are those that the provider's account had then.
	webhooks counts
}

func seconds(t time.Time) uint32 { return uint32(max(0, t.Unix())) } //nolint:gosec // until 2106

// isDue reports whether the session must be checked now. It notes that the
// provider lists it.
func (s schedule) isDue(session string, now time.Time) bool {
	k := keyOf(session)
	last, ok := s[k]
	if !ok {
		return true
	}
	last.seen = seconds(now)
	s[k] = last
	return last.next <= seconds(now)
}

// dropBefore forgets the sessions that were not listed since.
func (s schedule) dropBefore(since time.Time) {
	for session, last := range s {
		if last.seen < seconds(since) {
			delete(s, session)
		}
	}
}
