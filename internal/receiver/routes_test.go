// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/receiver/guard"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/routes"
)

const (
	tokenOfA  = "endpoint-token-of-a"
	tokenOfB  = "endpoint-token-of-b"
	clientOfA = "client-token-of-team-a"
)

const twoRoutes = "routes:\n" +
	"- {namespace: team-a, endpointToken: " + tokenOfA + ", clientToken: " + clientOfA + "}\n" +
	"- {namespace: team-b, endpointToken: " + tokenOfB + "}\n"

// watchedRoutes is a file of routes, read by a clock that moves only when told to.
type watchedRoutes struct {
	*routes.Table
	path     string
	now      time.Time
	reported []string
}

func newRoutesFile(t testing.TB, content string) *watchedRoutes {
	t.Helper()
	f := &watchedRoutes{path: filepath.Join(t.TempDir(), "routes.yaml"), now: epoch}
	writeFile(t, f.path, content)
	var err error
	f.Table, err = routes.Open(routes.Options{
		RoutesFile: f.path, Now: func() time.Time { return f.now }, OnError: func(err error) { f.reported = append(f.reported, err.Error()) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// noted is a Recorder that keeps what it was given.
type noted struct{ events []recorder.Event }

func (n *noted) Record(_ context.Context, ev recorder.Event) (recorder.Outcome, error) {
	n.events = append(n.events, ev)
	return recorder.Outcome{Result: lifecycle.Recorded, Recording: ev.Namespace + "/" + lifecycle.Name(ev.MeetingID, ev.SessionID, 1)}, nil
}

// TestRoutes: the secret says which namespace a webhook's recording is in, and that is in the answer, the log and the metrics.
func TestRoutes(t *testing.T) {
	recorded := &noted{}
	f := newFixture(t, recorded)
	f.Routes = newRoutesFile(t, twoRoutes).Table
	f.Shares = guard.NewShares(1)
	for _, tc := range []struct {
		name, path, namespace string
		status                int
	}{
		{"the first route", WebhookPath + "/" + tokenOfA, "team-a", 200},
		{"the second route", WebhookPath + "/" + tokenOfB, "team-b", 200},
		{"no token", WebhookPath, "", 404},
		{"an empty token", WebhookPath + "/", "", 404},
		{"another token", WebhookPath + "/" + tokenOfA + "b", "", 404},
		{"a client's token", WebhookPath + "/" + clientOfA, "", 404},
		{"the token alone", "/" + tokenOfA, "", 404},
		{"more behind the token", WebhookPath + "/" + tokenOfA + "/", "", 404},
	} {
		t.Run(tc.name, func(t *testing.T) {
			recorded.events = nil
			f.log.Reset()
			w := httptest.NewRecorder()
			f.ServeHTTP(w, request{path: tc.path, body: goodBody}.build(t))
			if w.Code != tc.status {
				t.Fatalf("status %d, want %d", w.Code, tc.status)
			}
			if tc.namespace == "" {
				if len(recorded.events) > 0 || strings.Contains(f.log.String(), `"namespace"`) {
					t.Errorf("events %v, log %s", recorded.events, f.log)
				}
				return
			}
			if got := recorded.events[0].Session; got != (recorder.Session{Namespace: tc.namespace, MeetingID: testMeeting, SessionID: testSession}) {
				t.Errorf("session %+v", got)
			}
			if !strings.Contains(f.log.String(), fmt.Sprintf(`"namespace"=%q`, tc.namespace)) || strings.Contains(f.log.String(), "token-of") {
				t.Errorf("log %s", f.log)
			}
		})
	}
	if err := testutil.GatherAndCompare(f.registry, strings.NewReader(`
# HELP meetingrecording_route_requests_total Requests with the token of a route of --routes-file, by namespace and outcome.
# TYPE meetingrecording_route_requests_total counter
meetingrecording_route_requests_total{namespace="team-a",outcome="recorded"} 1
meetingrecording_route_requests_total{namespace="team-b",outcome="recorded"} 1
`), "meetingrecording_route_requests_total"); err != nil {
		t.Error(err)
	}
}

func TestLookUpClients(t *testing.T) {
	f := newRoutesFile(t, twoRoutes)
	for token, want := range map[string]string{clientOfA: "team-a", tokenOfA: "", "": "", clientOfA[1:]: ""} {
		if got := f.Client(token); got != want {
			t.Errorf("%q leads to %q, want %q", token, got, want)
		}
	}
}

// TestRoutesAreReadAgain: a good new version is in force after a second; a bad one is reported once, and shown, and changes nothing.
func TestRoutesAreReadAgain(t *testing.T) {
	f := newRoutesFile(t, twoRoutes)
	registry := prometheus.NewRegistry()
	f.Register(registry)
	check := func(when, namespace string, count, outdated, reports int) {
		t.Helper()
		if got := f.Webhook(tokenOfA); got != namespace {
			t.Errorf("%s: the token leads to %q, want %q", when, got, namespace)
		}
		if len(f.reported) != reports {
			t.Errorf("%s: reported %q", when, f.reported)
		}
		if err := testutil.GatherAndCompare(registry, strings.NewReader(fmt.Sprintf(`
# HELP meetingrecording_routes Routes in use.
# TYPE meetingrecording_routes gauge
meetingrecording_routes %d
# HELP meetingrecording_routes_outdated 1 while --routes-file cannot be used and its last good version stays in use, else 0.
# TYPE meetingrecording_routes_outdated gauge
meetingrecording_routes_outdated %d
`, count, outdated))); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	check("at first", "team-a", 2, 0, 0)
	writeFile(t, f.path, "routes:\n- {namespace: team-c, endpointToken: "+tokenOfA+"}\n")
	check("within the second", "team-a", 2, 0, 0)
	f.now = f.now.Add(time.Second)
	check("after it", "team-c", 1, 0, 0)
	writeFile(t, f.path, "routes:\n- {namespace: team-d, endpointTokn: "+tokenOfA+"}\n")
	f.now = f.now.Add(time.Second)
	check("with a bad file", "team-c", 1, 1, 1)
	f.now = f.now.Add(time.Second)
	check("with the same bad file", "team-c", 1, 1, 1)
	if err := os.Remove(f.path); err != nil {
		t.Fatal(err)
	}
	f.now = f.now.Add(time.Second)
	check("removed", "team-c", 1, 1, 2)
	writeFile(t, f.path, "routes:\n- {namespace: team-c, endpointToken: "+tokenOfA+"}\n")
	f.now = f.now.Add(time.Second)
	check("mended", "team-c", 1, 0, 2)
	for _, want := range []string{"line 2: not valid", "the last good content stays in use", f.path} {
		if !strings.Contains(f.reported[0], want) || strings.Contains(f.reported[0], tokenOfA) {
			t.Errorf("reported %s, want %s", f.reported[0], want)
		}
	}
	if diff := cmp.Diff([]string{"team-c"}, f.Namespaces()); diff != "" {
		t.Error(diff)
	}
}

func TestRoutesThatCannotBeRead(t *testing.T) {
	folder := t.TempDir()
	huge := filepath.Join(folder, "huge")
	writeFile(t, huge, strings.Repeat("#", 1<<20+1))
	for path, want := range map[string]string{filepath.Join(folder, "missing"): "no such file", folder: "not a regular file", huge: "larger than 1048576 bytes"} {
		if _, err := routes.Open(routes.Options{RoutesFile: path}); err == nil || !strings.Contains(err.Error(), "--routes-file: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// TestFloodOfOneNamespace: what is above a namespace's rate is refused, and takes nothing from the others.
func TestFloodOfOneNamespace(t *testing.T) {
	l := newLimited(t, guard.RateLimits{Total: 10, PerNamespace: 2})
	l.Routes = newRoutesFile(t, twoRoutes).Table
	a, b := request{path: WebhookPath + "/" + tokenOfA}, request{path: WebhookPath + "/" + tokenOfB}
	l.expect(t, 4, 200, "192.0.2.1", a)
	l.expect(t, 40, 429, "192.0.2.1", a)
	l.expect(t, 4, 200, "192.0.2.1", b)
	l.now = l.now.Add(time.Second)
	l.expect(t, 2, 200, "192.0.2.1", a)
	l.expect(t, 1, 429, "192.0.2.1", a)
}

// TestSlowNamespace: while one namespace's requests hang, others find places.
func TestSlowNamespace(t *testing.T) {
	release, entered := make(chan struct{}), make(chan struct{})
	f := newFixture(t, recorderFunc(func(ctx context.Context, ev recorder.Event) (recorder.Outcome, error) {
		if ev.Namespace == "team-a" {
			select {
			case entered <- struct{}{}:
				<-release
			case <-release:
			}
		}
		return recordedAlways(ctx, ev)
	}))
	f.Routes, f.Shares = newRoutesFile(t, twoRoutes).Table, guard.NewShares(2)
	send := func(token string) int {
		w := httptest.NewRecorder()
		f.ServeHTTP(w, request{path: WebhookPath + "/" + token, body: goodBody}.build(t))
		if w.Code == 503 && (w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "too many webhooks at once")) {
			t.Errorf("%v %s", w.Header(), w.Body)
		}
		return w.Code
	}
	answers := make(chan int)
	for range 2 {
		go func() { answers <- send(tokenOfA) }()
		<-entered
	}
	if got := []int{send(tokenOfA), send(tokenOfB), send(tokenOfB), send(tokenOfB)}; !cmp.Equal(got, []int{503, 200, 200, 200}) {
		t.Errorf("answers %v", got)
	}
	close(release)
	for range 2 {
		if got := <-answers; got != 200 {
			t.Errorf("answer %d", got)
		}
	}
	if got := []int{send(tokenOfA), send(tokenOfA), send(tokenOfA)}; !cmp.Equal(got, []int{200, 200, 200}) {
		t.Errorf("answers %v afterwards", got)
	}
}

const goodToken = "3f9c0d71be52a846"

func TestEndpointToken(t *testing.T) {
	f := newFixture(t, recordedAlways)
	f.Routes = openSecrets(t, routes.Options{EndpointTokenFile: tokenFile(t, "  "+goodToken+"\n")})
	for _, tc := range []struct {
		name, method, path string
		status             int
	}{
		{"the token", "POST", WebhookPath + "/" + goodToken, 200},
		{"the token, escaped", "POST", WebhookPath + "/%33" + goodToken[1:], 200},
		{"no token", "POST", WebhookPath, 404},
		{"an empty token", "POST", WebhookPath + "/", 404},
		{"another token", "POST", WebhookPath + "/" + goodToken + "q", 404},
		{"a part of the token", "POST", WebhookPath + "/" + goodToken[1:], 404},
		{"more behind the token", "POST", WebhookPath + "/" + goodToken + "/", 404},
		{"the token alone", "POST", "/" + goodToken, 404},
		{"GET with the token", "GET", WebhookPath + "/" + goodToken, 405},
		{"GET without the token", "GET", WebhookPath, 404},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			f.ServeHTTP(w, request{method: tc.method, path: tc.path, body: goodBody}.build(t))
			if w.Code != tc.status {
				t.Errorf("status %d, want %d", w.Code, tc.status)
			}
		})
	}
}
