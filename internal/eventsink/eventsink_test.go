// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package eventsink_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/meetingops/meeting-recording-operator/internal/eventsink"
)

var key = []byte("0123456789abcdef0123456789abcdef")

func keyFile(t *testing.T, keys ...[]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	writeKeys(t, path, keys...)
	return path
}

func writeKeys(t *testing.T, path string, keys ...[]byte) {
	t.Helper()
	var text strings.Builder
	for _, key := range keys {
		text.WriteString("whsec_" + base64.StdEncoding.EncodeToString(key) + "\n")
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func newEvent(t *testing.T) cloudevents.Event {
	t.Helper()
	event := cloudevents.New()
	event.SetID("u-recording-started")
	event.SetType("dev.meetingops.recording.state.v1")
	event.SetSource("/apis/recording.meetingops.dev/v1alpha1/namespaces/default/meetingrecordings/rec")
	event.SetSubject("rec")
	event.SetTime(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
	if err := event.SetData(cloudevents.ApplicationJSON, map[string]string{"state": "Started"}); err != nil {
		t.Fatal(err)
	}
	return event
}

func newSink(t *testing.T, url string, change func(*eventsink.Options)) *eventsink.Sink {
	t.Helper()
	options := eventsink.Options{URL: url, KeyFile: keyFile(t, key), Mode: eventsink.Structured, Timeout: 10 * time.Second, UserAgent: "test"}
	if change != nil {
		change(&options)
	}
	sink, err := eventsink.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return sink
}

// In either mode CloudEvents' own SDK reads the event that was sent, and Standard Webhooks' own library verifies it.
func TestSendSigns(t *testing.T) {
	for _, mode := range []eventsink.Mode{eventsink.Structured, eventsink.Binary} {
		t.Run(string(mode), func(t *testing.T) {
			verifier, err := standardwebhooks.NewWebhookRaw(key)
			if err != nil {
				t.Fatal(err)
			}
			want := newEvent(t)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				if err := verifier.Verify(body, r.Header); err != nil {
					t.Errorf("the signature: %v", err)
				}
				message := cehttp.NewMessage(r.Header, io.NopCloser(strings.NewReader(string(body))))
				if structured := message.ReadEncoding() == binding.EncodingStructured; structured != (mode == eventsink.Structured) {
					t.Errorf("encoding %v", message.ReadEncoding())
				}
				got, err := binding.ToEvent(r.Context(), message)
				if err != nil {
					t.Fatalf("no event: %v", err)
				}
				if err := got.Validate(); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(want.String(), got.String()); diff != "" {
					t.Errorf("the event (-want +got):\n%s", diff)
				}
				if id := r.Header.Get("webhook-id"); id != want.ID() || r.Method != http.MethodPost || r.UserAgent() != "test" {
					t.Errorf("%s with id %q by %q", r.Method, id, r.UserAgent())
				}
				w.WriteHeader(http.StatusAccepted)
			}))
			defer server.Close()
			sink := newSink(t, server.URL, func(o *eventsink.Options) { o.Mode = mode })
			if answer := sink.Send(t.Context(), want); answer.Outcome != eventsink.Delivered || answer.Err != nil {
				t.Errorf("answer %+v", answer)
			}
		})
	}
}

func TestAnswersOfTheSink(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		code       int
		retryAfter string
		want       eventsink.Outcome
		wait       time.Duration
		says       string
	}{
		{code: 200, want: eventsink.Delivered},
		{code: 202, want: eventsink.Delivered},
		{code: 204, want: eventsink.Delivered},
		{code: 302, want: eventsink.Retryable, says: "redirects are not followed: set --cloudevents-sink-url"},
		{code: 400, want: eventsink.Permanent, says: "400 Bad Request"},
		{code: 401, want: eventsink.Retryable, says: "--cloudevents-signing-key-file"},
		{code: 403, want: eventsink.Retryable, says: "--cloudevents-signing-key-file"},
		{code: 404, want: eventsink.Retryable, says: "check --cloudevents-sink-url"},
		{code: 408, want: eventsink.Retryable, says: "408"},
		{code: 410, want: eventsink.Retryable, says: "check --cloudevents-sink-url"},
		{code: 413, want: eventsink.Permanent, says: "413"},
		{code: 415, want: eventsink.Permanent, says: "accepts --cloudevents-mode"},
		{code: 422, want: eventsink.Permanent, says: "422"},
		{code: 429, retryAfter: "7", want: eventsink.Retryable, wait: 7 * time.Second, says: "429"},
		{code: 500, want: eventsink.Retryable, says: "500"},
		{code: 503, retryAfter: "Fri, 01 May 2026 12:01:00 GMT", want: eventsink.Retryable, wait: time.Minute, says: "503"},
		{code: 503, retryAfter: "soon", want: eventsink.Retryable, says: "503"},
	} {
		t.Run(http.StatusText(test.code)+test.retryAfter, func(t *testing.T) {
			elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
			defer elsewhere.Close()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", elsewhere.URL)
				if test.retryAfter != "" {
					w.Header().Set("Retry-After", test.retryAfter)
				}
				w.WriteHeader(test.code)
			}))
			defer server.Close()
			sink := newSink(t, server.URL+"/secret?token=secret", func(o *eventsink.Options) { o.Now = func() time.Time { return now } })
			answer := sink.Send(t.Context(), newEvent(t))
			if answer.Outcome != test.want || answer.RetryAfter != test.wait || (answer.Err != nil) != (test.says != "") {
				t.Fatalf("answer %+v", answer)
			}
			if answer.Err != nil && (!strings.Contains(answer.Err.Error(), test.says) || strings.Contains(answer.Err.Error(), "secret")) {
				t.Errorf("says %q, want %q and no secret", answer.Err, test.says)
			}
		})
	}
}

