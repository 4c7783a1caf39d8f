// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/routes"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

const noSignature = `{"error":"the signature is missing: send it in the videosdk-signature header"}`

// TestAnswers is DESIGN's table of answers, with the body of each to the letter.
func TestAnswers(t *testing.T) {
	signature := func(value string) http.Header {
		return http.Header{http.CanonicalHeaderKey(videosdk.SignatureHeader): {value}}
	}
	const wrong = `{"error":"the signature does not belong to this body: it must be over the raw bytes, by the provider's key"}`
	const malformed = `{"error":"the signature is malformed: videosdk-signature must be standard, padded base64"}`
	for _, tc := range []struct {
		name     string
		request  request
		recorder Recorder
		status   int
		body     string
		header   map[string]string
		counted  string // the series of meetingrecording_webhooks_total
	}{
		{"recorded", request{body: goodBody}, nil, 200, `{"result":"recorded","recording":"meetings/` + testName + `"}`, nil, "recording-started recorded"},
		{
			"duplicate", request{body: goodBody},
			recorderFunc(func(context.Context, recorder.Event) (recorder.Outcome, error) {
				return recorder.Outcome{Result: lifecycle.Duplicate, Recording: "meetings/x"}, nil
			}),
			200, `{"result":"duplicate","recording":"meetings/x"}`, nil, "recording-started duplicate",
		},
		{"the end of a session", request{body: `{"webhookType":"session-ended","data":{"meetingId":"` + testMeeting + `","sessionId":"` + testSession + `","end":"x"}}`}, nil, 200, `{"result":"recorded","recording":"meetings/` + testName + `"}`, nil, "session-ended recorded"},
		{
			"the end of a session without an open recording", request{body: `{"type":"session-ended","data":{"meetingId":"m","sessionId":"s"}}`},
			recorderFunc(func(context.Context, recorder.Event) (recorder.Outcome, error) {
				return recorder.Outcome{Result: lifecycle.Ignored}, nil
			}),
			200, `{"result":"ignored"}`, nil, "session-ended ignored",
		},
		{"not about recordings", request{body: `{"webhookType":"session-started","data":{}}`}, nil, 200, `{"result":"ignored"}`, nil, "other ignored"},
		{"an unknown type", request{body: `{"webhookType":"recording-paused"}`}, nil, 200, `{"result":"ignored"}`, nil, "other ignored"},

		{"empty", request{}, nil, 400, "body is empty", nil, "unknown malformed"},
		{"not JSON", request{body: "hello"}, nil, 400, "body is not valid JSON", nil, "unknown malformed"},
		{"JSON of another shape", request{body: `[1]`}, nil, 400, "body must be an object, not an array", nil, "unknown malformed"},
		{"no type", request{body: `{"data":{}}`}, nil, 400, "webhookType", nil, "unknown malformed"},
		{"no meeting", request{body: `{"webhookType":"recording-started","data":{"sessionId":"s"}}`}, nil, 400, "data.meetingId", nil, "unknown malformed"},
		{"no session", request{body: `{"webhookType":"recording-started","data":{"meetingId":"m"}}`}, nil, 400, "data.sessionId", nil, "unknown malformed"},
		{"an id of 600 characters", request{body: webhookBody("recording-started", strings.Repeat("m", 600), "s")}, nil, 400, "data.meetingId", nil, "unknown malformed"},
		{"an id of 300 characters", request{body: webhookBody("recording-started", strings.Repeat("m", 300), "s")}, nil, 200, `"recorded"`, nil, "recording-started recorded"},
		{"ids with slashes", request{body: webhookBody("recording-started", "../../a", "b/c")}, nil, 200, `meetings/a-b-c-`, nil, "recording-started recorded"},
		{"ids in Unicode", request{body: webhookBody("recording-started", "会議", "録画")}, nil, 200, `meetings/recording-`, nil, "recording-started recorded"},
		{"compressed", request{body: goodBody, header: http.Header{"Content-Encoding": {"gzip"}}}, nil, 400, `{"error":"Content-Encoding must be identity: send the body as it was signed"}`, nil, "unknown malformed"},
		{"another content type", request{body: goodBody, header: http.Header{"Content-Type": {"text/plain"}}}, nil, 200, `"recorded"`, nil, "recording-started recorded"},

		{"no signature", request{body: goodBody, unsigned: true}, nil, 401, noSignature, nil, "unknown unauthorized"},
		{"no signature, and nonsense", request{body: "x", unsigned: true}, nil, 401, noSignature, nil, "unknown unauthorized"},
		{"a blank signature", request{body: goodBody, unsigned: true, header: signature(" ")}, nil, 401, noSignature, nil, "unknown unauthorized"},
		{"the signature of another body", request{body: goodBody, unsigned: true, header: signature(sign(t, []byte("other")))}, nil, 401, wrong, nil, "unknown unauthorized"},
		{"a truncated signature", request{body: goodBody, unsigned: true, header: signature(sign(t, []byte(goodBody))[:100])}, nil, 401, wrong, nil, "unknown unauthorized"},
		{"a signature that is not base64", request{body: goodBody, unsigned: true, header: signature("%%%")}, nil, 401, malformed, nil, "unknown unauthorized"},

		{"another path", request{path: "/", body: goodBody}, nil, 404, `{"error":"unknown path: check the webhook's URL"}`, nil, "unknown not_found"},
		{"a path below", request{path: WebhookPath + "/x", body: goodBody}, nil, 404, `{"error":"unknown path: check the webhook's URL"}`, nil, "unknown not_found"},
		{"a slash too many", request{path: WebhookPath + "/", body: goodBody}, nil, 404, "unknown path", nil, "unknown not_found"},
		{"GET", request{method: "GET"}, nil, 405, `{"error":"webhooks must be sent with POST"}`, map[string]string{"Allow": "POST"}, "unknown method_not_allowed"},
		{"PUT", request{method: "PUT", body: goodBody}, nil, 405, `{"error":"webhooks must be sent with POST"}`, map[string]string{"Allow": "POST"}, "unknown method_not_allowed"},
		{"GET of another path", request{method: "GET", path: "/x"}, nil, 404, "unknown path", nil, "unknown not_found"},

		{"64 KiB", request{body: goodBody + strings.Repeat(" ", maxBodyBytes-len(goodBody))}, nil, 200, `"recorded"`, nil, "recording-started recorded"},
		{"over 64 KiB", request{body: strings.Repeat(" ", maxBodyBytes+1)}, nil, 413, `{"error":"body is larger than 65536 bytes"}`, nil, "unknown too_large"},

		{
			"the API server is away", request{body: goodBody}, recordedNever(outbox.ErrTimeout),
			503, `{"error":"the event cannot be recorded at the moment: try again later"}`, map[string]string{"Retry-After": "5"}, "recording-started unavailable",
		},
		{
			"a field that the API server rejects", request{body: goodBody}, recordedNever(&recorder.RejectedError{Field: "data.meetingId", Err: errors.New("inside")}),
			400, `{"error":"data.meetingId is not accepted by this receiver"}`, nil, "recording-started rejected",
		},
		{
			"a policy that rejects", request{body: goodBody}, recordedNever(&recorder.RejectedError{Err: errors.New("inside")}),
			503, `{"error":"the event cannot be recorded at the moment: try again later"}`, map[string]string{"Retry-After": "5"}, "recording-started rejected",
		},
		{
			"races lost until the time was up", request{body: goodBody},
			recordedNever(fmt.Errorf("%w: %w (%w)", outbox.ErrTimeout, recorder.ErrChanged, &recorder.RejectedError{Field: "data.meetingId", Err: errors.New("inside")})),
			503, `{"error":"the event cannot be recorded at the moment: try again later"}`, map[string]string{"Retry-After": "5"}, "recording-started unavailable",
		},
		{
			"a bug", request{body: goodBody}, recorderFunc(func(context.Context, recorder.Event) (recorder.Outcome, error) { panic("inside") }),
			500, `{"error":"internal error"}`, nil, "recording-started panic",
		},
		{"a bug while writing", request{body: goodBody}, recordedNever(recorder.NewPanicError("inside")), 500, `{"error":"internal error"}`, nil, "recording-started panic"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.recorder == nil {
				tc.recorder = recordedAlways
			}
			f := newFixture(t, tc.recorder)
			w := httptest.NewRecorder()
			f.ServeHTTP(w, tc.request.build(t))
			if w.Code != tc.status {
				t.Errorf("status %d, want %d", w.Code, tc.status)
			}
			got := w.Body.String()
			if strings.HasPrefix(tc.body, "{") && got != tc.body || !strings.Contains(got, tc.body) {
				t.Errorf("body %s, want %s", got, tc.body)
			}
			for name, value := range tc.header {
				if w.Header().Get(name) != value {
					t.Errorf("%s: %q, want %q", name, w.Header().Get(name), value)
				}
			}
			if w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("Content-Type %q", w.Header().Get("Content-Type"))
			}
			labels := strings.Fields(tc.counted)
			if got := testutil.ToFloat64(f.Metrics.webhooks.WithLabelValues(labels[0], labels[1])); got != 1 {
				t.Errorf("counted %v times as %q", got, tc.counted)
			}
			if got := testutil.ToFloat64(f.Metrics.inFlight); got != 0 {
				t.Errorf("%v requests in flight", got)
			}
		})
	}
}

