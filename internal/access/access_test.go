// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/client-go/rest"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/meetingops/meeting-recording-operator/internal/access"
)

// apiServer accepts the tokens "reader" and "other" of users with these names. The former may get /metrics. It is a RoundTripper, so
// that it works in synctest bubbles.
type apiServer struct {
	hold chan struct{} // if not nil, answers wait until it is closed

	mu     sync.Mutex
	asked  []string
	broken string // the review that gets the following answer
	status int
	body   string
}

func (a *apiServer) RoundTrip(r *http.Request) (*http.Response, error) {
	kind := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	status, body := a.answer(kind, r.Body)
	if a.hold != nil {
		<-a.hold
	}
	return &http.Response{
		StatusCode: status, Status: strconv.Itoa(status), Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r,
	}, nil
}

func (a *apiServer) answer(kind string, request io.Reader) (int, []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, kind)
	if kind == a.broken {
		return a.status, []byte(a.body)
	}
	var review any
	switch kind {
	case "tokenreviews":
		token := &authenticationv1.TokenReview{}
		_ = json.NewDecoder(request).Decode(token)
		token.Status.Authenticated = token.Spec.Token == "reader" || token.Spec.Token == "other"
		token.Status.User = authenticationv1.UserInfo{
			Username: token.Spec.Token, UID: "1", Groups: []string{"g"}, Extra: map[string]authenticationv1.ExtraValue{"k": {"v"}},
		}
		if len(token.Spec.Audiences) > 0 && token.Spec.Token == "reader" {
			token.Status.Audiences = token.Spec.Audiences[:1]
		}
		review = token
	case "subjectaccessreviews":
		access := &authorizationv1.SubjectAccessReview{}
		_ = json.NewDecoder(request).Decode(access)
		access.Status.Allowed = cmp.Equal(access.Spec, authorizationv1.SubjectAccessReviewSpec{
			User: "reader", UID: "1", Groups: []string{"g"}, Extra: map[string]authorizationv1.ExtraValue{"k": {"v"}},
			NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: "/metrics", Verb: "get"},
		})
		review = access
	}
	body, _ := json.Marshal(review)
	return http.StatusCreated, body
}

// reviews returns the reviews since the last call.
func (a *apiServer) reviews() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	asked := a.asked
	a.asked = nil
	return asked
}

