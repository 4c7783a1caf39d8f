// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
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
	last       time.Time
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
	l.last = ev.ReceivedAt
	return recorder.Outcome{Result: l.result, Recording: "meetings/a"}, nil
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

// The cost of one captured webhook that is sent 2,000 times a second: one write a second, and each delivery is counted.
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
				time.Sleep(f.Replays.window) //nolint:forbidigo // the bubble's clock
				synctest.Wait()
				writes, deliveries := to.counted()
				most := (maxReplayWrites + 1) * (seconds/int(f.Replays.window.Seconds()) + 1)
				if writes > most || deliveries != perSecond*seconds {
					t.Errorf("%d webhooks cost %d writes, want %d at most, which counted %d", perSecond*seconds, writes, most, deliveries)
				}
				t.Logf("%d webhooks cost %d writes", perSecond*seconds, writes)
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
