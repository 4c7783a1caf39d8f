// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
)

// event is a delivery now; with a path it names a file.
func event(eventType v1alpha1.EventType, path ...string) lifecycle.Event {
	ev := lifecycle.Event{Type: eventType, Source: v1alpha1.EventSourceWebhook, ReceivedAt: time.Now()}
	if len(path) > 0 {
		ev.FilePath, ev.FileURL = path[0], "https://cdn.example.com"+path[0]
	}
	return ev
}

func create(t *testing.T, r *replica, session recorder.Session) *recorder.Object {
	t.Helper()
	object, err := r.store.Create(t.Context(), r.in(session), 1)
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// in returns the session in the replica's namespace.
func (r *replica) in(session recorder.Session) recorder.Session {
	session.Namespace = r.namespace
	return session
}

func read(t *testing.T, r *replica, like *recorder.Object) *recorder.Object {
	t.Helper()
	session := recorder.Session{MeetingID: like.Spec.MeetingID, SessionID: like.Spec.SessionID}
	object, err := r.store.Get(t.Context(), r.in(session), like.Spec.Segment, true)
	if err != nil {
		t.Fatal(err)
	}
	return object
}

func TestCreatedObject(t *testing.T) {
	namespace := newNamespace(t)
	r := newReplica(t, namespace)
	session := recorder.Session{MeetingID: "Weekly Stand-up", SessionID: newSession(t, 0).SessionID}
	created := create(t, r, session)
	if diff := cmp.Diff(read(t, r, created), created); diff != "" {
		t.Errorf("what create returned is not what is stored (-stored +returned):\n%s", diff)
	}
	if string(created.RawRecording) != `{"events":[]}` {
		t.Errorf("status.recording %s", created.RawRecording)
	}
	object := chain(t, namespace, session)[0]
	if diff := cmp.Diff(v1alpha1.MeetingRecordingSpec{MeetingID: "Weekly Stand-up", SessionID: session.SessionID, Segment: 1}, object.Spec); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{
		v1alpha1.LabelMeetingID: lifecycle.LabelValue("Weekly Stand-up"), v1alpha1.LabelSessionID: session.SessionID,
	}, object.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if managers := managersOf(object); !slices.Equal(managers, []string{recorder.FieldManager}) {
		t.Errorf("field managers %q", managers)
	}
	if _, err := r.store.Create(t.Context(), r.in(session), 1); !errors.Is(err, recorder.ErrChanged) {
		t.Errorf("created again: %v", err)
	}
}

func managersOf(object v1alpha1.MeetingRecording) []string {
	var managers []string
	for _, entry := range object.ManagedFields {
		managers = append(managers, entry.Manager)
	}
	return slices.Compact(managers)
}

// TestPatchTestsWhatWasRead is the optimistic concurrency that all rests on.
func TestPatchTestsWhatWasRead(t *testing.T) {
	r := newReplica(t, newNamespace(t))
	object := create(t, r, newSession(t, 0))
	status := lifecycle.Apply(object.Recording, event(v1alpha1.EventStarted))
	if err := r.store.Patch(t.Context(), object, status, false); err != nil {
		t.Fatal(err)
	}
	stored := read(t, r, object)
	if diff := cmp.Diff(status, stored.Recording); diff != "" {
		t.Errorf("status (-written +read):\n%s", diff)
	}
	if err := r.store.Patch(t.Context(), object, status, false); !errors.Is(err, recorder.ErrChanged) {
		t.Errorf("a patch of what is outdated: %v", err)
	}
	if err := r.store.Patch(t.Context(), stored, lifecycle.Apply(stored.Recording, event(v1alpha1.EventStarted)), true); err != nil {
		t.Errorf("a patch of what is as it was read: %v", err)
	}
}

// writeAsController writes the other half of the status.
func writeAsController(t *testing.T, namespace, name string) {
	t.Helper()
	object := &v1alpha1.MeetingRecording{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"status":{"observedGeneration":1,"processing":{"state":"Running"}}}`))
	if err := admin.Status().Patch(t.Context(), object, patch); err != nil {
		t.Fatal(err)
	}
}

// TestControllerDoesNotConflict: the status has two writers, and neither undoes
// or hinders the other.
func TestControllerDoesNotConflict(t *testing.T) {
	namespace := newNamespace(t)
	r := newReplica(t, namespace)
	session := newSession(t, 0)
	object := create(t, r, session)
	writeAsController(t, namespace, object.Name)
	if err := r.store.Patch(t.Context(), object, lifecycle.Apply(object.Recording, event(v1alpha1.EventStarted)), false); err != nil {
		t.Fatal(err)
	}
	status := chain(t, namespace, session)[0].Status
	if status.Processing.State != v1alpha1.ProcessingRunning || status.ObservedGeneration != 1 || status.Recording.State != v1alpha1.RecordingStarted {
		t.Errorf("status %+v", status)
	}
}

// TestSupersede: of superseding a failed recording and giving it a file, one wins.
func TestSupersede(t *testing.T) {
	namespace := newNamespace(t)
	r := newReplica(t, namespace)
	object := create(t, r, newSession(t, 0))
	if err := r.store.Patch(t.Context(), object, lifecycle.Apply(object.Recording, event(v1alpha1.EventFailed)), false); err != nil {
		t.Fatal(err)
	}
	supersede := func(object *recorder.Object) error {
		status := *object.Recording.DeepCopy()
		status.Superseded = true
		return r.store.Patch(t.Context(), object, status, false)
	}
	if err := supersede(object); !errors.Is(err, recorder.ErrChanged) {
		t.Errorf("superseded what is outdated: %v", err)
	}
	broken := read(t, r, object)
	if err := supersede(broken); err != nil {
		t.Fatal(err)
	}
	revived := lifecycle.Apply(broken.Recording, event(v1alpha1.EventStopped, "/a.mp4"))
	if err := r.store.Patch(t.Context(), broken, revived, true); !errors.Is(err, recorder.ErrChanged) {
		t.Errorf("revived what was superseded: %v", err)
	}
	superseded := read(t, r, object)
	if !superseded.Recording.Superseded || superseded.Recording.State != v1alpha1.RecordingFailed {
		t.Errorf("object %+v", superseded)
	}
}

// TestNoFileForAFailureThatWasActedOn: a file that comes when the controller
// has acted on the failure would have no Jobs, so it is a recording of its own.
func TestNoFileForAFailureThatWasActedOn(t *testing.T) {
	namespace := newNamespace(t)
	r := newReplica(t, namespace)
	session := newSession(t, 0)
	object := create(t, r, session)
	if err := r.store.Patch(t.Context(), object, lifecycle.Apply(object.Recording, event(v1alpha1.EventFailed)), false); err != nil {
		t.Fatal(err)
	}
	failed := read(t, r, object)
	writeAsController(t, namespace, object.Name)
	late := event(v1alpha1.EventStopped, "/late.mp4")
	if err := r.store.Patch(t.Context(), failed, lifecycle.Apply(failed.Recording, late), true); !errors.Is(err, recorder.ErrChanged) {
		t.Errorf("revived behind the controller's back: %v", err)
	}
	for _, written := range r.writer.Write(t.Context(), r.in(session), []lifecycle.Event{late}) {
		if written.Err != nil {
			t.Fatal(written.Err)
		}
	}
	objects := chain(t, namespace, session)
	if len(objects) != 2 || objects[0].Status.Recording.File != nil || objects[1].Status.Recording.File == nil {
		t.Errorf("the file is not on a second object: %+v", objects)
	}
}

// TestRejected: what the schema refuses is told from a lost race, and named.
func TestRejected(t *testing.T) {
	r := newReplica(t, newNamespace(t))
	long := strings.Repeat("x", 3000)
	for _, tc := range []struct {
		name    string
		session recorder.Session
		event   lifecycle.Event
		want    string
	}{
		{"a meeting's id", recorder.Session{MeetingID: long, SessionID: "s"}, event(v1alpha1.EventStarted), "data.meetingId"},
		{"a session's id", recorder.Session{MeetingID: "m", SessionID: long}, event(v1alpha1.EventStarted), "data.sessionId"},
		{"a file's path", newSession(t, 0), event(v1alpha1.EventStopped, "/"+long), "data.filePath"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			written := r.writer.Write(t.Context(), r.in(tc.session), []lifecycle.Event{tc.event})
			var rejection *recorder.RejectedError
			if !errors.As(written[0].Err, &rejection) || rejection.Field != tc.want {
				t.Errorf("error %v, want the rejection of %s", written[0].Err, tc.want)
			}
		})
	}
}

// TestDeletedMeanwhile: an object that goes between read and write is made again.
func TestDeletedMeanwhile(t *testing.T) {
	namespace := newNamespace(t)
	r := newReplica(t, namespace)
	session := newSession(t, 0)
	send(t, r, webhook(session, "recording-starting"))
	deleted := false
	r.wire.set(func(request *http.Request, next http.RoundTripper) (*http.Response, error) {
		if request.Method == http.MethodPatch && !deleted {
			deleted = true
			if err := admin.DeleteAllOf(t.Context(), &v1alpha1.MeetingRecording{}, client.InNamespace(namespace)); err != nil {
				t.Error(err)
			}
		}
		return next.RoundTrip(request)
	})
	if got := send(t, r, webhook(session, "recording-started")); got != "recorded" {
		t.Errorf("result %q", got)
	}
	if objects := chain(t, namespace, session); len(objects) != 1 || objects[0].Status.Recording.State != v1alpha1.RecordingStarted {
		t.Errorf("objects %+v", objects)
	}
}

func TestPing(t *testing.T) {
	namespace := newNamespace(t)
	if err := newReplica(t, namespace).store.Ping(t.Context(), namespace); err != nil {
		t.Errorf("with the sidecar's rights: %v", err)
	}
	store, err := recorder.NewRESTStore(nobody, recorder.NewMetrics(prometheus.NewRegistry()))
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Ping(t.Context(), namespace); err == nil || !strings.Contains(err.Error(), "forbidden") {
		t.Errorf("without rights: %v", err)
	}
}
