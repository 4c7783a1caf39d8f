// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// TestEach: the API server answers from its watch cache, and a list that is cut off is not taken for a short one.
func TestEach(t *testing.T) {
	const item = `{"metadata":{"name":"NAME","resourceVersion":"1"},"spec":{"sessionID":"s","segment":1},"status":{"recording":{"state":"Stopped","events":[]}}}`
	items := strings.Replace(item, "NAME", "a", 1) + "," + strings.Replace(item, "NAME", "b", 1)
	const head = `{"kind":"MeetingRecordingList","metadata":{"resourceVersion":"7"},"items":`
	for _, tc := range []struct {
		name, body string
		want       []string
		problem    string
	}{
		{"two", head + `[` + items + `]}`, []string{"a", "b"}, ""},
		{"none", head + `[]}`, nil, ""},
		{"cut off between two", head + `[` + items, []string{"a", "b"}, "or is incomplete"},
		{"cut off within one", head + `[` + items[:len(items)-9], []string{"a"}, "unexpected EOF"},
		{"no list", `{"kind":"MeetingRecording"}`, nil, "is not a list of objects"},
		{"no object", `"denied"`, nil, "is not a list of objects"},
		{"no items", head + `null}`, nil, "is not a list of objects"},
		{"an item of another version", head + `[{"metadata":{"name":"a"},"status":{}}]}`, nil, "install the CRDs of this version"},
		{"a page for people", `<html>`, nil, "invalid character"},
		{"nothing", ``, nil, "EOF"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var asked string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = r.URL.String()
				_, _ = io.WriteString(w, tc.body)
			}))
			defer server.Close()
			store, _ := storeAt(t, server.URL)
			var got []string
			err := store.Each(t.Context(), "meetings", "", func(o *Object) { got = append(got, o.Name) })
			if (err == nil) != (tc.problem == "") || (err != nil && !strings.Contains(err.Error(), tc.problem)) {
				t.Errorf("error %v, want %q", err, tc.problem)
			}
			if !slices.Equal(got, tc.want) || asked != "/apis/recording.meetingops.dev/v1alpha1/namespaces/meetings/meetingrecordings?resourceVersion=0" {
				t.Errorf("%v of %s", got, asked)
			}
		})
	}
	t.Run("of a session", func(t *testing.T) {
		var asked string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = r.URL.Query().Get("labelSelector")
			_, _ = io.WriteString(w, head+`[]}`)
		}))
		defer server.Close()
		store, _ := storeAt(t, server.URL)
		if err := store.Each(t.Context(), "meetings", "a/b", func(*Object) {}); err != nil || asked != v1alpha1.LabelSessionID+"="+lifecycle.LabelValue("a/b") {
			t.Errorf("asked for %q: %v", asked, err)
		}
	})
	server := httptest.NewServer(statusAnswer(403, "Forbidden", "cannot list resource", ""))
	defer server.Close()
	store, _ := storeAt(t, server.URL)
	if err := store.Each(t.Context(), "meetings", "", func(*Object) {}); err == nil || !strings.Contains(err.Error(), "list the recordings of meetings: cannot list resource") {
		t.Error(err)
	}
}

// TestUncached: who reads what others write sees it, and never less than what it has seen.
func TestUncached(t *testing.T) {
	s := newMemorableServer(t)
	store, _ := storeAt(t, s.URL)
	store = store.Uncached()
	for range 2 {
		if _, err := store.Get(t.Context(), session, 1, false); err != nil {
			t.Fatal(err)
		}
		s.version++
	}
	if want := []string{"GET 0", "GET 1"}; !slices.Equal(s.asked, want) || !store.Seen(session, 1) {
		t.Errorf("requests %q, want %q", s.asked, want)
	}
}
