// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package access_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
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

// home is where the callers are.
var home = netip.MustParseAddr("192.0.2.1")

// apiServer accepts the tokens "reader", "other" and "newcomer" of users with these names. The former may get /metrics. It is a RoundTripper, so
// that it works in synctest bubbles.
type apiServer struct {
	hold  chan struct{} // if not nil, answers wait until it is closed
	takes time.Duration // how long an answer takes

	mu     sync.Mutex
	atOnce int
	most   int
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
	if a.takes > 0 {
		defer a.inFlight()()
		select {
		case <-time.After(a.takes):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
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
		token.Status.Authenticated = slices.Contains([]string{"reader", "other", "newcomer"}, token.Spec.Token)
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

// inFlight counts an answer that is under way, until the function that it returns is called.
func (a *apiServer) inFlight() func() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.atOnce++
	a.most = max(a.most, a.atOnce)
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.atOnce--
	}
}

func (a *apiServer) mostAtOnce() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.most
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
	if user, err := reviewer.Authenticate(t.Context(), home, "reader"); err != nil || user.Username != "reader" {
		t.Errorf("token for the audience: %v, %v", user, err)
	}
	if _, err := reviewer.Authenticate(t.Context(), home, "other"); !errors.Is(err, access.ErrUnauthenticated) {
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

// A flood of forged tokens from many addresses is at most 16 reviews at once. Meanwhile a caller whose token is known and the reviews of access are not
// delayed at all, and a caller who signs in from another address waits for few of the forged ones.
func TestFloodOfTokens(t *testing.T) {
	const addresses, perAddress = 50, 50
	synctest.Test(t, func(t *testing.T) {
		api := &apiServer{takes: 10 * time.Millisecond}
		reviewer, clock := newReviewer(t, api)
		if _, err := reviewer.Authenticate(t.Context(), home, "reader"); err != nil {
			t.Fatal(err)
		}
		clock.SetTime(clock.Now().Add(11 * time.Second)) // past the cached answers
		flood, stop := context.WithCancel(t.Context())
		answers := make(chan error, addresses*perAddress)
		for i := range addresses * perAddress {
			go func() {
				_, err := reviewer.Authenticate(flood, netip.AddrFrom4([4]byte{203, 0, 113, byte(i % addresses)}), "forged-"+strconv.Itoa(i))
				answers <- err
			}()
		}
		synctest.Wait()
		if n := api.mostAtOnce(); n != 16 {
			t.Errorf("%d reviews at once", n)
		}
		for _, honest := range []struct {
			what, token string
			wait        time.Duration
		}{
			{"a known token is reviewed at once", "reader", 10 * time.Millisecond},
			{"a new token waits for the addresses, not for their callers", "newcomer", addresses*8/16*10*time.Millisecond + 20*time.Millisecond},
		} {
			began := time.Now()
			user, err := reviewer.Authenticate(t.Context(), home, honest.token)
			if took := time.Since(began); err != nil || user.Username != honest.token || took > honest.wait {
				t.Errorf("%s: %v, %v after %s, want at most %s", honest.what, user.Username, err, took, honest.wait)
			}
			began = time.Now()
			_ = reviewer.AuthorizePath(t.Context(), user, "get", "/metrics")
			if took := time.Since(began); took > 10*time.Millisecond {
				t.Errorf("access of %s was reviewed after %s", honest.token, took)
			}
		}
		stop()
		refused := 0
		for range addresses * perAddress {
			if err := <-answers; errors.Is(err, access.ErrUnauthenticated) {
				refused++
			} else if !errors.Is(err, access.ErrBusy) && !errors.Is(err, context.Canceled) {
				t.Errorf("a forged token: %v", err)
			}
		}
		if refused == 0 || refused == addresses*perAddress {
			t.Errorf("%d of %d forged tokens were reviewed before their callers left", refused, addresses*perAddress)
		}
	})
}

// All callers come from one address, as behind a proxy that is not trusted: an honest one waits in the queue among 2,500, and is not refused.
func TestFloodFromTheCallersAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reviewer, _ := newReviewer(t, &apiServer{takes: time.Millisecond})
		for i := range 2500 {
			go func() { _, _ = reviewer.Authenticate(t.Context(), home, "forged-"+strconv.Itoa(i)) }()
		}
		synctest.Wait()
		began := time.Now()
		if _, err := reviewer.Authenticate(t.Context(), home, "reader"); err != nil || time.Since(began) > 400*time.Millisecond {
			t.Errorf("signed in after %s: %v", time.Since(began), err)
		}
	})
}

// A few addresses cannot fill the queue, however many callers each has: others can still join it.
func TestWaitingCallersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const floods, perFlood, bound = 6, 10000, 6144
		api := &apiServer{hold: make(chan struct{})}
		reviewer, _ := newReviewer(t, api)
		busy := make(chan bool, (floods+1)*perFlood)
		ask := func(network byte, callers int) {
			address := netip.AddrFrom4([4]byte{203, 0, 113, network})
			for i := range callers {
				go func() {
					_, err := reviewer.Authenticate(t.Context(), address, address.String()+strconv.Itoa(i))
					busy <- errors.Is(err, access.ErrBusy)
				}()
			}
			synctest.Wait()
		}
		for network := range byte(floods) {
			ask(network, perFlood)
		}
		refused := len(busy)
		if waiting := floods*perFlood - refused; waiting > bound {
			t.Errorf("%d callers wait", waiting)
		}
		ask(floods, 20)
		if n := len(busy) - refused; n != 0 {
			t.Errorf("%d of 20 callers of another address were refused at once", n)
		}
		close(api.hold)
	})
}

// Two questions have one answer only if they are the same question, whatever is in the names.
func TestQuestionsDoNotShareAnswers(t *testing.T) {
	api := &apiServer{}
	reviewer, _ := newReviewer(t, api)
	plain := access.User{Username: "a", UID: "1", Groups: []string{"g", "h"}}
	questions := 0
	for _, user := range []access.User{
		plain,
		{Username: "a", UID: "1", Groups: []string{"g,h"}},
		{Username: "a", UID: "1", Groups: []string{"g h"}},
		{Username: "a", UID: "1", Groups: []string{"g", "h"}, Extra: map[string]authenticationv1.ExtraValue{"k": {"v"}}},
		{Username: "a", UID: "1", Groups: []string{"g", "h"}, Extra: map[string]authenticationv1.ExtraValue{"k": {"v", ""}}},
		{Username: "a,UID:1", Groups: []string{"g", "h"}},
	} {
		for _, attributes := range []authorizationv1.ResourceAttributes{
			{Namespace: "n", Verb: "get", Resource: "r"}, {Namespace: "n,Verb:get", Resource: "r"}, {Namespace: "n", Verb: "get,Group:", Resource: "r"},
			{Namespace: "n", Verb: "get", Resource: "r", Name: "x"},
		} {
			questions++
			for range 2 {
				_ = reviewer.AuthorizeResource(t.Context(), user, attributes)
			}
		}
		questions++
		_ = reviewer.AuthorizePath(t.Context(), user, "get", "n")
	}
	if asked := len(api.reviews()); asked != questions {
		t.Errorf("%d different questions were asked %d times", questions, asked)
	}
}

// Forged tokens, however many, do not evict the answer about a genuine one.
func TestForgedTokensAreCachedApart(t *testing.T) {
	api := &apiServer{}
	reviewer, _ := newReviewer(t, api)
	authenticate := func(token string, want error) {
		t.Helper()
		if _, err := reviewer.Authenticate(t.Context(), home, token); !errors.Is(err, want) {
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