// TestHandlerHandsOnTheEvent is about what the Recorder gets.
func TestHandlerHandsOnTheEvent(t *testing.T) {
	var got recorder.Event
	f := newFixture(t, recorderFunc(func(ctx context.Context, ev recorder.Event) (recorder.Outcome, error) {
		got = ev
		if deadline, bounded := ctx.Deadline(); !bounded || time.Until(deadline) > 2*time.Second {
			t.Errorf("deadline %v, %t", deadline, bounded)
		}
		return recorder.Outcome{Result: lifecycle.Recorded, Recording: "meetings/x"}, nil
	}))
	body := `{"webhookType":"recording-stopped","data":{"meetingId":"` + testMeeting + `","sessionId":"` + testSession +
		`","filePath":"/a.mp4","fileUrl":"https://cdn.example.com/a.mp4"}}`
	f.ServeHTTP(httptest.NewRecorder(), request{body: body}.build(t))
	if diff := cmp.Diff(recorder.Event{Session: session, Event: lifecycle.Event{
		Type: v1alpha1.EventStopped, Source: v1alpha1.EventSourceWebhook, FilePath: "/a.mp4", FileURL: "https://cdn.example.com/a.mp4", ReceivedAt: epoch,
	}}, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

// TestHandlerRecordsThoughTheSenderHungUp: it may never send the event again.
func TestHandlerRecordsThoughTheSenderHungUp(t *testing.T) {
	f := newFixture(t, recorderFunc(func(ctx context.Context, _ recorder.Event) (recorder.Outcome, error) {
		return recorder.Outcome{Result: lifecycle.Recorded, Recording: "meetings/x"}, ctx.Err()
	}))
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	w := httptest.NewRecorder()
	f.ServeHTTP(w, request{body: goodBody}.build(t).WithContext(ctx))
	if w.Code != http.StatusOK {
		t.Errorf("status %d", w.Code)
	}
}

// noKeys is a verifier that has no key yet.
type noKeys struct{}

func (noKeys) Verify(context.Context, []byte, string) error {
	return fmt.Errorf("%w: https://inside.example.com refused", videosdk.ErrCannotVerify)
}

// TestAnswerWithoutAKey: what cannot be checked is not refused, and a flood of it
// does not fill the log.
func TestAnswerWithoutAKey(t *testing.T) {
	for name, tc := range map[string]struct {
		verifier SignatureVerifier
		outcome  outcome
		logs     int
	}{"not fetched": {noKeys{}, outcomeNoKey, 1}, "fetched too often": {tooMany{}, outcomeUnchecked, 0}} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, recordedAlways)
			f.Verifier = tc.verifier
			for range 100 {
				w := httptest.NewRecorder()
				f.ServeHTTP(w, request{body: goodBody}.build(t))
				want := `{"error":"the signature cannot be verified at the moment: try again later"}`
				if w.Code != 503 || w.Body.String() != want || w.Header().Get("Retry-After") != "5" {
					t.Fatalf("%d %s, Retry-After %q", w.Code, w.Body, w.Header().Get("Retry-After"))
				}
			}
			if got := testutil.ToFloat64(f.Metrics.webhooks.WithLabelValues(typeUnknown, string(tc.outcome))); got != 100 {
				t.Errorf("counted %v times as %s", got, tc.outcome)
			}
			if got := strings.Count(f.log.String(), "Cannot verify signatures"); got != tc.logs {
				t.Errorf("%d log lines, want %d", got, tc.logs)
			}
		})
	}
}

