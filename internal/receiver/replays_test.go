// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

// ledger is a Recorder that counts what it is given.
type ledger struct {
	result lifecycle.Result
	err    error

	mu         sync.Mutex
	writes     int
	deliveries map[string]int
}

func (l *ledger) Record(_ context.Context, ev recorder.Event) (recorder.Outcome, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writes++
	if l.err != nil {
		return recorder.Outcome{}, l.err
	}
	if l.deliveries == nil {
		l.deliveries = map[string]int{}
	}
	l.deliveries[ev.SessionID] += int(max(ev.Deliveries, 1))
	return recorder.Outcome{Result: l.result, Recording: "meetings/a"}, nil
}

func (l *ledger) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

func (l *ledger) counted() (writes, deliveries int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range l.deliveries {
		deliveries += n
	}
	return l.writes, deliveries
}

// post sends a signed body, and returns the answer's code and text.
func (f *fixture) post(t *testing.T, body, signature string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, WebhookPath, strings.NewReader(body))
	r.Header.Set(videosdk.SignatureHeader, signature)
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func replaying(t *testing.T, to Recorder) *fixture {
	t.Helper()
	f := newFixture(t, to)
	f.Now, f.Replays = time.Now, NewReplays(5*time.Second)
	return f
}

// The cost of one captured webhook that is sent 2,000 times a second: less than one write a second, and each delivery is counted.
func TestCapturedWebhookCostsFewWrites(t *testing.T) {
	const perSecond, seconds = 2000, 20
	for _, result := range []lifecycle.Result{lifecycle.Recorded, outbox.Spooled} {
		t.Run(string(result), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				to := &ledger{result: result}
				f := replaying(t, to)
				f.Verifier = Unverified{} // what verifying costs is not the question
				for range seconds {
					for range perSecond {
						if code, text := f.post(t, goodBody, ""); code != http.StatusOK && code != http.StatusAccepted {
							t.Fatalf("answered %d %s", code, text)
						}
					}
					time.Sleep(time.Second) //nolint:forbidigo // the bubble's clock
				}
				f.post(t, goodBody, "") // of the next window, so it counts those of the last
				writes, deliveries := to.counted()
				most := maxReplayWrites*seconds/int(f.Replays.window.Seconds()) + 1
				if writes > most || deliveries != perSecond*seconds+1 {
					t.Errorf("%d webhooks cost %d writes, want %d at most, which counted %d", perSecond*seconds+1, writes, most, deliveries)
				}
				t.Logf("%d webhooks cost %d writes", perSecond*seconds+1, writes)
			})
		})
	}
}

// What a provider repeats is written each time, as are webhooks that differ, in the body or in the namespace, and those that were not durable.
func TestOrdinaryWebhooksAreWritten(t *testing.T) {
	body := func(session int) string {
		return fmt.Sprintf(`{"webhookType":"recording-started","data":{"meetingId":"%s","sessionId":"%d"}}`, testMeeting, session)
	}
	t.Run("a few times", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			to := &ledger{result: lifecycle.Duplicate}
			f := replaying(t, to)
			for range maxReplayWrites {
				f.post(t, goodBody, sign(t, []byte(goodBody)))
			}
			if writes, _ := to.counted(); writes != maxReplayWrites {
				t.Errorf("%d writes", writes)
			}
			time.Sleep(f.Replays.window + time.Millisecond) //nolint:forbidigo // the bubble's clock
			f.post(t, goodBody, sign(t, []byte(goodBody)))
			if writes, _ := to.counted(); writes != maxReplayWrites+1 {
				t.Errorf("%d writes once the window is over", writes)
			}
		})
	})
	t.Run("a few times after failures", func(t *testing.T) {
		to := &ledger{result: lifecycle.Recorded}
		f := replaying(t, to)
		to.fail(errAway)
		for range 3 {
			f.post(t, goodBody, sign(t, []byte(goodBody)))
		}
		to.fail(nil)
		for range maxReplayWrites {
			f.post(t, goodBody, sign(t, []byte(goodBody)))
		}
		if _, deliveries := to.counted(); deliveries != maxReplayWrites {
			t.Errorf("%d of %d deliveries are written", deliveries, maxReplayWrites)
		}
	})
	t.Run("others", func(t *testing.T) {
		to := &ledger{result: lifecycle.Recorded}
		f := replaying(t, to)
		for i := range 100 {
			f.post(t, body(i), sign(t, []byte(body(i))))
		}
		if writes, _ := to.counted(); writes != 100 {
			t.Errorf("%d writes of 100", writes)
		}
	})
	t.Run("not durable", func(t *testing.T) {
		to := &ledger{err: errAway}
		f := replaying(t, to)
		for range 20 {
			if code, _ := f.post(t, goodBody, sign(t, []byte(goodBody))); code != http.StatusServiceUnavailable {
				t.Errorf("answered %d", code)
			}
		}
		if writes, _ := to.counted(); writes != 20 {
			t.Errorf("%d writes were tried of 20", writes)
		}
	})
}

