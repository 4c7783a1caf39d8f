// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

// TestNewEvent: everything that a webhook carries reaches the recorder.
func TestNewEvent(t *testing.T) {
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	got := newEvent(&exchange{namespace: "meetings", arrived: at, event: videosdk.Event{
		Type: videosdk.RecordingStopped, ID: "r", MeetingID: "m", SessionID: "s", FilePath: "/a.mp4", FileURL: "https://h/a.mp4",
		Encryption: videosdk.Encryption{Encrypted: true, KeyURL: "https://h/k", MetadataURL: "https://h/m"},
	}})
	want := recorder.Event{
		Session: recorder.Session{Namespace: "meetings", MeetingID: "m", SessionID: "s"},
		Event: lifecycle.Event{
			Type: v1alpha1.EventStopped, Source: v1alpha1.EventSourceWebhook, ID: "r", FilePath: "/a.mp4", FileURL: "https://h/a.mp4",
			Encryption: &v1alpha1.FileEncryption{KeyURL: "https://h/k", MetadataURL: "https://h/m"}, ReceivedAt: at,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	if got := newEvent(&exchange{event: videosdk.Event{Type: videosdk.SessionEnded}}); got.Type != lifecycle.SessionEnded || got.Encryption != nil {
		t.Errorf("%+v", got)
	}
}

// TestRecordingIDs: --recording-ids=ignore leaves ids out of events.
func TestRecordingIDs(t *testing.T) {
	for _, ignore := range []bool{false, true} {
		var recorded recorder.Event
		f := newFixture(t, recorderFunc(func(_ context.Context, ev recorder.Event) (recorder.Outcome, error) {
			recorded = ev
			return recorder.Outcome{Result: lifecycle.Recorded}, nil
		}))
		f.IgnoreIDs = ignore
		body := `{"webhookType":"recording-started","data":{"id":"r","meetingId":"m","sessionId":"s"}}`
		f.ServeHTTP(httptest.NewRecorder(), request{body: body}.build(t))
		if (recorded.ID == "") != ignore || recorded.MeetingID != "m" {
			t.Errorf("ignore %t: %+v", ignore, recorded)
		}
	}
}
