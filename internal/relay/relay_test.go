// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package relay_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/relay"
)

// answer is what a reader gets.
type answer struct {
	status int
	header http.Header
	body   string
}

// serve returns a function that reads from the relay of a container.
func serve(t *testing.T, container http.HandlerFunc) func(*http.Request) (answer, error) {
	t.Helper()
	target := httptest.NewServer(container)
	t.Cleanup(target.Close)
	handler, err := relay.New(target.URL+"/metrics", logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return func(r *http.Request) (answer, error) {
		r.RequestURI, r.URL.Scheme, r.URL.Host = "", "http", strings.TrimPrefix(server.URL, "http://")
		response, err := server.Client().Do(r)
		if err != nil {
			return answer{}, err
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		return answer{response.StatusCode, response.Header, string(body)}, err
	}
}

func TestReaderGetsWhatTheContainerTells(t *testing.T) {
	var seen *http.Request
	read := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		w.Header().Set("Set-Cookie", "session=1")
		w.Header().Set("Location", "http://elsewhere.example")
		_, _ = io.WriteString(w, "up 1\n")
	})
	request := httptest.NewRequest(http.MethodGet, "/metrics/sidecar?secret=1", strings.NewReader("a body"))
	request.Header.Set("Authorization", "Bearer of-prometheus")
	request.Header.Set("Cookie", "session=1")
	request.Header.Set("Accept", "text/plain")
	got, err := read(request)
	if err != nil {
		t.Fatal(err)
	}
	if got.status != http.StatusOK || got.body != "up 1\n" {
		t.Errorf("answered %d %q", got.status, got.body)
	}
	for _, name := range []string{"Set-Cookie", "Location"} {
		if got.header.Get(name) != "" {
			t.Errorf("the reader gets the container's %s", name)
		}
	}
	want := http.Header{"Accept": {"text/plain"}, "Accept-Encoding": {"gzip"}, "User-Agent": {"meeting-recording-manager"}}
	if diff := cmp.Diff(want, seen.Header); diff != "" {
		t.Errorf("the container sees of the reader (-want +got):\n%s", diff)
	}
	if seen.URL.String() != "/metrics" || seen.ContentLength != 0 {
		t.Errorf("the container was asked for %s with a body of %d bytes", seen.URL, seen.ContentLength)
	}
}

func TestReaderIsToldWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		method    string
		container http.HandlerFunc
		want      int
	}{
		"another method": {http.MethodPost, func(http.ResponseWriter, *http.Request) { t.Error("the container was asked") }, http.StatusMethodNotAllowed},
		"an error":       {http.MethodGet, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, http.StatusBadGateway},
		"a redirection": {http.MethodGet, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.example", http.StatusFound)
		}, http.StatusBadGateway},
		"a connection that is cut": {http.MethodGet, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, http.StatusBadGateway},
	} {
		t.Run(name, func(t *testing.T) {
			read := serve(t, test.container)
			request := httptest.NewRequest(test.method, "/metrics/sidecar", nil)
			got, err := read(request)
			if err != nil {
				t.Fatal(err)
			}
			if got.status != test.want || got.body == "" {
				t.Errorf("answered %d %q, want %d and why", got.status, got.body, test.want)
			}
		})
	}
}

func TestEndlessAnswerIsCut(t *testing.T) {
	read := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		line := []byte(strings.Repeat("x", 1<<20))
		for {
			if _, err := w.Write(line); err != nil {
				return
			}
		}
	})
	if got, err := read(httptest.NewRequest(http.MethodGet, "/metrics/sidecar", nil)); err == nil {
		t.Errorf("an endless answer ended well, after %d bytes", len(got.body))
	}
}

func TestTargetIsInThePod(t *testing.T) {
	for target, want := range map[string]string{
		"http://127.0.0.1:8082/metrics":     "",
		"http://localhost:8082/metrics":     "",
		"http://[::1]:8082/metrics":         "",
		"http://10.0.0.1:8082/metrics":      "10.0.0.1 is not in this Pod",
		"http://receiver:8082/metrics":      "receiver is not in this Pod",
		"https://127.0.0.1:8082/metrics":    "not a URL such as",
		"http://127.0.0.1/metrics":          "not a URL such as",
		"http://user@127.0.0.1:8082":        "not a URL such as",
		"http://127.0.0.1:8082/metrics?a=b": "not a URL such as",
		"127.0.0.1:8082":                    "not a URL such as",
		"":                                  "not a URL such as",
	} {
		_, err := relay.New(target, logr.Discard())
		if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", target, err, want)
		}
	}
}