func newReviewer(t *testing.T, api *apiServer, audiences ...string) (*access.Reviewer, *clocktesting.FakePassiveClock) {
	t.Helper()
	clock := clocktesting.NewFakePassiveClock(time.Unix(1, 0))
	reviewer, err := access.NewReviewer(&rest.Config{Host: "http://api", Transport: api}, access.Options{Audiences: audiences, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	return reviewer, clock
}

func get(reviewer *access.Reviewer, method, path, authorization string) *httptest.ResponseRecorder {
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1") })
	request := httptest.NewRequest(method, path, nil)
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	recorder := httptest.NewRecorder()
	access.Protect(reviewer, metrics, logr.Discard()).ServeHTTP(recorder, request)
	return recorder
}

func TestProtect(t *testing.T) {
	reviewer, _ := newReviewer(t, &apiServer{})
	for _, test := range []struct {
		method, path, authorization string
		status                      int
		body                        string
	}{
		{http.MethodGet, "/metrics", "Bearer reader", http.StatusOK, "up 1"},
		{http.MethodGet, "/metrics", "bearer reader", http.StatusOK, "up 1"},
		{http.MethodGet, "/metrics", "Bearer other", http.StatusForbidden, "needs the verb get on the non-resource URL /metrics"},
		{http.MethodGet, "/other", "Bearer reader", http.StatusForbidden, "needs the verb get on the non-resource URL /other"},
		{http.MethodPost, "/metrics", "Bearer reader", http.StatusForbidden, "needs the verb post"},
		{http.MethodGet, "/metrics", "Bearer invented", http.StatusUnauthorized, "send a token of the cluster"},
		{http.MethodGet, "/metrics", "Bearer " + strings.Repeat("x", 17<<10), http.StatusUnauthorized, "send a token of the cluster"},
		{http.MethodGet, "/metrics", "Bearer ", http.StatusUnauthorized, "send a token of the cluster"},
		{http.MethodGet, "/metrics", "Basic cmVhZGVy", http.StatusUnauthorized, "send a token of the cluster"},
		{http.MethodGet, "/metrics", "", http.StatusUnauthorized, "send a token of the cluster"},
	} {
		got := get(reviewer, test.method, test.path, test.authorization)
		if got.Code != test.status || !strings.Contains(got.Body.String(), test.body) {
			t.Errorf("%s %s with %.20q: %d %q, want %d with %q", test.method, test.path, test.authorization, got.Code, got.Body, test.status, test.body)
		}
	}
}

func TestAudience(t *testing.T) {
	reviewer, _ := newReviewer(t, &apiServer{}, "events", "recordings")
	if user, err := reviewer.Authenticate(t.Context(), "reader"); err != nil || user.Username != "reader" {
		t.Errorf("token for the audience: %v, %v", user, err)
	}
	if _, err := reviewer.Authenticate(t.Context(), "other"); !errors.Is(err, access.ErrUnauthenticated) {
		t.Errorf("token for the API server only: %v", err)
	}
}

// A right that was revoked is gone after the cache's ten seconds.
func TestCache(t *testing.T) {
	api := &apiServer{}
	reviewer, clock := newReviewer(t, api)
	for range 2 {
		for range 3 {
			get(reviewer, http.MethodGet, "/metrics", "Bearer reader")
			get(reviewer, http.MethodGet, "/metrics", "Bearer invented")
		}
		if diff := cmp.Diff([]string{"tokenreviews", "subjectaccessreviews", "tokenreviews"}, api.reviews()); diff != "" {
			t.Errorf("reviews (-want +got):\n%s", diff)
		}
		clock.SetTime(clock.Now().Add(11 * time.Second))
	}
}

// While the API server cannot decide, nobody is let through, nobody is told "no", and the answer is not cached.
func TestCannotCheck(t *testing.T) {
	for name, api := range map[string]*apiServer{
		"token review forbidden":  {broken: "tokenreviews", status: http.StatusForbidden, body: "{}"},
		"access review forbidden": {broken: "subjectaccessreviews", status: http.StatusForbidden, body: "{}"},
		"truncated answer":        {broken: "tokenreviews", status: http.StatusCreated, body: `{"status": {"authenticated": tr`},
		"API server fails":        {broken: "tokenreviews", status: http.StatusInternalServerError, body: "{}"},
		"evaluation error": {broken: "subjectaccessreviews", status: http.StatusCreated,
			body: `{"status": {"allowed": false, "evaluationError": "webhook authorizer unavailable"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			reviewer, _ := newReviewer(t, api)
			got := get(reviewer, http.MethodGet, "/metrics", "Bearer reader")
			if got.Code != http.StatusServiceUnavailable || !strings.Contains(got.Body.String(), "the log says why") {
				t.Errorf("answered %d %q", got.Code, got.Body)
			}
			api.mu.Lock()
			api.broken = ""
			api.mu.Unlock()
			if got := get(reviewer, http.MethodGet, "/metrics", "Bearer reader"); got.Code != http.StatusOK {
				t.Errorf("answered %d once the API server works again", got.Code)
			}
		})
	}
}

func TestUnusableConfiguration(t *testing.T) {
	for _, config := range []*rest.Config{
		{Host: "https://a", TLSClientConfig: rest.TLSClientConfig{CAFile: "no-such-file"}},
		{Host: "://"},
	} {
		if _, err := access.NewReviewer(config, access.Options{Clock: clocktesting.NewFakePassiveClock(time.Unix(1, 0))}); err == nil {
			t.Errorf("a reviewer for %+v", config)
		}
	}
}

// A flood of forged tokens is at most 32 reviews at once and 256 waiting callers; one more is told so at once.
func TestFloodOfTokens(t *testing.T) {
	const inFlight, queued = 32, 256
	synctest.Test(t, func(t *testing.T) {
		api := &apiServer{hold: make(chan struct{})}
		reviewer, _ := newReviewer(t, api)
		answers := make(chan error, inFlight+queued)
		for i := range inFlight + queued {
			go func() {
				_, err := reviewer.Authenticate(t.Context(), "forged-"+strconv.Itoa(i))
				answers <- err
			}()
		}
		synctest.Wait()
		if n := len(api.reviews()); n != inFlight {
			t.Errorf("%d reviews at once", n)
		}
		if _, err := reviewer.Authenticate(t.Context(), "reader"); !errors.Is(err, access.ErrBusy) {
			t.Errorf("one too many: %v", err)
		}
		close(api.hold)
		for range inFlight + queued {
			if err := <-answers; !errors.Is(err, access.ErrUnauthenticated) {
				t.Errorf("one that waited: %v", err)
			}
		}
		if user, err := reviewer.Authenticate(t.Context(), "reader"); err != nil || user.Username != "reader" {
			t.Errorf("afterwards: %v, %v", user, err)
		}
	})
}

// Forged tokens, however many, do not evict the answer about a genuine one.
func TestForgedTokensAreCachedApart(t *testing.T) {
	api := &apiServer{}
	reviewer, _ := newReviewer(t, api)
	authenticate := func(token string, want error) {
		t.Helper()
		if _, err := reviewer.Authenticate(t.Context(), token); !errors.Is(err, want) {
			t.Fatalf("%s: %v", token, err)
		}
	}
	authenticate("reader", nil)
	for i := range 6000 {
		authenticate("forged-"+strconv.Itoa(i), access.ErrUnauthenticated)
	}
	api.reviews()
	authenticate("reader", nil)
	authenticate("forged-5999", access.ErrUnauthenticated)
	if asked := api.reviews(); len(asked) != 0 {
		t.Errorf("reviewed again: %v", asked)
	}
}
