// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"maps"
	"time"
)

// bar is a namespace that the API server lets us write nothing in. One session of it tries from time to time, and the others wait.
type bar struct {
	pause
	trying string // the session that tries, empty if none does
}

// left tells that a session is not being written any more; of no bar it is of no interest.
func (b *bar) left(session string) {
	if b != nil && b.trying == session {
		b.trying = ""
	}
}

// isBarred tells whether a session whose turn has come must wait because nothing can be written in its namespace, and if so gives its turn back.
// It is called with mu held.
func (r *replayer) isBarred(session string, now time.Time) bool {
	b := r.barred[namespaceOfKey(session)]
	if b == nil {
		return false
	}
	notBefore := b.until
	switch {
	case b.trying != "":
		// unbar ends the wait when that session succeeds.
		notBefore = now.Add(maxReplayPause)
	case !now.Before(b.until):
		b.trying = session
		return false
	}
	r.turns.done(session, false, now, notBefore)
	return true
}

// unbar ends what a namespace's sessions wait for. It is called with mu held.
func (r *replayer) unbar(namespace string) {
	b := r.barred[namespace]
	if b == nil {
		return
	}
	delete(r.barred, namespace)
	isOfIt := func(session string) bool { return namespaceOfKey(session) == namespace }
	maps.DeleteFunc(r.pauses, func(session string, _ *pause) bool { return isOfIt(session) })
	r.turns.release(isOfIt)
	if b.failures > 1 {
		r.Log.Info("API server takes events of a namespace again: replaying the spool", "namespace", namespace)
	}
}

// bar notes that nothing can be written in a namespace. It is called with mu held.
func (r *replayer) bar(namespace string, err error) {
	b := r.barred[namespace]
	if b == nil {
		b = &bar{}
		r.barred[namespace] = b
	}
	b.next(r.Now())
	if b.failures == 2 { // one may be the event's own
		r.Log.Error(err, "API server takes no events of a namespace: they are kept in the spool until it does; see that the namespace exists and the sidecar has its rights there",
			"namespace", namespace)
	}
}
