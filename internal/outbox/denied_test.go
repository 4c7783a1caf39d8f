// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// TestDeniedInOneNamespace: an admission webhook or policy that denies, with whatever code, or that cannot be reached, says nothing about
// other namespaces.
func TestDeniedInOneNamespace(t *testing.T) {
	deny := func(code int32, by string) error {
		return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: code, Message: by}}
	}
	const webhook = `admission webhook "policy.example.com" denied the request: no`
	for name, denied := range map[string]error{
		"denied":            deny(400, webhook),
		"denied with a 401": deny(401, `ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no`),
		"denied with a 500": deny(500, webhook), // as admission.Errored of controller-runtime does
		"not reached":       apierrors.NewInternalError(errors.New(`failed calling webhook "policy.example.com": failed to call webhook: connection refused`)),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				w.server.set(func(_ lifecycle.Event, s recorder.Session) error {
					if s.Namespace == "a" {
						return denied
					}
					return nil
				})
				for session := range 3 {
					w.expect(t, eventIn("a", session, 0), Spooled, 3*time.Second)
				}
				w.expect(t, eventIn("b", 9, 0), lifecycle.Recorded, time.Second)
				w.end(t)
			})
		})
	}
}

// TestRefusedSessionsDelayNoOther: however many sessions cannot be written, one that can be is not spooled for longer than a moment.
func TestRefusedSessionsDelayNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		const refused = 60
		well := newEvent(refused, 0)
		w.server.set(func(_ lifecycle.Event, s recorder.Session) error {
			if s == well.Session {
				return nil
			}
			return apierrors.NewInternalError(errors.New(`failed calling webhook "policy.example.com": connection refused`))
		})
		for session := range refused {
			w.expect(t, newEvent(session, 0), Spooled, 3*time.Second)
		}
		pass(2 * time.Minute)
		w.expect(t, newEvent(refused+1, 0), Spooled, 3*time.Second) // which opens the circuit breaker
		w.expect(t, well, Spooled, 0)
		pass(3 * time.Second)
		if got := w.server.of(well); len(got) != 1 {
			t.Errorf("after 3 s it is written %d times", len(got))
		}
		w.expect(t, eventIn("meetings", refused, 1), lifecycle.Recorded, time.Second)
		w.server.set(nil)
		w.flush(t)
		for session := range refused {
			if got := w.server.of(newEvent(session, 0)); len(got) != 1 {
				t.Errorf("session %d is written %d times", session, len(got))
			}
		}
		w.end(t)
	})
}

// TestRefusedOnceIsTriedAgain: a session that was refused once is tried again, even if others are refused faster than they can be tried.
func TestRefusedOnceIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		denied := apierrors.NewInternalError(errors.New(`failed calling webhook "policy.example.com": connection refused`))
		w.server.set(always(denied))
		once := newEvent(0, 0)
		for session := range 4 {
			w.expect(t, newEvent(session, 0), Spooled, 3*time.Second)
		}
		pass(20 * time.Second)
		w.server.set(func(_ lifecycle.Event, s recorder.Session) error {
			if s == once.Session {
				return nil
			}
			return denied
		})
		for session := 4; session < 2000 && len(w.server.of(once)) == 0; session++ {
			go func() { _, _ = w.Record(t.Context(), newEvent(session, 0)) }()
			pass(300 * time.Millisecond)
		}
		if len(w.server.of(once)) == 0 {
			t.Error("it is not written after 10 min")
		}
		w.end(t)
	})
}

// TestDeniedForADay: what an admission webhook has denied for a day, with a code of the API server's own, is a dead letter.
func TestDeniedForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.server.set(func(lifecycle.Event, recorder.Session) error {
			return apierrors.NewInternalError(errors.New(`admission webhook "policy.example.com" denied the request: no`))
		})
		w.expect(t, eventIn("a", 0, 0), Spooled, 3*time.Second)
		pass(25 * time.Hour)
		if stats := w.store.Stats(); stats.Events > 0 || stats.DeadLetters != 1 {
			t.Errorf("after more than a day %+v", stats)
		}
		w.end(t)
	})
}

// TestHangingNamespace: an admission webhook that is slow in one namespace, or hangs for as long as it may, costs the others nothing for
// longer than its first answer takes.
func TestHangingNamespace(t *testing.T) {
	uncalled := apierrors.NewInternalError(errors.New(`failed calling webhook "policy.example.com": context deadline exceeded`))
	for name, tc := range map[string]struct {
		hang   time.Duration
		answer error
	}{"slow": {5 * time.Second, nil}, "hangs": {10 * time.Second, uncalled}, "hangs for long": {30 * time.Second, uncalled}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(o *Options) {
					write := o.Write
					o.Write = func(ctx context.Context, session recorder.Session, events []lifecycle.Event) []recorder.Written {
						if session.Namespace != "a" {
							return write(ctx, session, events)
						}
						select {
						case <-time.After(tc.hang):
						case <-ctx.Done():
							return failAll(events, ctx.Err())
						}
						if tc.answer != nil {
							return failAll(events, tc.answer)
						}
						return write(ctx, session, events)
					}
				})
				var senders sync.WaitGroup
				var waited atomic.Int32
				spooled := 0
				for n := range 900 {
					senders.Go(func() {
						begin := time.Now()
						w.expect(t, eventIn("a", n, 0), Spooled, 2500*time.Millisecond)
						if n > 450 && time.Since(begin) > time.Second {
							waited.Add(1)
						}
					})
					if n%50 == 0 {
						outcome, err := w.Record(t.Context(), eventIn("b", n, 0))
						if err != nil {
							t.Error(err)
						}
						if n >= 450 && outcome.Result == Spooled {
							spooled++
						}
					}
					pass(200 * time.Millisecond)
				}
				senders.Wait()
				if spooled > 0 || waited.Load() > 50 { // one probe in two seconds
					t.Errorf("%d of 9 events of the other namespace are spooled, and %d of 450 senders of the hanging one waited", spooled, waited.Load())
				}
				for n := 0; n < 900; n += 50 {
					if got := w.server.of(eventIn("b", n, 0)); len(got) != 1 {
						t.Errorf("event %d of the other namespace is written %d times", n, len(got))
					}
				}
				w.end(t)
			})
		})
	}
}

// TestSlowServerMayUseTheWholeSpool: while all writes are slow, no namespace is to blame.
func TestSlowServerMayUseTheWholeSpool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		used := &usedSpool{}
		w := newWorld(t, func(o *Options) { used.Store = o.Spool.(*spool.Store); o.Spool = used })
		w.server.delay = func() time.Duration { return 3 * time.Second }
		for n := range 4 * openAfter {
			w.expect(t, newEvent(n, 0), Spooled, 2500*time.Millisecond)
			pass(openFor)
		}
		synctest.Wait() // nobody asks for the stats while they change
		used.stats = spool.Stats{MaxBytes: testSpoolBytes, Bytes: testSpoolBytes/refusedShare + 1}
		w.expect(t, newEvent(100, 0), Spooled, 2500*time.Millisecond)
		w.end(t)
	})
}
