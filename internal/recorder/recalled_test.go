// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// TestDeletedChainIsNotGoneOn: a session whose recordings retention has deleted while they are remembered begins again, not behind what is gone.
func TestDeletedChainIsNotGoneOn(t *testing.T) {
	store := newMemoryStore()
	w := &Writer{Store: store, Windows: testWindows}
	first, second := testName, testName+"-2"
	writeAll(t, w, event(stopped, 0, "/a.mp4"))
	writeAll(t, w, event(stopped, 1000, "/b.mp4"))
	for _, name := range []string{first, second} {
		if len(store.objects[name]) == 0 {
			t.Fatalf("there is no %s", name)
		}
		store.objects[name] = append(store.objects[name], nil)
	}
	store.stale = func(versions int) int {
		if versions > 2 {
			return 1 // what was remembered
		}
		return 0
	}
	got := writeAll(t, w, event(starting, 1e6))
	if len(got) != 1 || got[0].Recording != "meetings/"+first {
		t.Errorf("%+v, want it in %s", got, first)
	}
}

// TestDeletedRecordingIsNotRemembered: an event that comes while its recording is being deleted is written into a new one once that is gone,
// although no request but the retries asks for it.
func TestDeletedRecordingIsNotRemembered(t *testing.T) {
	object := func(deletion string) string {
		return fmt.Sprintf(`{"metadata":{"name":%q,"resourceVersion":"1"%s},"spec":{"meetingID":%q,"sessionID":%q,"segment":1},"status":{"recording":{"events":[]}}}`,
			testName, deletion, testMeeting, testSession)
	}
	present, deletion := true, `,"deletionTimestamp":"2026-11-01T00:00:00Z"`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !present && r.Method == http.MethodGet {
			statusAnswer(404, "NotFound", "not found", `"kind":"meetingrecordings"`)(w, r)
			return
		}
		_, _ = io.WriteString(w, object(deletion))
	}))
	defer server.Close()
	store, _ := storeAt(t, server.URL)
	w := &Writer{Store: store, Windows: testWindows}
	for range 2 {
		if written := w.Write(t.Context(), session, []lifecycle.Event{event(started, 0)}); !errors.Is(written[0].Err, ErrTerminating) {
			t.Fatalf("%+v", written)
		}
	}
	present, deletion = false, ""
	if written := w.Write(t.Context(), session, []lifecycle.Event{event(started, 0)}); written[0].Err != nil {
		t.Errorf("the recording is gone: %v", written[0].Err)
	}
}
