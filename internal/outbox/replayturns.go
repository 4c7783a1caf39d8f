// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"time"
)

// sooner returns the first of two times, of which one may be zero: never.
func sooner(maybe, sure time.Time) time.Time {
	if maybe.IsZero() || sure.Before(maybe) {
		return sure
	}
	return maybe
}

// idle returns at next, or when something has changed.
func (r *replayer) idle(ctx context.Context, next time.Time) {
	timer := time.NewTimer(next.Sub(r.Now()))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.woken:
	case <-ctx.Done():
	}
}

// next returns the session to write now; or if there is none, when to ask again
// unless something changes before.
func (r *replayer) next() (session string, found bool, next time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	if at := r.room(now); at.IsZero() || at.After(now) {
		return "", false, at
	}
	for {
		session, found, next := r.turns.take(now)
		if !found || !r.isBarred(session, now) {
			return session, found, next
		}
	}
}

// room returns when there is room for one more session to be written; zero if
// not before one of them is done. It is called with mu held.
func (r *replayer) room(now time.Time) time.Time {
	busy := r.turns.busy
	switch {
	case r.outages > 0 && busy == 0:
		return r.resumeAt
	case r.outages > 0:
		return time.Time{}
	case !r.First && busy < replayWorkers, r.First && busy < maxWorkers && !now.Before(r.crowd.until):
		return now
	case !r.First || busy >= maxWorkers || r.turns.first().IsZero():
		return time.Time{}
	}
	late := r.turns.first().Add(crowdPatience + time.Duration(busy)*workerStep)
	return sooner(r.crowd.until, late)
}

// done ends a session's turn, and gives it the next one if it needs one.
func (r *replayer) done(session string) {
	waits := r.Spool.Has(session)
	isEmpty := r.Spool.Stats().Events == 0
	r.mu.Lock()
	r.barred[namespaceOfKey(session)].left(session)
	var notBefore time.Time
	if p := r.pauses[session]; p != nil {
		notBefore = p.until
	}
	r.turns.done(session, !waits, r.Now(), notBefore)
	isNews := isEmpty && r.tell
	if isEmpty {
		r.tell = false
	}
	r.mu.Unlock()
	if isNews {
		r.Log.Info("spool replayed: nothing waits in it any more")
	}
	r.wake()
}
