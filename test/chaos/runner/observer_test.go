// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/test/chaos/audit"
)

// TestObserver remembers Jobs that are gone, and waits until what was acknowledged is processed.
func TestObserver(t *testing.T) {
	recording := &v1alpha1.MeetingRecording{ObjectMeta: metav1.ObjectMeta{Name: "m-s", Namespace: namespace, UID: "r"}}
	recording.Spec = v1alpha1.MeetingRecordingSpec{MeetingID: "m", SessionID: "s", Segment: 1}
	recording.Status.Recording = v1alpha1.RecordingStatus{
		State: v1alpha1.RecordingStopped, File: &v1alpha1.RecordingFile{Path: "/f.mp4"},
		Events: []v1alpha1.RecordingEvent{{Type: v1alpha1.EventStopped, Deliveries: 1}},
	}
	events := []audit.Event{{
		Session: audit.Session{MeetingID: "m", SessionID: "s"}, Type: v1alpha1.EventStopped, FilePath: "/f.mp4", Acknowledged: true, AcknowledgedAt: time.Now(),
	}}
	step := v1alpha1.PipelineStep{Name: "archive"}
	step.Template.Spec.Template.Spec.Containers = []corev1.Container{{Name: "main"}}
	job := jobs.Build(jobs.Run{Recording: recording, Pipeline: "default", Step: step, Attempt: 1})
	job.UID, job.CreationTimestamp = "1", metav1.Unix(1, 0)

	o := newObserver()
	if o.missing(events) == "" {
		t.Error("nothing is missing before anything was seen")
	}
	o.seeRecording(recording)
	o.seeJob(job)
	if o.missing(events) == "" || !o.hasSeen(events) {
		t.Error("the event was not seen, or nothing is missing before it is processed")
	}
	ended := job.DeepCopy()
	ended.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
	o.seeJob(ended)
	again := job.DeepCopy() // of its name, after it was deleted
	again.UID = "2"
	o.seeJob(again)
	recording.Status.Processing.State = v1alpha1.ProcessingSucceeded
	o.seeRecording(recording)
	if missing := o.missing(events); missing != "" {
		t.Errorf("missing: %s", missing)
	}
	want := map[string]audit.Job{
		"1": {UID: "1", Name: job.Name, Created: time.Unix(1, 0), FilePath: "/f.mp4", Pipeline: "default", Step: "archive", Ended: true, Succeeded: true},
		"2": {UID: "2", Name: job.Name, Created: time.Unix(1, 0), FilePath: "/f.mp4", Pipeline: "default", Step: "archive"},
	}
	got := map[string]audit.Job{}
	for _, one := range o.seenJobs() {
		got[one.UID] = one
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Jobs (-want +got):\n%s", diff)
	}
}

func TestKeepSpool(t *testing.T) {
	spool, kept := t.TempDir(), filepath.Join(t.TempDir(), "kept")
	for _, name := range []string{"00000001.spool", "00000002.spool", "ballast"} {
		if err := os.WriteFile(filepath.Join(spool, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := keepSpool(spool, kept); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(kept, "*"))
	if err != nil || len(files) != 2 {
		t.Errorf("kept: %v, %v", files, err)
	}
	if err := keepSpool(spool, kept); err == nil {
		t.Error("it is kept twice in one place")
	}
}

// TestService leaves out who refuses connections.
func TestService(t *testing.T) {
	there := httptest.NewServer(http.NotFoundHandler())
	defer there.Close()
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	s := &service{addresses: []string{away.Listener.Addr().String(), there.Listener.Addr().String()}}
	for range 4 {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://sidecars", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := s.client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	there.Close()
	if _, err := s.dial(t.Context(), "tcp", ""); err == nil {
		t.Error("nobody is there, and somebody answers")
	}
}
