// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metricsauth_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/client-go/rest"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/meetingops/meeting-recording-operator/internal/metricsauth"
)

// apiServer knows the tokens "reader" and "other", of users of the same names, of whom the former may get /metrics.
type apiServer struct {
	mu     sync.Mutex
	asked  []string
	broken string // the path whose answer is broken
	body   string
	status int
}

func (a *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	kind := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	a.asked = append(a.asked, kind)
	if kind == a.broken {
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
		return
	}
	var answer any
	switch kind {
	case "tokenreviews":
		review := &authenticationv1.TokenReview{}
		_ = json.NewDecoder(r.Body).Decode(review)
		review.Status.Authenticated = review.Spec.Token == "reader" || review.Spec.Token == "other"
		review.Status.User = authenticationv1.UserInfo{Username: review.Spec.Token, UID: "1", Groups: []string{"g"}, Extra: map[string]authenticationv1.ExtraValue{"k": {"v"}}}
		answer = review
	case "subjectaccessreviews":
		review := &authorizationv1.SubjectAccessReview{}
		_ = json.NewDecoder(r.Body).Decode(review)
		review.Status.Allowed = cmp.Equal(review.Spec, authorizationv1.SubjectAccessReviewSpec{
			User: "reader", UID: "1", Groups: []string{"g"}, Extra: map[string]authorizationv1.ExtraValue{"k": {"v"}},
			NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: "/metrics", Verb: "get"},
		})
		answer = review
	}
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(answer)
}

// newFilter returns the filter of metrics, before an API server.
func newFilter(t *testing.T, api *apiServer) (*metricsauth.Filter, *clocktesting.FakePassiveClock) {
	t.Helper()
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1") })
	clock := clocktesting.NewFakePassiveClock(time.Unix(1, 0))
	filter, err := metricsauth.New(&rest.Config{Host: server.URL}, metrics, clock, logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	return filter, clock
}

func read(filter http.Handler, method, path, authorization string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, nil)
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	recorder := httptest.NewRecorder()
	filter.ServeHTTP(recorder, request)
	return recorder
}

func TestWhoGetsWhat(t *testing.T) {
	filter, _ := newFilter(t, &apiServer{})
	for _, test := range []struct {
		method, path, authorization string
		status                      int
		body                        string
	}{
		{http.MethodGet, "/metrics", "Bearer reader", http.StatusOK, "up 1"},
		{http.MethodGet, "/metrics", "Bearer other", http.StatusForbidden, "needs the verb get on the non-resource URL /metrics"},
		{http.MethodGet, "/other", "Bearer reader", http.StatusForbidden, "needs the verb get on the non-resource URL /other"},
		{http.MethodPost, "/metrics", "Bearer reader", http.StatusForbidden, "needs the verb post"},
		{http.MethodGet, "/metrics", "Bearer invented", http.StatusUnauthorized, "send a token of the cluster"},
		{http.MethodGet, "/metrics", "Bearer " + strings.Repeat("x", 17<<10), http.StatusUnauthorized, "send a token of the cluster"},
		{http.MethodGet, "/metrics", "Bearer ", http.StatusUnauthorized, "send a token of the cluster"},
		{http.MethodGet, "/metrics", "Basic cmVhZGVy", http.StatusUnauthorized, "send a token of the cluster"},
		{http.MethodGet, "/metrics", "", http.StatusUnauthorized, "send a token of the cluster"},
	} {
		got := read(filter, test.method, test.path, test.authorization)
		if got.Code != test.status || !strings.Contains(got.Body.String(), test.body) {
			t.Errorf("%s %s with %.20q: %d %q, want %d with %q", test.method, test.path, test.authorization, got.Code, got.Body, test.status, test.body)
		}
	}
}

// TestAnswersAreRemembered: a Prometheus costs the API server two requests a minute, and a right that was taken away is gone after that.
func TestAnswersAreRemembered(t *testing.T) {
	api := &apiServer{}
	filter, clock := newFilter(t, api)
	for range 3 {
		read(filter, http.MethodGet, "/metrics", "Bearer reader")
		read(filter, http.MethodGet, "/metrics", "Bearer invented")
	}
	if diff := cmp.Diff([]string{"tokenreviews", "subjectaccessreviews", "tokenreviews"}, api.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	api.asked = nil
	clock.SetTime(clock.Now().Add(11 * time.Second))
	read(filter, http.MethodGet, "/metrics", "Bearer reader")
	read(filter, http.MethodGet, "/metrics", "Bearer invented")
	if diff := cmp.Diff([]string{"tokenreviews"}, api.asked); diff != "" {
		t.Errorf("asked after 11 s (-want +got):\n%s", diff)
	}
	api.asked = nil
	clock.SetTime(clock.Now().Add(time.Minute))
	read(filter, http.MethodGet, "/metrics", "Bearer reader")
	if diff := cmp.Diff([]string{"tokenreviews", "subjectaccessreviews"}, api.asked); diff != "" {
		t.Errorf("asked after a minute (-want +got):\n%s", diff)
	}
}

// TestInventedTokensAreForgotten: no more than a bounded number of answers is kept, and all are right.
func TestInventedTokensAreForgotten(t *testing.T) {
	filter, _ := newFilter(t, &apiServer{})
	for i := range 600 {
		if got := read(filter, http.MethodGet, "/metrics", fmt.Sprintf("Bearer invented-%d", i)); got.Code != http.StatusUnauthorized {
			t.Fatalf("answered %d", got.Code)
		}
	}
	if got := read(filter, http.MethodGet, "/metrics", "Bearer reader"); got.Code != http.StatusOK {
		t.Errorf("answered %d", got.Code)
	}
}

// TestNobodyGetsMetricsInDoubt: where the API server gives no answer nobody is let through, and it is asked again.
func TestNobodyGetsMetricsInDoubt(t *testing.T) {
	for name, api := range map[string]*apiServer{
		"no right to ask who it is":    {broken: "tokenreviews", status: http.StatusForbidden, body: "{}"},
		"no right to ask what it may":  {broken: "subjectaccessreviews", status: http.StatusForbidden, body: "{}"},
		"an answer that is cut":        {broken: "tokenreviews", status: http.StatusCreated, body: `{"status": {"authenticated": tr`},
		"an API server that is failed": {broken: "tokenreviews", status: http.StatusInternalServerError, body: "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			filter, _ := newFilter(t, api)
			got := read(filter, http.MethodGet, "/metrics", "Bearer reader")
			if got.Code != http.StatusServiceUnavailable || !strings.Contains(got.Body.String(), "the log says why") {
				t.Errorf("answered %d %q", got.Code, got.Body)
			}
			api.mu.Lock()
			api.broken = ""
			api.mu.Unlock()
			if got := read(filter, http.MethodGet, "/metrics", "Bearer reader"); got.Code != http.StatusOK {
				t.Errorf("answered %d when the API server is well again", got.Code)
			}
		})
	}
}

func TestUnusableConfiguration(t *testing.T) {
	for _, config := range []*rest.Config{
		{Host: "https://a", TLSClientConfig: rest.TLSClientConfig{CAFile: "no-such-file"}},
		{Host: "://"},
	} {
		if _, err := metricsauth.New(config, http.NotFoundHandler(), clocktesting.NewFakePassiveClock(time.Unix(1, 0)), logr.Discard()); err == nil {
			t.Errorf("a filter by %+v", config)
		}
	}
}
