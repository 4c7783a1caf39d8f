// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/receiver/guard"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/routes"
)

const clientToken = "a-token-for-the-apps"

func clientBody(status string) string {
	return fmt.Sprintf(`{"meetingId":%q,"sessionId":%q,"status":%q}`, testMeeting, testSession, status)
}

// newClientFixture is a fixture that takes client events with clientToken.
func newClientFixture(t *testing.T, to Recorder) *fixture {
	t.Helper()
	f := newFixture(t, to)
	f.Routes = openSecrets(t, routes.Options{ClientTokenFile: tokenFile(t, clientToken+"\n")})
	return f
}

func clientRequest(method, authorization, body string) *http.Request {
	r := httptest.NewRequest(method, ClientEventsPath, strings.NewReader(body))
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return r
}

// TestClientEvents: what is answered, and what is recorded.
func TestClientEvents(t *testing.T) {
	const good = "Bearer " + clientToken
	for _, tc := range []struct {
		name, method, authorization, body string
		status                            int
		want                              string
		recorded                          v1alpha1.EventType
	}{
		{"starting", "POST", good, clientBody("RECORDING_STARTING"), 200, `"result":"recorded"`, starting},
		{"started", "POST", good, clientBody("RECORDING_STARTED"), 200, `"result":"recorded"`, started},
		{"stopping", "POST", good, clientBody("RECORDING_STOPPING"), 200, `"result":"recorded"`, stopping},
		{"stopped is no more than stopping", "POST", good, clientBody("RECORDING_STOPPED"), 200, `"result":"recorded"`, stopping},
		{"another case of Bearer", "POST", "bearer " + clientToken, clientBody("RECORDING_STARTED"), 200, `"result":"recorded"`, started},
		{"an unknown status", "POST", good, clientBody("RECORDING_FAILED"), 400, "status must be one of RECORDING_STARTING, RECORDING_STARTED, RECORDING_STOPPING, RECORDING_STOPPED", ""},
		{"no status", "POST", good, `{"meetingId":"a","sessionId":"b"}`, 400, "status must be one of RECORDING_STARTING", ""},
		{"a status that is no text", "POST", good, `{"meetingId":"a","sessionId":"b","status":1}`, 400, "status must be a string, not a number", ""},
		{"no meeting", "POST", good, `{"sessionId":"b","status":"RECORDING_STARTED"}`, 400, "meetingId is missing", ""},
		{"no session", "POST", good, `{"meetingId":"a","status":"RECORDING_STARTED"}`, 400, "sessionId is missing", ""},
		{"no JSON", "POST", good, `status=RECORDING_STARTED`, 400, "body is not valid JSON", ""},
		{"no token", "POST", "", clientBody("RECORDING_STARTED"), 401, "send Authorization: Bearer TOKEN", ""},
		{"another token", "POST", good + "s", clientBody("RECORDING_STARTED"), 401, "the token is missing or wrong", ""},
		{"a token of another scheme", "POST", "Basic " + clientToken, clientBody("RECORDING_STARTED"), 401, "the token is missing or wrong", ""},
		{"GET", "GET", good, "", 405, "events must be sent with POST", ""},
		{"OPTIONS without origins", "OPTIONS", "", "", 405, "events must be sent with POST", ""},
		{"too large", "POST", good, strings.Repeat(" ", maxBodyBytes+1), 413, "larger than", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			recorded := &noted{}
			f := newClientFixture(t, recorded)
			w := httptest.NewRecorder()
			f.ServeHTTP(w, clientRequest(tc.method, tc.authorization, tc.body))
			if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.want) {
				t.Errorf("%d %s, want %d %s", w.Code, w.Body, tc.status, tc.want)
			}
			if (w.Code == 401) != (w.Header().Get("WWW-Authenticate") == "Bearer") {
				t.Errorf("WWW-Authenticate: %q", w.Header().Get("WWW-Authenticate"))
			}
			var want []recorder.Event
			if tc.recorded != "" {
				want = []recorder.Event{{
					Session: recorder.Session{Namespace: "meetings", MeetingID: testMeeting, SessionID: testSession},
					Event:   lifecycle.Event{Type: tc.recorded, Source: v1alpha1.EventSourceClient, ReceivedAt: epoch},
				}}
			}
			if diff := cmp.Diff(want, recorded.events); diff != "" {
				t.Errorf("recorded (-want +got):\n%s", diff)
			}
			if strings.Contains(f.log.String(), clientToken) || !strings.Contains(f.log.String(), `"source"="client"`) {
				t.Errorf("log %s", f.log)
			}
		})
	}
}

