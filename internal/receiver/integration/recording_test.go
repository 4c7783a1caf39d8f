// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
)

// webhooksOf are the four of one recording.
func webhooksOf(session recorder.Session, path string) []string {
	return []string{
		webhook(session, "recording-starting"), webhook(session, "recording-started"),
		webhook(session, "recording-stopping"), webhook(session, "recording-stopped", path),
	}
}

// checkWhole fails the test unless the session is one stopped recording, with
// its file and so many deliveries of each event.
func checkWhole(t *testing.T, namespace string, session recorder.Session, path string, deliveries int32) {
	t.Helper()
	objects := chain(t, namespace, session)
	if len(objects) != 1 {
		t.Fatalf("%d objects", len(objects))
	}
	got := objects[0].Status.Recording
	want := &v1alpha1.RecordingFile{Path: path, URL: "https://cdn.example.com" + path}
	if got.State != v1alpha1.RecordingStopped || !cmp.Equal(want, got.File) || len(got.Events) != 4 {
		t.Errorf("recording %+v", got)
	}
	for _, e := range got.Events {
		if e.Deliveries != deliveries {
			t.Errorf("%d deliveries of %s, want %d", e.Deliveries, e.Type, deliveries)
		}
	}
}

// TestBudget is less than DESIGN's: one create and four patches for the four
// webhooks of a recording, and no get: the first goes without, the others by what
// the write before them was answered. Only who has forgotten looks.
func TestBudget(t *testing.T) {
	namespace := newNamespace(t)
	r := newReplica(t, namespace)
	for number := range 50 {
		session := newSession(t, number)
		for _, body := range webhooksOf(session, "/a.mp4") {
			if got := send(t, r, body); got != "recorded" {
				t.Errorf("result %q", got)
			}
		}
		if diff := cmp.Diff(map[string]int{"POST": 1, "PATCH": 4}, r.wire.take()); diff != "" {
			t.Errorf("requests of recording %d (-want +got):\n%s", number, diff)
		}
		checkWhole(t, namespace, session, "/a.mp4", 1)
	}
	session, restarted := newSession(t, 50), newReplica(t, namespace)
	webhooks := webhooksOf(session, "/a.mp4")
	send(t, r, webhooks[0])
	for _, body := range webhooks {
		send(t, restarted, body)
	}
	if diff := cmp.Diff(map[string]int{"POST": 1, "GET": 1, "PATCH": 4}, restarted.wire.take()); diff != "" {
		t.Errorf("requests after a restart (-want +got):\n%s", diff)
	}
}

// TestEveryOrder sends the four webhooks of a recording in each of their 24
// orders, each twice, through two replicas in turn.
func TestEveryOrder(t *testing.T) {
	namespace := newNamespace(t)
	replicas := []*replica{newReplica(t, namespace), newReplica(t, namespace)}
	var senders sync.WaitGroup
	orders := permutations(4)
	for number, order := range orders {
		senders.Go(func() {
			bodies := webhooksOf(newSession(t, number), "/a.mp4")
			for i, which := range order {
				send(t, replicas[i%2], bodies[which])
				send(t, replicas[(i+1)%2], bodies[which])
			}
		})
	}
	senders.Wait()
	if len(orders) != 24 {
		t.Fatalf("%d orders", len(orders))
	}
	for number := range orders {
		checkWhole(t, namespace, newSession(t, number), "/a.mp4", 2)
	}
}

// permutations returns every order of n things.
func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var orders [][]int
	for _, shorter := range permutations(n - 1) {
		for at := 0; at <= len(shorter); at++ {
			order := append(append(append([]int{}, shorter[:at]...), n-1), shorter[at:]...)
			orders = append(orders, order)
		}
	}
	return orders
}

// TestConcurrentSenders has 32 senders send one recording's webhooks at once, to
// two replicas, which share a few writes among them all.
func TestConcurrentSenders(t *testing.T) {
	namespace := newNamespace(t)
	replicas := []*replica{newReplica(t, namespace), newReplica(t, namespace)}
	session := newSession(t, 0)
	const senders = 32
	var all sync.WaitGroup
	for sender := range senders {
		all.Go(func() {
			for _, body := range webhooksOf(session, "/a.mp4") {
				send(t, replicas[sender%2], body)
			}
		})
	}
	all.Wait()
	checkWhole(t, namespace, session, "/a.mp4", senders)
	patches := replicas[0].wire.take()["PATCH"] + replicas[1].wire.take()["PATCH"]
	t.Logf("%d patches for %d webhooks", patches, 4*senders)
	if patches > 2*senders {
		t.Errorf("%d patches for %d webhooks", patches, 4*senders)
	}
}

// TestRaceForTheFirstEvent has two replicas find nothing, and create at once.
func TestRaceForTheFirstEvent(t *testing.T) {
	namespace := newNamespace(t)
	for number, bodies := range [][2]string{
		{"recording-starting", "recording-starting"}, {"recording-starting", "recording-started"}, {"recording-stopped", "recording-stopped"},
	} {
		t.Run(fmt.Sprint(bodies), func(t *testing.T) {
			session := newSession(t, number)
			var bothCreate sync.WaitGroup
			bothCreate.Add(2)
			var all sync.WaitGroup
			for _, eventType := range bodies {
				r := newReplica(t, namespace)
				var once sync.Once
				r.wire.set(func(request *http.Request, next http.RoundTripper) (*http.Response, error) {
					if request.Method == http.MethodPost {
						once.Do(func() { bothCreate.Done(); bothCreate.Wait() })
					}
					return next.RoundTrip(request)
				})
				all.Go(func() { send(t, r, webhook(session, eventType)) })
			}
			all.Wait()
			objects := chain(t, namespace, session)
			if len(objects) != 1 {
				t.Fatalf("%d objects", len(objects))
			}
			var deliveries int32
			for _, e := range objects[0].Status.Recording.Events {
				deliveries += e.Deliveries
			}
			if deliveries != 2 {
				t.Errorf("%d deliveries", deliveries)
			}
		})
	}
}

