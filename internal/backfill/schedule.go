// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backfill

import "time"

// schedule says when each session of the lookback must be checked again. A
// session is checked less and less often the longer ago it ended: files appear
// soon after a session, if they do. It is all that a Backfill remembers: about
// 150 bytes a session.
type schedule map[string]checked

// checked is the last check of a session.
type checked struct {
	next, seen int64 // seconds since 1970
	deliveries deliveries
}

// isDue reports whether the session must be checked now. It notes that the
// provider lists it.
func (s schedule) isDue(session string, now time.Time) bool {
	last, ok := s[session]
	if !ok {
		return true
	}
	last.seen = now.Unix()
	s[session] = last
	return last.next <= now.Unix()
}

// dropBefore forgets the sessions that were not listed since.
func (s schedule) dropBefore(since time.Time) {
	for session, last := range s {
		if last.seen < since.Unix() {
			delete(s, session)
		}
	}
}
