// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

const (
	oneSecret   = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	otherSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
)

var sentAt = time.Date(2026, 6, 1, 10, 0, 0, 0, time.UTC)

func data() Data {
	size := int64(12)
	return Data{
		Recording: events.Recording{Name: "m-s", Namespace: "prod", MeetingID: "m", SessionID: "s", Segment: 1},
		State:     "Stopped", File: &events.File{Path: "a.mp4", URL: "https://cdn.videosdk.live/a.mp4"},
		Steps: map[string]Step{"archive": {
			State:   "Succeeded",
			Outputs: []outputs.Output{{Name: "archive", URL: "s3://b/a.mp4", MediaType: "video/mp4", SizeBytes: &size, SHA256: strings.Repeat("a", 64)}},
		}},
	}
}

func event(t *testing.T) Event {
	t.Helper()
	e, err := NewEvent(DefaultType, data(), sentAt)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func secret(t *testing.T, text string) Secret {
	t.Helper()
	s, err := ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fixture is a sender and its receiver.
type fixture struct {
	server *httptest.Server
	opts   Options
	log    bytes.Buffer
	waits  []time.Duration
}

func newFixture(t *testing.T, handler http.HandlerFunc) *fixture {
	t.Helper()
	f := &fixture{server: httptest.NewServer(handler), opts: Defaults()}
	t.Cleanup(f.server.Close)
	f.opts.AllowHTTP, f.opts.AllowPrivateAddresses, f.opts.Retries, f.opts.UserAgent = true, true, 2, "tester/1"
	f.opts.Now = time.Now
	f.opts.Backoff = func(_ int, asked time.Duration) time.Duration {
		f.waits = append(f.waits, asked)
		return 0
	}
	return f
}

func (f *fixture) send(ctx context.Context, t *testing.T, url string) error {
	t.Helper()
	sender, err := NewSender(url, secret(t, oneSecret), f.opts, slog.New(slog.NewTextHandler(&f.log, nil)))
	if err == nil {
		defer sender.Close()
		err = sender.Send(ctx, event(t))
	}
	for what, text := range map[string]string{"log": f.log.String(), "error": errorText(err)} {
		if strings.Contains(text, "topsecret") || strings.Contains(text, "whsec") {
			t.Errorf("the %s tells a secret: %s", what, text)
		}
	}
	return err
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func (f *fixture) url() string { return f.server.URL + "/hook?token=topsecret" }

func expectError(t *testing.T, err error, code int, text string) {
	t.Helper()
	if sysexits.Code(err) != code || !strings.Contains(errorText(err), text) {
		t.Errorf("err = %v (code %d), want code %d and %q", err, sysexits.Code(err), code, text)
	}
}

// What a receiver gets, read by the libraries that receivers use.
func TestSend(t *testing.T) {
	var got cloudevents.Event
	var header http.Header
	f := newFixture(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		verifier, err := standardwebhooks.NewWebhook(oneSecret)
		if err != nil {
			t.Error(err)
		} else if err := verifier.Verify(body, r.Header); err != nil {
			t.Error(err)
		}
		header = r.Header
		if err := json.Unmarshal(body, &got); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusAccepted)
	})
	if err := f.send(t.Context(), t, f.url()); err != nil {
		t.Fatal(err)
	}
	if got.Type() != "dev.meetingops.recording.processed" || got.Subject() != "m-s" || !got.Time().Equal(sentAt) || got.SpecVersion() != "1.0" ||
		got.Source() != "/apis/recording.meetingops.dev/v1alpha1/namespaces/prod/meetingrecordings/m-s" {
		t.Errorf("event: %s", got)
	}
	if id := header.Get("webhook-id"); id != got.ID() || !strings.HasPrefix(id, "msg_") || len(id) != 36 {
		t.Errorf("id %q of event %q", id, got.ID())
	}
	if header.Get("Content-Type") != "application/cloudevents+json; charset=utf-8" || header.Get("User-Agent") != "tester/1" {
		t.Errorf("header: %v", header)
	}
	var carried Data
	if err := json.Unmarshal(got.Data(), &carried); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(data(), carried); diff != "" {
		t.Errorf("data (-want +got)\n%s", diff)
	}
	if !strings.Contains(f.log.String(), "msg=Notified") {
		t.Errorf("log:\n%s", &f.log)
	}
}

// Each attempt has the same id, and a signature of its own time.
func TestRetries(t *testing.T) {
	var ids, times []string
	f := newFixture(t, func(w http.ResponseWriter, r *http.Request) {
		ids, times = append(ids, r.Header.Get("webhook-id")), append(times, r.Header.Get("webhook-timestamp"))
		switch len(ids) {
		case 1:
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			panic(http.ErrAbortHandler)
		}
	})
	now := sentAt
	f.opts.Now = func() time.Time {
		now = now.Add(time.Second)
		return now
	}
	if err := f.send(t.Context(), t, f.url()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]time.Duration{7 * time.Second, 0}, f.waits); diff != "" {
		t.Errorf("waits (-want +got)\n%s", diff)
	}
	if len(ids) != 3 || ids[0] != ids[2] || times[0] == times[2] {
		t.Errorf("ids %v, times %v", ids, times)
	}
}