// TestLostTest has another replica write between read and patch.
func TestLostTest(t *testing.T) {
	namespace := newNamespace(t)
	r, other := newReplica(t, namespace), newReplica(t, namespace)
	session := newSession(t, 0)
	send(t, other, webhook(session, "recording-starting"))
	var once sync.Once
	r.wire.set(func(request *http.Request, next http.RoundTripper) (*http.Response, error) {
		if request.Method == http.MethodPatch {
			once.Do(func() { send(t, other, webhook(session, "recording-started")) })
		}
		return next.RoundTrip(request)
	})
	send(t, r, webhook(session, "recording-stopping"))
	if diff := cmp.Diff(map[string]int{"GET": 2, "PATCH": 2}, r.wire.take()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if got := chain(t, namespace, session)[0].Status.Recording; len(got.Events) != 3 || got.State != v1alpha1.RecordingStopping {
		t.Errorf("recording %+v", got)
	}
}

// outdated is a Store whose cache never moves on.
type outdated struct {
	*recorder.RESTStore
	seen map[int32]*recorder.Object // by segment; nil: it did not exist
}

func (s *outdated) Get(ctx context.Context, session recorder.Session, segment int32, fresh bool) (*recorder.Object, error) {
	if fresh {
		return s.RESTStore.Get(ctx, session, segment, true)
	}
	if object, seen := s.seen[segment]; seen && object == nil {
		return nil, recorder.ErrNotFound
	} else if seen {
		return object, nil
	}
	object, err := s.RESTStore.Get(ctx, session, segment, true)
	s.seen[segment] = object
	return object, err
}

// TestStaleReads places every event by what the cache first saw.
func TestStaleReads(t *testing.T) {
	namespace := newNamespace(t)
	r := newReplica(t, namespace)
	session := newSession(t, 0)
	w := recorder.Writer{Store: &outdated{r.store, map[int32]*recorder.Object{}}, Windows: windows}
	for _, ev := range []lifecycle.Event{
		event(v1alpha1.EventStarting), event(v1alpha1.EventStarted), event(v1alpha1.EventStopping),
		event(v1alpha1.EventStopped, "/a.mp4"), event(v1alpha1.EventStopped, "/a.mp4"), event(v1alpha1.EventStopped, "/b.mp4"),
	} {
		if written := w.Write(t.Context(), r.in(session), []lifecycle.Event{ev}); written[0].Err != nil {
			t.Fatal(written[0].Err)
		}
	}
	objects := chain(t, namespace, session)
	if len(objects) != 2 || objects[0].Status.Recording.File.Path != "/a.mp4" || objects[1].Status.Recording.File.Path != "/b.mp4" {
		t.Errorf("objects %+v", objects)
	}
}

// TestLostAnswers: a write that took effect, whose answer got lost, is done
// again as one more delivery, on the same object.
func TestLostAnswers(t *testing.T) {
	for number, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch} {
		t.Run(method, func(t *testing.T) {
			namespace := newNamespace(t)
			r := newReplica(t, namespace)
			var once sync.Once
			r.wire.set(func(request *http.Request, next http.RoundTripper) (*http.Response, error) {
				response, err := next.RoundTrip(request)
				if request.Method == method && err == nil {
					once.Do(func() {
						_, copyErr := io.Copy(io.Discard, response.Body)
						response, err = nil, errors.Join(errors.New("connection reset"), copyErr, response.Body.Close())
					})
				}
				return response, err
			})
			session := newSession(t, number)
			for _, body := range webhooksOf(session, "/a.mp4") {
				send(t, r, body)
			}
			if objects := chain(t, namespace, session); len(objects) != 1 || len(objects[0].Status.Recording.Events) != 4 {
				t.Errorf("objects %+v", objects)
			}
		})
	}
}

// TestForeignObject: somebody made an object of the name that a session's first
// recording would have.
func TestForeignObject(t *testing.T) {
	namespace := newNamespace(t)
	r := newReplica(t, namespace)
	session := newSession(t, 0)
	foreign := &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: lifecycle.Name(session.MeetingID, session.SessionID, 1)},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "mine", SessionID: "mine", Segment: 1},
	}
	if err := admin.Create(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	for _, body := range webhooksOf(session, "/a.mp4") {
		send(t, r, body)
	}
	checkWhole(t, namespace, session, "/a.mp4", 1)
	if got := chain(t, namespace, recorder.Session{SessionID: "mine"})[0].Status.Recording; len(got.Events) != 0 {
		t.Errorf("somebody's object was written: %+v", got)
	}
}

// TestObjectMadeByHand: one that a user made with the right ids is used.
func TestObjectMadeByHand(t *testing.T) {
	namespace := newNamespace(t)
	r := newReplica(t, namespace)
	session := newSession(t, 0)
	own := &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: lifecycle.Name(session.MeetingID, session.SessionID, 1)},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: session.MeetingID, SessionID: session.SessionID, Suspend: true},
	}
	if err := admin.Create(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	for _, body := range webhooksOf(session, "/a.mp4") {
		send(t, r, body)
	}
	checkWhole(t, namespace, session, "/a.mp4", 1)
	if !chain(t, namespace, session)[0].Spec.Suspend {
		t.Error("the user's wish was overwritten")
	}
}