// A count is written with a webhook that arrives, in its place: by itself it could follow what came after it, as the next recording's start.
func TestCountIsWrittenWithAWebhook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &ledger{result: lifecycle.Recorded}
		f := replaying(t, to)
		for range maxReplayWrites + 3 {
			f.post(t, goodBody, sign(t, []byte(goodBody)))
		}
		time.Sleep(2 * f.Replays.window) //nolint:forbidigo // the bubble's clock
		synctest.Wait()
		if writes, deliveries := to.counted(); writes != maxReplayWrites || deliveries != maxReplayWrites {
			t.Errorf("%d writes counted %d, want %d: something was written that did not arrive", writes, deliveries, maxReplayWrites)
		}
		to.fail(errAway)
		f.post(t, goodBody, sign(t, []byte(goodBody))) // leaves the count to the next
		to.fail(nil)
		f.post(t, goodBody, sign(t, []byte(goodBody)))
		if _, deliveries := to.counted(); deliveries != maxReplayWrites+3+1 {
			t.Errorf("%d deliveries counted, want %d", deliveries, maxReplayWrites+3+1)
		}
	})
}

// An answer of an earlier window says nothing of this one's webhooks.
func TestOldAnswerIsNotGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &ledger{result: lifecycle.Recorded}
		f := replaying(t, to)
		for range maxReplayWrites + 1 {
			f.post(t, goodBody, sign(t, []byte(goodBody)))
		}
		to.fail(errAway)
		time.Sleep(f.Replays.window) //nolint:forbidigo // the bubble's clock
		for range 2 * maxReplayWrites {
			if code, _ := f.post(t, goodBody, sign(t, []byte(goodBody))); code != http.StatusServiceUnavailable {
				t.Fatalf("answered %d, although nothing is durable", code)
			}
		}
	})
}

// Who changes a signature gets no answer from memory.
func TestReplayNeedsTheSignature(t *testing.T) {
	f := replaying(t, &ledger{result: lifecycle.Recorded})
	for range 10 {
		f.post(t, goodBody, sign(t, []byte(goodBody)))
	}
	if code, text := f.post(t, goodBody, sign(t, []byte("another"))); code != http.StatusUnauthorized {
		t.Errorf("answered %d %s", code, text)
	}
	if code, text := f.post(t, goodBody, sign(t, []byte(goodBody))); code != http.StatusOK || !strings.Contains(text, `"result":"duplicate","recording":"meetings/a"`) {
		t.Errorf("a replay was answered %d %s", code, text)
	}
}

// slowly is a body that takes long to arrive.
type slowly struct {
	io.Reader
	takes time.Duration
}

func (s *slowly) Read(p []byte) (int, error) {
	<-time.After(s.takes)
	s.takes = 0
	return s.Reader.Read(p)
}

// Whoever sends the body of a captured webhook long after its headers begins no new window, and neither does a clock that jumps.
func TestLateBodiesCostNoWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &ledger{result: lifecycle.Recorded}
		f := replaying(t, to)
		f.Verifier = Unverified{}
		var requests atomic.Int32
		f.Now = func() time.Time { return time.Now().Add(time.Duration(requests.Add(1)%5-2) * time.Minute) }
		var senders sync.WaitGroup
		const seconds = 20
		for range 10 * seconds {
			for _, takes := range []time.Duration{0, f.Replays.window + time.Second} {
				senders.Go(func() {
					r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, WebhookPath, &slowly{strings.NewReader(goodBody), takes})
					f.ServeHTTP(httptest.NewRecorder(), r)
				})
			}
			time.Sleep(100 * time.Millisecond) //nolint:forbidigo // the bubble's clock
		}
		senders.Wait()
		if writes, _ := to.counted(); writes > maxReplayWrites*(seconds/int(f.Replays.window.Seconds())+2) {
			t.Errorf("%d webhooks cost %d writes", 20*seconds, writes)
		}
	})
}

// A replay that is answered from memory is not on disk, and whoever repeats it does not fill the log.
func TestReplaysDoNotFillTheLog(t *testing.T) {
	f := replaying(t, &ledger{result: outbox.Spooled})
	for range 10 * maxReplayWrites {
		f.post(t, goodBody, sign(t, []byte(goodBody)))
	}
	if got := strings.Count(f.log.String(), "Event spooled on disk"); got != maxReplayWrites {
		t.Errorf("%d events are spooled, says the log, want %d", got, maxReplayWrites)
	}
}
