// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// aLifesCalls returns the calls of a replica that nothing disturbs.
func aLifesCalls(t *testing.T) []string {
	t.Helper()
	l, r := newLife(t), newReplica(nil)
	r.settle(t, l.recording)
	for phase := range phases {
		l.advance(t, phase)
		r.settle(t, l.recording)
	}
	l.check(t)
	if n := len(r.tripwire.calls); n < 10 {
		t.Fatalf("%d calls: %q", n, r.tripwire.calls)
	}
	return r.tripwire.calls
}

// sides are before and after a call. After a read is the same as before the next call.
func sides(call string) []bool {
	if call == createCall || call == patchCall {
		return []bool{false, true}
	}
	return []bool{false}
}

// A controller that is killed between any two of its calls of the API server, reads included, and before or after one arrived, leaves
// a successor, which knows nothing, that goes on: each step's Job once, and the same outcome.
func TestKilledBetweenAnyTwoCalls(t *testing.T) {
	for i, call := range aLifesCalls(t) {
		for _, behind := range sides(call) {
			t.Run(fmt.Sprintf("%d %s taken %t", i+1, call, behind), func(t *testing.T) {
				t.Parallel()
				l, r := newLife(t), newReplica(nil)
				r.tripwire.at, r.tripwire.behind, r.tripwire.trip = i+1, behind, r.tripwire.kill
				settle := func() {
					r.settle(t, l.recording)
					if r.tripwire.isDead() {
						r = newReplica(nil)
						r.settle(t, l.recording)
					}
				}
				killed := r
				settle()
				for phase := range phases {
					l.advance(t, phase)
					settle()
				}
				l.check(t)
				if !killed.tripwire.isDead() {
					t.Errorf("it was not killed: its calls were %q", killed.tripwire.calls)
				}
			})
		}
	}
}

// A leader that hangs within any of its calls, long enough for another to take over, and wakes up when that one has done a part or all of
// the work: each step's Job once, and nothing that the other has recorded is undone.
//
// While it hangs in the very call that creates a Job, no Job of the recording may go: that a Job which was finished and has gone is
// created again by such a call is the one thing that cannot be excluded, see docs/explanation/reliability.md.
func TestLeaderHangsInAnyCall(t *testing.T) {
	for i, call := range aLifesCalls(t) {
		for _, behind := range sides(call) {
			for _, doesAll := range []bool{false, true} {
				t.Run(fmt.Sprintf("%d %s taken %t, the other does all %t", i+1, call, behind, doesAll), func(t *testing.T) {
					t.Parallel()
					hangs(t, i+1, behind, doesAll, call == createCall && !behind)
				})
			}
		}
	}
}

func hangs(t *testing.T, at int, behind, doesAll, spare bool) {
	l, old := newLife(t), newReplica(nil)
	l.spare = spare
	hung, wakes, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	old.tripwire.at, old.tripwire.behind = at, behind
	old.tripwire.trip = func() error {
		close(hung)
		<-wakes
		old.epoch.Add(1) // it leads again, and another did in between
		return nil
	}
	phase := 0
	go func() { // the old leader, until it has hung
		defer close(done)
		for old.settle(t, l.recording); !isClosed(wakes) && phase < phases; old.settle(t, l.recording) {
			l.advance(t, phase)
			phase++
		}
	}()
	select {
	case <-hung:
	case <-done:
		t.Fatalf("it does not hang: its calls were %q", old.tripwire.calls)
	}
	other := newReplica(nil)
	other.settle(t, l.recording)
	for doesAll && phase < phases {
		l.advance(t, phase)
		phase++
		other.settle(t, l.recording)
	}
	before := stored(t, l.recording)
	close(wakes)
	<-done
	for ; phase < phases; phase++ {
		l.advance(t, phase)
		old.settle(t, l.recording)
	}
	if doesAll {
		if diff := cmp.Diff(before.Status, stored(t, l.recording).Status); diff != "" {
			t.Errorf("the old leader changed what was recorded (-before +after)\n%s", diff)
		}
	}
	l.check(t)
}

// A leader that was stopped while it asked whether the recording is unchanged does not believe the answer, and asks again.
func TestLeaderHangsWhileItAsks(t *testing.T) {
	l, r := newLife(t), newReplica(nil)
	for i, call := range aLifesCalls(t) {
		if call == createCall {
			r.tripwire.at = i // the call before it, which asks
			break
		}
	}
	r.tripwire.behind, r.tripwire.trip = true, func() error { r.epoch.Add(1); return nil }
	if err := r.once(l.recording); err != nil || jobCount(t, l.ns) != 0 {
		t.Errorf("%v, and %d Jobs; want neither", err, jobCount(t, l.ns))
	}
	r.settle(t, l.recording)
	l.jobs.expect(t, l.ns, len(lifeSteps))
}

func isClosed(channel chan struct{}) bool {
	select {
	case <-channel:
		return true
	default:
		return false
	}
}
