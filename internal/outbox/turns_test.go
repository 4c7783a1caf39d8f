// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// modelTurns is what turns does, session by session, without a heap.
type modelTurns map[string]*modelTurn

type modelTurn struct {
	due, notBefore, again time.Time
	busy, more            bool
}

func (t *modelTurn) at() time.Time {
	if t.notBefore.After(t.due) {
		return t.notBefore
	}
	return t.due
}

func (m modelTurns) note(session string, due time.Time) {
	t := m[session]
	switch {
	case t == nil:
		m[session] = &modelTurn{due: due}
	case t.busy && (!t.more || due.Before(t.again)):
		t.more, t.again = true, due
	case !t.busy && due.Before(t.due):
		t.due = due
	}
}

// first is when the next turn comes.
func (m modelTurns) first() (first time.Time, found bool) {
	for _, t := range m {
		if !t.busy && (!found || t.at().Before(first)) {
			first, found = t.at(), true
		}
	}
	return first, found
}

func (m modelTurns) done(session string, forget bool, again, notBefore time.Time) {
	t := m[session]
	switch {
	case t.more:
		m[session] = &modelTurn{due: t.again, notBefore: notBefore}
	case forget:
		delete(m, session)
	default:
		m[session] = &modelTurn{due: again, notBefore: notBefore}
	}
}

// TestTurns: whatever is noted, taken and done in whatever order, a session is
// with one writer at most, none is forgotten, and those whose turn has come
// first are first.
func TestTurns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		turns, model := newTurns(), modelTurns{}
		now := epoch
		var busy []string
		moment := func(label string) time.Time {
			return now.Add(time.Duration(rapid.IntRange(-20, 200).Draw(t, label)) * time.Millisecond)
		}
		t.Repeat(map[string]func(*rapid.T){
			"note": func(t *rapid.T) {
				session, due := fmt.Sprint(rapid.IntRange(0, 6).Draw(t, "session")), moment("due")
				turns.note(session, due)
				model.note(session, due)
			},
			"take": func(t *rapid.T) {
				first, waits := model.first()
				session, found, next := turns.take(now)
				switch {
				case found != (waits && !first.After(now)):
					t.Fatalf("found %t; the first is due at %s, waits %t, now %s", found, first, waits, now)
				case found:
					if m := model[session]; m == nil || m.busy || !m.at().Equal(first) {
						t.Fatalf("took %s, %+v, when the first was due at %s", session, m, first)
					}
					model[session].busy = true
					busy = append(busy, session)
				case waits != !next.IsZero() || (waits && !next.Equal(first)):
					t.Fatalf("next at %s, want %s", next, first)
				}
			},
			"done": func(t *rapid.T) {
				if len(busy) == 0 {
					t.Skip("nothing is being written")
				}
				at := rapid.IntRange(0, len(busy)-1).Draw(t, "which")
				forget, again, notBefore := rapid.Bool().Draw(t, "forget"), moment("again"), moment("not before")
				turns.done(busy[at], forget, again, notBefore)
				model.done(busy[at], forget, again, notBefore)
				busy = append(busy[:at], busy[at+1:]...)
			},
			"release": func(*rapid.T) {
				turns.release(func(string) bool { return true })
				for _, m := range model {
					if !m.busy {
						m.notBefore = time.Time{}
					}
				}
			},
			"time passes": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 150).Draw(t, "ms")) * time.Millisecond)
			},
			"": func(t *rapid.T) {
				if turns.busy != len(busy) || len(turns.sessions) != len(model) || len(turns.waiting) != len(model)-len(busy) {
					t.Fatalf("%d busy, %d known, %d waiting; want %d, %d, %d", turns.busy, len(turns.sessions), len(turns.waiting), len(busy), len(model), len(model)-len(busy))
				}
			},
		})
	})
}
