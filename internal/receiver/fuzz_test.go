// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/receiver/guard"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/routes"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

// inside is what is wrong inside, which no answer may tell.
const inside = "10.0.0.1:6443 refused-inside"

// brokenKeys verifies nothing, because it has no key.
type brokenKeys struct{}

func (brokenKeys) Verify(context.Context, []byte, string) error { return errors.New(inside) }

// circumstances are what a handler may find itself in, and the answers that
// may be given then to anybody and to what the provider has signed.
var circumstances = []struct {
	name    string
	apply   func(t *testing.T, f *fixture)
	anybody []int
	signed  []int
}{
	{"all is well", func(_ *testing.T, f *fixture) { f.Recorder = recordedAlways }, nil, []int{200, 400}},
	{"spooled", func(_ *testing.T, f *fixture) {
		f.Recorder = recorderFunc(func(context.Context, recorder.Event) (recorder.Outcome, error) {
			return recorder.Outcome{Result: outbox.Spooled}, nil
		})
	}, nil, []int{200, 202, 400}},
	{"neither API server nor spool", func(_ *testing.T, f *fixture) { f.Recorder = recordedNever(errors.New(inside)) }, nil, []int{200, 400, 503}},
	{"rejected field", func(_ *testing.T, f *fixture) {
		f.Recorder = recordedNever(&recorder.RejectedError{Field: "data.meetingId", Err: errors.New(inside)})
	}, nil, []int{200, 400}},
	{"rejected", func(_ *testing.T, f *fixture) {
		f.Recorder = recordedNever(&recorder.RejectedError{Err: errors.New(inside)})
	}, nil, []int{200, 400, 503}},
	{"bug", func(_ *testing.T, f *fixture) {
		f.Recorder = recorderFunc(func(context.Context, recorder.Event) (recorder.Outcome, error) { panic(inside) })
	}, nil, []int{200, 400, 500}},
	{"no key", func(_ *testing.T, f *fixture) { f.Verifier = brokenKeys{} }, []int{503}, []int{503}},
	{"endpoint token", func(t *testing.T, f *fixture) {
		f.Routes = openSecrets(t, routes.Options{EndpointTokenFile: tokenFile(t, fuzzToken)})
		f.Recorder = recordedAlways
	}, nil, []int{200, 400}},
	{"over the rate", func(t *testing.T, f *fixture) {
		f.Recorder = recordedAlways
		f.Rates = guard.NewRates(guard.RateLimits{Total: 0.1, Failures: 0.1}, f.Now)
		for range 2 { // which uses up the bursts
			f.ServeHTTP(httptest.NewRecorder(), request{body: goodBody}.build(t))
			f.ServeHTTP(httptest.NewRecorder(), request{method: http.MethodGet}.build(t))
		}
	}, []int{429}, []int{429}},
}

const fuzzToken = "a-token-that-nobody-guesses"

// FuzzHandler sends anything anywhere, signed or not, in all circumstances.
// Every request is answered, in JSON, by a code of the table; only what is
// signed gets 2xx; what is recorded has a name that an object can have; and no
// answer and no log tells what was sent, or what is wrong inside.
func FuzzHandler(f *testing.F) {
	for _, body := range []string{
		goodBody, "", "{", `{"webhookType":"recording-stopped","data":{"meetingId":"A/b","sessionId":"ß","fileUrl":"https://x/y.mp4"}}`,
		`{"type":"recording-failed","data":{"meetingId":"m","sessionId":"s"},}`, `{"webhookType":"session-ended"}`,
	} {
		for i := range circumstances {
			f.Add(byte(i), "POST", WebhookPath, "", "", true, []byte(body))
		}
		f.Add(byte(0), "POST", WebhookPath, "AAAA", "identity", false, []byte(body))
		f.Add(byte(7), "POST", WebhookPath+"/"+fuzzToken, "", "", true, []byte(body))
	}
	f.Add(byte(0), "GET", "/webhooks/videosdk/../x", "", "gzip", true, []byte("{}"))
	f.Fuzz(func(t *testing.T, number byte, method, path, signature, encoding string, signed bool, body []byte) {
		in := circumstances[int(number)%len(circumstances)]
		fixture := newFixture(t, nil)
		in.apply(t, fixture)
		r := &http.Request{
			Method: method, URL: &url.URL{Path: path}, Header: http.Header{}, RemoteAddr: "192.0.2.1:1234",
			Body: http.NoBody, ContentLength: int64(len(body)),
		}
		r.Body = httptest.NewRequest("POST", "/", bytes.NewReader(body)).Body
		r.Header.Set("Videosdk-Signature", signature)
		r.Header.Set("Content-Encoding", encoding)
		if signed {
			r.Header.Set("Videosdk-Signature", sign(t, body))
		}
		fixture.log.Reset()
		w := httptest.NewRecorder()
		fixture.ServeHTTP(w, r)
		allowed := append([]int{400, 401, 404, 405, 413}, in.anybody...)
		if signed {
			allowed = append(allowed, in.signed...)
		}
		if !slices.Contains(allowed, w.Code) {
			t.Errorf("%s, signed %t: status %d, want one of %v: %s", in.name, signed, w.Code, allowed, w.Body)
		}
		checkAnswer(t, w)
		checkLog(t, fixture.log.String(), r.Header.Get("Videosdk-Signature"), string(body))
	})
}