// TestClientEventsAreOff without a token, and for routes without one.
func TestClientEventsAreOff(t *testing.T) {
	for name, set := range map[string]func(*Handler){
		"nothing": func(*Handler) {},
		"routes without tokens": func(h *Handler) {
			h.Routes = newRoutesFile(t, "routes: [{namespace: a, endpointToken: "+tokenOfA+"}]").Table
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, recordedAlways)
			set(f.Handler)
			w := httptest.NewRecorder()
			f.ServeHTTP(w, clientRequest("POST", "Bearer "+clientToken, clientBody("RECORDING_STARTED")))
			if w.Code != 404 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}

func TestClientEventsOfRoutes(t *testing.T) {
	recorded := &noted{}
	f := newFixture(t, recorded)
	f.Routes = newRoutesFile(t, twoRoutes).Table
	for token, want := range map[string]int{clientOfA: 200, tokenOfA: 401, tokenOfB: 401, "": 401} {
		w := httptest.NewRecorder()
		f.ServeHTTP(w, clientRequest("POST", "Bearer "+token, clientBody("RECORDING_STARTED")))
		if w.Code != want {
			t.Errorf("%q: %d %s, want %d", token, w.Code, w.Body, want)
		}
	}
	if len(recorded.events) != 1 || recorded.events[0].Namespace != "team-a" {
		t.Errorf("recorded %+v", recorded.events)
	}
}

// TestClientRate: clients are limited by namespace, and take nothing from webhooks; wrong tokens are limited as all failures are.
func TestClientRate(t *testing.T) {
	f := newClientFixture(t, recordedAlways)
	f.ClientRates = guard.NewRates(guard.RateLimits{PerNamespace: 1}, f.Now)
	f.Rates = guard.NewRates(guard.RateLimits{Total: 1, Failures: 1}, f.Now)
	send := func(r *http.Request) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		return w
	}
	var codes []int
	for range 3 {
		codes = append(codes, send(clientRequest("POST", "Bearer "+clientToken, clientBody("RECORDING_STARTED"))).Code)
	}
	for range 3 {
		codes = append(codes, send(request{body: goodBody}.build(t)).Code)
	}
	for range 3 {
		codes = append(codes, send(clientRequest("POST", "Bearer guess", clientBody("RECORDING_STARTED"))).Code)
	}
	if diff := cmp.Diff([]int{200, 200, 429, 200, 200, 429, 401, 401, 429}, codes); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if err := testutil.GatherAndCompare(f.registry, strings.NewReader(`
# HELP meetingrecording_client_events_total Requests with client events, by outcome.
# TYPE meetingrecording_client_events_total counter
meetingrecording_client_events_total{outcome="failures_limited"} 1
meetingrecording_client_events_total{outcome="rate_limited"} 1
meetingrecording_client_events_total{outcome="recorded"} 2
meetingrecording_client_events_total{outcome="unauthorized"} 2
`), "meetingrecording_client_events_total"); err != nil {
		t.Error(err)
	}
}

// TestClientsInFlight: clients that hang keep no webhook out.
func TestClientsInFlight(t *testing.T) {
	h := newHold()
	f := newClientFixture(t, h)
	f.ClientShares = guard.NewShares(1)
	first := make(chan int)
	send := func() int {
		w := httptest.NewRecorder()
		f.ServeHTTP(w, clientRequest("POST", "Bearer "+clientToken, clientBody("RECORDING_STARTED")))
		return w.Code
	}
	go func() { first <- send() }()
	<-h.entered
	if code := send(); code != 503 {
		t.Errorf("the second is answered %d", code)
	}
	close(h.release)
	w := httptest.NewRecorder()
	f.ServeHTTP(w, request{body: goodBody}.build(t))
	if w.Code != 200 || <-first != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestOrigins: pages of the origins that were named may send events, and read why they are refused; others may not.
func TestOrigins(t *testing.T) {
	const page = "https://app.example.com"
	f := newClientFixture(t, recordedAlways)
	f.Origins = []string{"https://other.example.com", page}
	ask := func(method, origin, authorization string) *httptest.ResponseRecorder {
		r := clientRequest(method, authorization, clientBody("RECORDING_STARTED"))
		r.Header.Set("Origin", origin)
		if method == "OPTIONS" {
			r.Header.Set("Access-Control-Request-Method", "POST")
		}
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		return w
	}
	for _, tc := range []struct {
		name, method, origin, authorization string
		status                              int
		allowed                             string
	}{
		{"a preflight", "OPTIONS", page, "", 204, page},
		{"an event", "POST", page, "Bearer " + clientToken, 200, page},
		{"an event without a token", "POST", page, "", 401, page},
		{"a preflight of another origin", "OPTIONS", "https://app.example.com.evil.example", "", 405, ""},
		{"a preflight of no origin", "OPTIONS", "null", "", 405, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := ask(tc.method, tc.origin, tc.authorization)
			if w.Code != tc.status || w.Header().Get("Access-Control-Allow-Origin") != tc.allowed || w.Header().Get("Vary") != "Origin" {
				t.Errorf("%d %v", w.Code, w.Header())
			}
			if w.Code == 204 && (w.Body.Len() > 0 || !strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), "Authorization")) {
				t.Errorf("%v %s", w.Header(), w.Body)
			}
		})
	}
}

// TestClientEventsThatFail: the answer names the field as the client has sent it.
func TestClientEventsThatFail(t *testing.T) {
	for _, tc := range []struct {
		err    error
		status int
		want   string
	}{
		{&recorder.RejectedError{Field: "data.meetingId", Err: errAway}, 400, `"meetingId is not accepted by this receiver"`},
		{errAway, 503, "try again later"},
	} {
		f := newClientFixture(t, recordedNever(tc.err))
		w := httptest.NewRecorder()
		f.ServeHTTP(w, clientRequest("POST", "Bearer "+clientToken, clientBody("RECORDING_STARTED")))
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.want) {
			t.Errorf("%d %s, want %d %s", w.Code, w.Body, tc.status, tc.want)
		}
	}
	f := newClientFixture(t, recorderFunc(func(context.Context, recorder.Event) (recorder.Outcome, error) { panic("bug") }))
	w := httptest.NewRecorder()
	f.ServeHTTP(w, clientRequest("POST", "Bearer "+clientToken, clientBody("RECORDING_STARTED")))
	if w.Code != 500 || strings.Contains(w.Body.String(), "bug") || !strings.Contains(f.log.String(), "Request caused a panic") {
		t.Errorf("%d %s\n%s", w.Code, w.Body, f.log)
	}
}