// A sink that is unavailable or hangs accepts no events now; no error tells its path.
func TestUnreachable(t *testing.T) {
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	release := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer hanging.Close()
	defer close(release)
	for name, url := range map[string]string{"away": away.URL, "hanging": hanging.URL} {
		t.Run(name, func(t *testing.T) {
			sink := newSink(t, url+"/secret", func(o *eventsink.Options) { o.Timeout = 50 * time.Millisecond })
			answer := sink.Send(t.Context(), newEvent(t))
			if answer.Outcome != eventsink.Unreachable || answer.Err == nil {
				t.Fatalf("answer %+v", answer)
			}
			if says := answer.Err.Error(); !strings.HasPrefix(says, "reach the sink "+sink.Host()) || strings.Contains(says, "secret") {
				t.Errorf("says %q", says)
			}
		})
	}
}

// A key that is replaced counts from the next event on; a file that has become unreadable changes nothing.
func TestKeyRotation(t *testing.T) {
	other := []byte("abcdefghabcdefghabcdefghabcdefgh")
	var signatures []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		signatures = append(signatures, r.Header.Get("webhook-signature"))
	}))
	defer server.Close()
	path := keyFile(t, key)
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	sink := newSink(t, server.URL, func(o *eventsink.Options) { o.KeyFile, o.Now = path, func() time.Time { return at } })
	send := func() string {
		t.Helper()
		if answer := sink.Send(t.Context(), newEvent(t)); answer.Outcome != eventsink.Delivered {
			t.Fatal(answer.Err)
		}
		return signatures[len(signatures)-1]
	}
	first := send()
	writeKeys(t, path, key, other)
	both := strings.Fields(send())
	if len(both) != 2 || both[0] != first {
		t.Fatalf("signatures %v", both)
	}
	writeKeys(t, path, other)
	if second := send(); second != both[1] {
		t.Errorf("the old key signs still: %s", second)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if third := send(); third != both[1] {
		t.Errorf("without the file another key signs: %s", third)
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	empty, broken := keyFile(t), keyFile(t, []byte("short"))
	for name, test := range map[string]struct {
		change func(*eventsink.Options)
		want   string
	}{
		"no URL":          {func(o *eventsink.Options) { o.URL = "events.example.com" }, "--cloudevents-sink-url must be a URL"},
		"another scheme":  {func(o *eventsink.Options) { o.URL = "ftp://events.example.com" }, "--cloudevents-sink-url must be a URL"},
		"http":            {func(o *eventsink.Options) { o.URL = "http://events.example.com" }, "use https, or --insecure-cloudevents-sink"},
		"http, allowed":   {func(o *eventsink.Options) { o.URL, o.AllowHTTP = "http://events.example.com", true }, ""},
		"http, this host": {func(o *eventsink.Options) { o.URL = "http://[::1]:8080/" }, ""},
		"localhost":       {func(o *eventsink.Options) { o.URL = "http://localhost/" }, ""},
		"mode":            {func(o *eventsink.Options) { o.Mode = "batch" }, `--cloudevents-mode is structured or binary, not "batch"`},
		"timeout":         {func(o *eventsink.Options) { o.Timeout = 0 }, "--cloudevents-timeout must be more than 0"},
		"no key file":     {func(o *eventsink.Options) { o.KeyFile = "" }, "set --cloudevents-signing-key-file"},
		"missing file":    {func(o *eventsink.Options) { o.KeyFile = "/no/such/file" }, "--cloudevents-signing-key-file: stat /no/such/file"},
		"empty file":      {func(o *eventsink.Options) { o.KeyFile = empty }, "no key to sign with"},
		"broken key":      {func(o *eventsink.Options) { o.KeyFile = broken }, "whsec_$(openssl rand -base64 32)"},
	} {
		t.Run(name, func(t *testing.T) {
			options := eventsink.Options{URL: "https://events.example.com/a", KeyFile: keyFile(t, key), Mode: eventsink.Structured, Timeout: time.Second}
			test.change(&options)
			_, err := eventsink.New(options)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("says %v, want %q", err, test.want)
			}
		})
	}
}