// tooMany is a verifier that cannot ask for newer keys now.
type tooMany struct{}

func (tooMany) Verify(context.Context, []byte, string) error {
	return fmt.Errorf("%w: %w", videosdk.ErrCannotVerify, videosdk.ErrRefreshLimited)
}

// TestBodyThatNeverEnds is cut off though it declares no length.
func TestBodyThatNeverEnds(t *testing.T) {
	f := newFixture(t, recordedAlways)
	r := httptest.NewRequest(http.MethodPost, WebhookPath, io.LimitReader(zeroes{}, 1<<30))
	r.ContentLength = -1
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", w.Code)
	}
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { return len(p), nil }

func TestBodyThatBreaksOff(t *testing.T) {
	f := newFixture(t, recordedAlways)
	r := httptest.NewRequest(http.MethodPost, WebhookPath, io.MultiReader(strings.NewReader("{"), brokenReader{}))
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	if want := `{"error":"body did not arrive in full"}`; w.Code != 400 || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestNothingSecretIsLogged goes through answers of all kinds.
func TestNothingSecretIsLogged(t *testing.T) {
	const secret = "s3cr3t-t0k3n-of-the-endpoint"
	for _, to := range []Recorder{
		recordedAlways, recordedNever(outbox.ErrTimeout), recorderFunc(func(_ context.Context, ev recorder.Event) (recorder.Outcome, error) { panic(ev) }),
	} {
		f := newFixture(t, to)
		f.Routes = openSecrets(t, routes.Options{EndpointTokenFile: tokenFile(t, secret)})
		for _, q := range []request{
			{body: goodBody, path: WebhookPath + "/" + secret},
			{body: goodBody, path: WebhookPath + "/" + secret + "x"},
			{body: goodBody[1:], path: WebhookPath + "/" + secret},
			{body: goodBody, path: WebhookPath + "/" + secret, method: "PUT"},
		} {
			r := q.build(t)
			w := httptest.NewRecorder()
			f.ServeHTTP(w, r)
			revealed := f.log.String() + w.Body.String()
			for what, value := range map[string]string{
				"the token": secret, "the signature": r.Header.Get(videosdk.SignatureHeader), "the body": `"sessionId"`,
			} {
				if strings.Contains(revealed, value) {
					t.Errorf("%s is revealed: %s", what, revealed)
				}
			}
		}
		if f.log.Len() == 0 {
			t.Error("nothing is logged")
		}
	}
}
