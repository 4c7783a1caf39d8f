// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/client-go/rest"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// statusAnswer answers as an API server that refuses.
func statusAnswer(code int, reason, message, details string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if code == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "1")
		}
		w.WriteHeader(code)
		_, _ = fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"message":%q,"code":%d,"details":{%s}}`, reason, message, code, details)
	}
}

func storeAt(t testing.TB, url string) (*RESTStore, *Metrics) {
	t.Helper()
	metrics := NewMetrics(prometheus.NewRegistry())
	store, err := NewRESTStore(&rest.Config{Host: url}, metrics)
	if err != nil {
		t.Fatal(err)
	}
	return store, metrics
}

// hung is far beyond what a busy machine adds to a time-out: only an answer that
// does not heed its time-out takes as long.
const hung = 10 * time.Second

// TestAPIServerAway: a write ends in time, whatever is wrong.
func TestAPIServerAway(t *testing.T) {
	hang := make(chan struct{})
	for _, tc := range []struct {
		name    string
		timeout time.Duration
		server  http.HandlerFunc // nil: nothing listens
		verb    string
		counted string
	}{
		{"nothing listens", 200 * time.Millisecond, nil, "get", "error"},
		{"it hangs", 2 * time.Second, func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		}, "get", "timeout"},
		{"429", 200 * time.Millisecond, statusAnswer(429, "TooManyRequests", "slow down", `"retryAfterSeconds":1`), "get", "throttled"},
		{"500", 200 * time.Millisecond, statusAnswer(500, "InternalError", "broken", ""), "get", "error"},
		{"503", 200 * time.Millisecond, statusAnswer(503, "ServiceUnavailable", "starting", ""), "get", "error"},
		{"403", 200 * time.Millisecond, statusAnswer(403, "Forbidden", "not yours", ""), "get", "forbidden"},
		{"no such kind", 200 * time.Millisecond, http.NotFound, "get", "error"},
		{"not an API server", 200 * time.Millisecond, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }, "get", "ok"},
		{"an object of another version", 200 * time.Millisecond, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }, "get", "ok"},
		{"the namespace is missing", 200 * time.Millisecond, func(w http.ResponseWriter, r *http.Request) {
			kind := "meetingrecordings"
			if r.Method == http.MethodPost {
				kind = "namespaces"
			}
			statusAnswer(404, "NotFound", "not found", `"kind":"`+kind+`"`)(w, r)
		}, "create", "not_found"},
		{"every patch conflicts", 200 * time.Millisecond, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPatch {
				statusAnswer(409, "Conflict", "changed", "")(w, r)
				return
			}
			_, _ = fmt.Fprintf(w, `{"metadata":{"name":%q},"spec":{"meetingID":%q,"sessionID":%q,"segment":1},"status":{"recording":{"events":[]}}}`, testName, testMeeting, testSession)
		}, "patch", "conflict"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(tc.server)
			url := "http://" + server.Listener.Addr().String()
			if tc.server == nil {
				if err := server.Listener.Close(); err != nil {
					t.Fatal(err)
				}
			} else {
				server.Start()
				defer server.Close()
			}
			store, metrics := storeAt(t, url)
			writer := &Writer{Store: store, Windows: testWindows}
			ctx, cancel := context.WithTimeout(t.Context(), tc.timeout)
			defer cancel()
			begin := time.Now()
			written := writer.Write(ctx, session, []lifecycle.Event{event(started, 0)})
			took := time.Since(begin)
			if written[0].Err == nil {
				t.Error("no error")
			}
			if took > tc.timeout+hung {
				t.Errorf("ended after %s, with %s for writing", took, tc.timeout)
			}
			if testutil.ToFloat64(metrics.api.WithLabelValues(tc.verb, tc.counted)) == 0 {
				t.Errorf("no request counted as %s %s", tc.verb, tc.counted)
			}
		})
	}
	close(hang)
}

// TestRejectedFields names the webhook's field that the API server refused.
func TestRejectedFields(t *testing.T) {
	for _, tc := range []struct{ name, details, want string }{
		{"a meeting's id", `"causes":[{"reason":"FieldValueTooLong","message":"Too long","field":"spec.meetingID"}]`, "data.meetingId"},
		{"a session's id", `"causes":[{"field":"metadata.name"},{"field":"spec.sessionID"}]`, "data.sessionId"},
		{"a file's path", `"causes":[{"field":"status.recording.file.path"}]`, "data.filePath"},
		{"a file's URL", `"causes":[{"field":"status.recording.file.url"}]`, "data.fileUrl"},
		{"a field of ours", `"causes":[{"field":"metadata.labels"}]`, ""},
		{"a policy", ``, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := httptest.NewServer(statusAnswer(422, "Invalid", "is invalid", tc.details))
			defer server.Close()
			store, _ := storeAt(t, server.URL)
			_, err := store.Create(t.Context(), session, 1)
			var rejection *RejectedError
			if !errors.As(err, &rejection) || rejection.Field != tc.want || errors.Is(err, ErrChanged) {
				t.Errorf("create: %v", err)
			}
			err = store.Patch(t.Context(), &Object{Namespace: "meetings", Name: testName, RawRecording: []byte("{}")}, v1alpha1.RecordingStatus{}, false)
			if !errors.As(err, &rejection) || rejection.Field != tc.want || !errors.Is(err, ErrChanged) {
				t.Errorf("patch: %v", err)
			}
		})
	}
}

// memorableServer is an API server with one object. It notes the requests and
// which resourceVersion they ask for; with version 0 it does not get that far.
type memorableServer struct {
	*httptest.Server
	asked   []string
	version int
	refuses bool // patches
}

func newMemorableServer(t *testing.T) *memorableServer {
	s := &memorableServer{version: 1}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked = append(s.asked, strings.TrimSpace(r.Method+" "+r.URL.Query().Get("resourceVersion")))
		switch {
		case s.version == 0:
			statusAnswer(504, "Timeout", "Too large resource version", "")(w, r)
		case s.refuses && r.Method == http.MethodPatch:
			statusAnswer(422, "Invalid", "the server rejected our request due to an error in our request", "")(w, r)
		default:
			_, _ = fmt.Fprintf(w, `{"metadata":{"name":%q,"resourceVersion":"%d"},"status":{"recording":{"events":[]}}}`, testName, s.version)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// TestWrittenObjectsAreNotReadAgain: an event that follows another of the same
// recording costs its write and nothing more, until that is lost; then reads are
// asked of the API server for a while, for nothing older than what was seen.
func TestWrittenObjectsAreNotReadAgain(t *testing.T) {
	s := newMemorableServer(t)
	store, _ := storeAt(t, s.URL)
	get := func(fresh bool) *Object {
		t.Helper()
		object, err := store.Get(t.Context(), session, 1, fresh)
		if (err == nil) != (s.version != 0) {
			t.Fatal(err)
		}
		return object
	}
	patch := func(read *Object, want error) {
		t.Helper()
		if err := store.Patch(t.Context(), read, read.Recording, false); !errors.Is(err, want) {
			t.Fatalf("error %v, want %v", err, want)
		}
	}
	expect := func(doing string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, s.asked); diff != "" {
			t.Errorf("%s: requests (-want +got):\n%s", doing, diff)
		}
		s.asked = nil
	}
	if store.Seen(session, 1) {
		t.Error("an object was seen before anything was asked")
	}
	patch(get(false), nil)
	expect("the first event", "GET 0", "PATCH")
	elsewhere := session
	elsewhere.Namespace = "elsewhere"
	if !store.Seen(session, 1) || store.Seen(elsewhere, 1) {
		t.Error("what was seen is not known, or not by its namespace")
	}
	s.version = 2
	patch(get(false), nil)
	s.version = 3
	patch(get(false), nil)
	expect("the next two", "PATCH", "PATCH")
	get(true)
	expect("a fresh read", "GET")
	s.refuses = true
	patch(get(false), ErrChanged)
	s.refuses = false
	expect("a lost race", "PATCH")
	for range doubtfulReads {
		get(false)
	}
	if len(s.asked) != doubtfulReads || s.asked[0] != "GET 3" {
		t.Errorf("after a lost race: %q", s.asked)
	}
	s.asked = nil
	get(false)
	expect("when doubt is over")
	s.version = 0
	get(true)
	s.version = 1
	get(false)
	expect("an API server that lacks what was seen", "GET", "GET 0")
}

// TestFailedWritesAreNotRecalled: after a write without an answer nobody knows.
func TestFailedWritesAreNotRecalled(t *testing.T) {
	s := newMemorableServer(t)
	store, _ := storeAt(t, s.URL)
	object, err := store.Get(t.Context(), session, 1, false)
	if err != nil {
		t.Fatal(err)
	}
	s.version = 0
	if err := store.Patch(t.Context(), object, object.Recording, false); err == nil || errors.Is(err, ErrChanged) {
		t.Fatal(err)
	}
	s.version = 2
	if object, err = store.Get(t.Context(), session, 1, false); err != nil || object.ResourceVersion != "2" {
		t.Errorf("%+v, %v", object, err)
	}
}

// TestCacheForgets: so many objects are cached, those that were seen last, whatever else is notified of others.
func TestCacheForgets(t *testing.T) {
	c := newCache()
	const all = 3 * maxCached
	for i := range all {
		name := fmt.Sprint("object", i)
		c.add(name, &Object{Name: name, ResourceVersion: "7", RawRecording: []byte(`{"state":"Started"}`)})
		c.outdate(fmt.Sprint("object", i+1), &Object{}, true)
		if object, _ := c.recall(name); object == nil || object.Recording.State != v1alpha1.RecordingStarted {
			t.Fatalf("%s is cached as %+v", name, object)
		}
	}
	for i := range all {
		want, isCached := "", i >= all-maxCached
		if isCached {
			want = "7"
		}
		if object, version := c.recall(fmt.Sprint("object", i)); version != want || (object != nil) != isCached {
			t.Fatalf("object %d is cached: %t, with version %q", i, object != nil, version)
		}
	}
}

// TestPing tells a missing object, which is well, from a missing kind.
func TestPing(t *testing.T) {
	for _, tc := range []struct {
		name   string
		server http.HandlerFunc
		want   string
	}{
		{"no such object", statusAnswer(404, "NotFound", "not found", `"name":"sidecar-probe","kind":"meetingrecordings"`), ""},
		{"no such kind", http.NotFound, "could not find the requested resource"},
		{"forbidden", statusAnswer(403, "Forbidden", "cannot get resource", ""), "cannot get resource"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := httptest.NewServer(tc.server)
			defer server.Close()
			store, _ := storeAt(t, server.URL)
			err := store.Ping(t.Context(), "meetings")
			if (err == nil) != (tc.want == "") || (err != nil && !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

// TestRequestsAreNotRepeatedByTheClient: the client's own patience is for hours.
func TestRequestsAreNotRepeatedByTheClient(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		statusAnswer(429, "TooManyRequests", "slow down", "")(w, r)
	}))
	defer server.Close()
	store, _ := storeAt(t, server.URL)
	if _, err := store.Get(t.Context(), session, 1, false); err == nil {
		t.Error("no error")
	}
	if got := requests.Load(); got != 1 {
		t.Errorf("%d requests", got)
	}
}

func TestNewRESTStoreRefusesABadConfiguration(t *testing.T) {
	_, err := NewRESTStore(&rest.Config{Host: "https://" + net.JoinHostPort("x", "y z")}, NewMetrics(prometheus.NewRegistry()))
	if err == nil {
		t.Error("no error")
	}
}

// FuzzDecodeObject: whatever the API server answers, it is an object or an error.
func FuzzDecodeObject(f *testing.F) {
	f.Add([]byte(`{"metadata":{"name":"a","resourceVersion":"1"},"spec":{"meetingID":"m"},"status":{"recording":{"events":[]}}}`))
	f.Add([]byte(`{"status":{"recording":null}}`))
	f.Add([]byte(`{"status":{"recording":{"events":[{"type":"Stopped","receiveTime":"x"}]}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		object, err := decodeObject(body)
		if (object == nil) == (err == nil) {
			t.Errorf("object %v, error %v", object, err)
		}
	})
}

// TestDenialIsNoConflict: an admission webhook may deny with the code of a conflict. Reading again does not help.
func TestDenialIsNoConflict(t *testing.T) {
	server := httptest.NewServer(statusAnswer(409, "", `admission webhook "policy.example.com" denied the request: no`, ""))
	defer server.Close()
	store, _ := storeAt(t, server.URL)
	err := store.Patch(t.Context(), &Object{Namespace: "meetings", Name: testName, RawRecording: []byte("{}")}, v1alpha1.RecordingStatus{}, false)
	if errors.Is(err, ErrChanged) || !IsNamespaceError(err) {
		t.Errorf("error %v", err)
	}
}