func checkAnswer(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	var body struct{ Error, Result, Recording string }
	decoder := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil || decoder.More() {
		t.Fatalf("body %s: %v", w.Body, err)
	}
	if (body.Error == "") == (body.Result == "") || (body.Result != "") != (w.Code < 300) {
		t.Errorf("status %d with the body %s", w.Code, w.Body)
	}
	if body.Error != "" && !problems.MatchString(body.Error) {
		t.Errorf("error %q is not among those that are known to tell nothing of the body", body.Error)
	}
	if !slices.Contains([]string{"", "recorded", "duplicate", "ignored", "spooled"}, body.Result) {
		t.Errorf("result %q", body.Result)
	}
	if name, inNamespace := strings.CutPrefix(body.Recording, "meetings/"); body.Recording != "" && (!inNamespace || len(name) > lifecycle.MaxNameLength) {
		t.Errorf("recording %q", body.Recording)
	}
	header := w.Header()
	if header.Get("Content-Type") != "application/json" || header.Get("X-Content-Type-Options") != "nosniff" ||
		header.Get("Content-Length") != fmt.Sprint(w.Body.Len()) {
		t.Errorf("headers %v", header)
	}
	if (header.Get("Retry-After") != "") != (w.Code == http.StatusTooManyRequests || w.Code == http.StatusServiceUnavailable) {
		t.Errorf("status %d with Retry-After %q", w.Code, header.Get("Retry-After"))
	}
	if (header.Get("Allow") == http.MethodPost) != (w.Code == http.StatusMethodNotAllowed) {
		t.Errorf("status %d with Allow %q", w.Code, header.Get("Allow"))
	}
}

// checkLog expects nothing of what was sent in the log, but what is as short as
// a word of ours. A recording's name, of which the ids are a part, may be there.
func checkLog(t *testing.T, log, signature, body string) {
	t.Helper()
	for _, sent := range []string{signature, body, fuzzToken} {
		if len(sent) >= 24 && strings.Contains(log, sent) {
			t.Errorf("the log has %q:\n%s", sent, log)
		}
	}
}

// problems are all errors that a sender can be told. They hold nothing of what
// was sent but numbers and, where it is no JSON, the first wrong character.
var problems = regexp.MustCompile(`^(` + strings.Join([]string{
	`internal error`,
	`too many refused requests: try again later`,
	`unknown path: check the webhook's URL`,
	`webhooks must be sent with POST`,
	`Content-Encoding must be identity: send the body as it was signed`,
	`body is larger than 65536 bytes`,
	`body did not arrive in full`,
	regexp.QuoteMeta(videosdk.ErrMissingSignature.Error()), regexp.QuoteMeta(videosdk.ErrMalformedSignature.Error()),
	regexp.QuoteMeta(videosdk.ErrBadSignature.Error()),
	`the signature cannot be verified at the moment: try again later`,
	`the event cannot be recorded at the moment: try again later`,
	`too many webhooks: try again later`,
	`data\.meetingId is not accepted by this receiver`,
	`body is empty; a JSON object is expected`,
	`body begins with a byte order mark; send UTF-8 without one`,
	`body is not valid UTF-8`,
	`body is not valid JSON`,
	`body is not valid JSON: unexpected end of JSON input \(after byte \d+\)`,
	`body is not valid JSON: invalid character '.{1,12}' (looking for|after|in) [a-z ':(),"\\-]{1,60} \(after byte \d+\)`,
	`body has a comment or a stray slash at byte \d+, which JSON does not allow`,
	`body is nested more than \d+ levels deep`,
	`body must be an object, not [a-z ]{1,20}`,
	`(webhookType|type|data(\.(meetingId|LivestreamId|sessionId|filePath|fileUrl))?) (` + strings.Join([]string{
		`must be an? (object|string), not [a-z ]{1,20}`,
		`is given more than once`,
		`is (missing|blank); it must (be an object|name the event, such as recording-started|be the provider's id)`,
		`is blank`,
		`is longer than \d+ (characters|bytes)`,
		`has a control character`,
		`has a character that is not valid Unicode`,
		`must be an absolute http or https URL`,
		`must not have a user name or password in it`,
		`has no path, and data\.filePath is missing; one of them must name the file`,
		`has a path over \d+ bytes, or with characters that are no text, and data\.filePath is missing`,
	}, "|") + `)`,
}, "|") + `)$`)
