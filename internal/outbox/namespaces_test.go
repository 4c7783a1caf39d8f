// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

func inNamespace(namespace string, n int) recorder.Session {
	s := sessionNumber(n)
	s.Namespace = namespace
	return s
}

// cities are the stores of some namespaces, each of which can be barred.
type cities struct {
	mu     sync.Mutex
	stores map[string]*memoryStore
	barred map[string]bool
}

func newCities() *cities {
	return &cities{stores: map[string]*memoryStore{}, barred: map[string]bool{}}
}

func (c *cities) store(namespace string) *memoryStore {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stores[namespace] == nil {
		s := newMemoryStore()
		s.hook = func(call, _ string) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.barred[namespace] && call == "create" {
				return fmt.Errorf("create: %w", apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, namespace))
			}
			return nil
		}
		c.stores[namespace] = s
	}
	return c.stores[namespace]
}

func (c *cities) bar(namespace string, is bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.barred[namespace] = is
}

func (c *cities) write(home string) recorder.WriteFunc {
	return recorder.InNamespaces(home, func(namespace string) *recorder.Writer {
		return &recorder.Writer{Store: c.store(namespace), Windows: testWindows}
	})
}

// TestBarredNamespace: a namespace that does not exist costs the others nothing: not a moment of waiting, not a visit to the spool, and
// the API server little. Its own events wait, and are written once it exists.
func TestBarredNamespace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCities()
		c.bar("gone", true)
		kept := openSpool(t, t.TempDir())
		s, _ := newTestSpooling(kept, c.write(""))
		stop := running(s)
		record := func(session recorder.Session, want lifecycle.Result, atMost time.Duration) {
			t.Helper()
			begin := time.Now()
			o, err := s.Record(t.Context(), newDelivery(session, event(v1alpha1.EventStarting, 0)))
			if took := time.Since(begin); err != nil || o.Result != want || took > atMost {
				t.Errorf("%s: %v, %v after %s; want %s within %s", session.Namespace, o, err, took, want, atMost)
			}
		}
		const most = 3 * 800 * time.Millisecond
		for n := range breakerFailures {
			record(inNamespace("gone", n), Spooled, most)
		}
		for n := range 100 {
			if n == 0 {
				record(inNamespace("gone", 1000), Spooled, most) // its breaker tries one now and then
			}
			record(inNamespace("gone", 10+n), Spooled, 0)
			record(inNamespace("well", n), lifecycle.Recorded, 0)
		}
		c.store("gone").takeCalls()
		linger(t.Context(), time.Minute)
		if calls := len(c.store("gone").takeCalls()); calls > 60*12 {
			t.Errorf("asked %d times in a minute for a namespace that is not there", calls)
		}
		record(inNamespace("well", 1000), lifecycle.Recorded, 0)
		c.bar("gone", false)
		s.Flush(t.Context())
		record(inNamespace("gone", 2000), lifecycle.Recorded, 0)
		stop()
		if got := len(c.store("gone").objects); got != 3+1+100+1 {
			t.Errorf("%d objects", got)
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
}

// fullSpool is one that is filled so far.
type fullSpool struct {
	*spool.Store
	bytes int64
}

func (f fullSpool) Stats() spool.Stats {
	stats := f.Store.Stats()
	stats.Bytes = f.bytes
	return stats
}

// TestBarredNamespaceLeavesRoom: of the spool's second half nothing goes to a namespace that cannot be written in.
func TestBarredNamespaceLeavesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCities()
		c.bar("gone", true)
		kept := openSpool(t, t.TempDir())
		s, _ := newTestSpooling(fullSpool{kept, testSpoolBytes/barredShare + 1}, c.write(""))
		_, err := s.Record(t.Context(), newDelivery(inNamespace("gone", 1), event(v1alpha1.EventStarting, 0)))
		if !errors.Is(err, spool.ErrFull) || !strings.Contains(err.Error(), "takes no events of the namespace gone") {
			t.Errorf("error %v", err)
		}
		if o, err := s.Record(t.Context(), newDelivery(inNamespace("well", 1), event(v1alpha1.EventStarting, 0))); err != nil || o.Result != lifecycle.Recorded {
			t.Errorf("%v, %v", o, err)
		}
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestSpoolOfAnEarlierVersion: what a version without namespaces has left is read, comes before what is new of the session, and goes to
// the namespace that there was; without one it becomes a dead letter that says so.
func TestSpoolOfAnEarlierVersion(t *testing.T) {
	for _, tc := range []struct {
		home string
		want []string
		dead int
	}{
		{"home", []string{"home Starting", "home Started", "other Stopping"}, 0},
		{"", []string{"home Started", "other Stopping"}, 1},
	} {
		t.Run("home is "+tc.home, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				kept := openSpool(t, t.TempDir())
				old := `{"meetingId":"` + testMeeting + `","sessionId":"session-1","type":"Starting","source":"Webhook","receivedAt":"2026-11-23T12:00:00Z"}`
				if err := kept.Append(t.Context(), `["`+testMeeting+`","session-1"]`, json.RawMessage(old)); err != nil {
					t.Fatal(err)
				}
				var got []string
				s, _ := newTestSpooling(kept, func(ctx context.Context, session recorder.Session, events []lifecycle.Event) []recorder.Written {
					return recorder.InNamespaces(tc.home, func(namespace string) *recorder.Writer {
						for _, ev := range events {
							got = append(got, namespace+" "+string(ev.Type))
						}
						return &recorder.Writer{Store: newMemoryStore(), Windows: testWindows}
					})(ctx, session, events)
				})
				for i, session := range []recorder.Session{inNamespace("home", 1), inNamespace("other", 1)} {
					ev := event([]v1alpha1.EventType{v1alpha1.EventStarted, v1alpha1.EventStopping}[i], float64(i))
					if o, err := s.Record(t.Context(), newDelivery(session, ev)); err != nil || o.Result != Spooled {
						t.Errorf("%v, %v", o, err)
					}
				}
				stop := running(s)
				s.Flush(t.Context())
				stop()
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("written (-want +got):\n%s", diff)
				}
				dead := 0
				if err := kept.Each(func(r spool.Record) error {
					dead++
					if !strings.Contains(r.Reason, "start the sidecar with --namespace") {
						t.Errorf("reason %s", r.Reason)
					}
					return nil
				}); err != nil || dead != tc.dead {
					t.Errorf("%d dead letters, %v", dead, err)
				}
				if err := kept.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestSpooledEventIsReadByEarlierVersions: they know all of the fields but the namespace, and the session's name is only a name to them.
func TestSpooledEventIsReadByEarlierVersions(t *testing.T) {
	payload, err := encodeSpooled(newDelivery(inNamespace("team-a", 1), event(v1alpha1.EventStopped, 0, "/file")))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(payload, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"namespace": "team-a", "meetingId": testMeeting, "sessionId": "session-1", "type": "Stopped", "source": "Webhook",
		"filePath": "/file", "fileUrl": "https://cdn.example.com/file", "receivedAt": "2026-11-23T12:00:00Z",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("payload (-want +got):\n%s", diff)
	}
	if back, err := decodeSpooled(payload); err != nil || back.Session != inNamespace("team-a", 1) {
		t.Errorf("%+v, %v", back, err)
	}
}