func TestSendFails(t *testing.T) {
	tests := map[string]struct {
		status int
		hits   int
		code   int
		text   string
	}{
		"400": {400, 1, 76, "answered 400 Bad Request, not 2xx; check that it accepts CloudEvents in JSON"},
		"401": {401, 1, 77, "401 Unauthorized; check that it has the same secret"},
		"403": {403, 1, 77, "403 Forbidden"},
		"404": {404, 1, 78, "404 Not Found; correct --url"},
		"410": {410, 1, 78, "410 Gone"},
		"302": {302, 1, 76, "302 Found, and redirects are not followed"},
		"408": {408, 3, 69, "gave up after 3 attempts"},
		"429": {429, 3, 75, "gave up after 3 attempts: the receiver 127.0.0.1"},
		"500": {500, 3, 69, "gave up after 3 attempts: the receiver 127.0.0.1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			hits := 0
			f := newFixture(t, func(w http.ResponseWriter, _ *http.Request) {
				hits++
				w.Header().Set("Location", "http://169.254.169.254/?token=topsecret")
				w.WriteHeader(test.status)
			})
			expectError(t, f.send(t.Context(), t, f.url()), test.code, test.text)
			if hits != test.hits {
				t.Errorf("%d requests, want %d", hits, test.hits)
			}
		})
	}
}

func TestReceiverIsGuarded(t *testing.T) {
	f := newFixture(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") })
	_, port, err := net.SplitHostPort(f.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	f.opts.AllowPrivateAddresses = false
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1"} {
		expectError(t, f.send(t.Context(), t, "http://"+host+":"+port+"/?token=topsecret"), 77, "if it is yours, use --allow-private-addresses")
	}
	f.opts.AllowHTTP = false
	expectError(t, f.send(t.Context(), t, f.url()), 77, "use https, or --allow-http")
	for _, url := range []string{"", "receiver", "ftp://a/b", "https:///a", "https://a:b:c/%zz?token=topsecret"} {
		expectError(t, f.send(t.Context(), t, url), 64, "set --url or NOTIFY_URL")
	}
	expectError(t, guardAddress("tcp", "/run/socket", nil), 77, "cannot be checked")
}

func TestUnreachable(t *testing.T) {
	f := newFixture(t, nil)
	f.server.Close()
	expectError(t, f.send(t.Context(), t, f.url()), 69, "gave up after 3 attempts: cannot reach the receiver 127.0.0.1")
}

func TestInterrupted(t *testing.T) {
	arrived := make(chan struct{}, 1)
	f := newFixture(t, func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-arrived
		cancel(errors.New("told to stop"))
	}()
	expectError(t, f.send(ctx, t, f.url()), 75, "interrupted: told to stop")
	f.opts.Timeout = 20 * time.Millisecond
	expectError(t, f.send(t.Context(), t, f.url()), 69, "did not accept the event within 20ms (--timeout)")
}

func TestSecret(t *testing.T) {
	for name, text := range map[string]string{
		"none": " \n", "no prefix": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "no base64": "whsec_%", "short": "whsec_AAAA",
		"long": "whsec_" + strings.Repeat("AAAA", 22), "one of two": oneSecret + " topsecret",
	} {
		_, err := ParseSecret(text)
		if expectError(t, err, 64, "secret"); strings.Contains(errorText(err), "topsecret") {
			t.Errorf("%s: the error tells it: %v", name, err)
		}
	}
	// While two are in use, a receiver with either of them takes the event.
	header := http.Header{}
	if err := secret(t, oneSecret+"\n"+otherSecret+"\n").sign(header, event(t), time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{oneSecret, otherSecret} {
		verifier, err := standardwebhooks.NewWebhook(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := verifier.Verify(event(t).body, header); err != nil {
			t.Error(err)
		}
	}
}

// The signature of the specification's own example, from another implementation.
func TestSignatureOfTheSpecification(t *testing.T) {
	header := http.Header{}
	e := Event{ID: "msg_p5jXN8AQM9LWM0D4loKWxJek", body: []byte(`{"test": 2432232314}`)}
	if err := secret(t, oneSecret).sign(header, e, time.Unix(1614265330, 0)); err != nil {
		t.Fatal(err)
	}
	if got := header.Get("webhook-signature"); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("signature %q", got)
	}
}

func TestEventID(t *testing.T) {
	later, err := NewEvent(DefaultType, data(), sentAt.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if later.ID != event(t).ID {
		t.Error("the same news has two ids")
	}
	changed := data()
	changed.State = "Failed"
	for name, other := range map[string]func() (Event, error){
		"data": func() (Event, error) { return NewEvent(DefaultType, changed, sentAt) },
		"type": func() (Event, error) { return NewEvent("other", data(), sentAt) },
	} {
		if e, err := other(); err != nil || e.ID == later.ID {
			t.Errorf("other %s, same id: %v", name, err)
		}
	}
	_, err = NewEvent("", data(), sentAt)
	expectError(t, err, 64, "--event-type")
	_, err = NewEvent(DefaultType, Data{}, sentAt)
	expectError(t, err, 64, "set RECORDING_NAME")
}

func TestParseSteps(t *testing.T) {
	text, err := json.Marshal(map[string]any{"steps": data().Steps})
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseSteps(text)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(data().Steps, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, text := range []string{"", " ", "{}", `{"steps":{}}`} {
		if got, err := ParseSteps([]byte(text)); err != nil || got == nil || len(got) != 0 {
			t.Errorf("ParseSteps(%q) = %v, %v", text, got, err)
		}
	}
	if got, err := ParseSteps([]byte(`{"steps":{"probe":{"values":{"a":true}}}}`)); err != nil || got["probe"].Outputs == nil {
		t.Errorf("a step of values only: %+v, %v", got, err)
	}
	for text, want := range map[string]string{
		"text":         "are not",
		`[]`:           "are not",
		`{"steps":[]}`: "are not",
		`{"steps":{"a":{"outputs":[{"name":"x"}]}}}`: `the earlier step "a" are malformed: outputs[0].url`,
	} {
		_, err := ParseSteps([]byte(text))
		expectError(t, err, 65, want)
	}
}
