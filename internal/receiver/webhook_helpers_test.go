// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/receiver/guard"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/routes"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// testKey is made once: making an RSA key takes a tenth of a second.
var testKey = sync.OnceValue(harness.NewKey)

func sign(_ testing.TB, body []byte) string { return harness.Sign(testKey(), body) }

func testVerifier() *videosdk.Verifier {
	return videosdk.NewVerifier(videosdk.StaticKeys{&testKey().PublicKey})
}

// recorderFunc is a Recorder for tests.
type recorderFunc func(ctx context.Context, ev recorder.Event) (recorder.Outcome, error)

func (f recorderFunc) Record(ctx context.Context, ev recorder.Event) (recorder.Outcome, error) {
	return f(ctx, ev)
}

// fixture is a Handler with everything that a test may look at.
type fixture struct {
	*Handler
	registry *prometheus.Registry
	log      *bytes.Buffer
}

func newFixture(t testing.TB, to Recorder) *fixture {
	t.Helper()
	f := &fixture{registry: prometheus.NewRegistry(), log: &bytes.Buffer{}}
	var mu sync.Mutex
	f.Handler = &Handler{
		Verifier: testVerifier(),
		Routes:   openSecrets(t, routes.Options{}),
		Recorder: to,
		Rates:    guard.NewRates(guard.RateLimits{}, time.Now), ClientRates: guard.NewRates(guard.RateLimits{}, time.Now),
		Metrics: NewMetrics(f.registry),
		Timeout: 2 * time.Second,
		Now:     func() time.Time { return epoch },
		Log: logr.New(funcr.New(func(_, args string) {
			mu.Lock()
			defer mu.Unlock()
			f.log.WriteString(args + "\n")
		}, funcr.Options{Verbosity: 9}).GetSink()),
	}
	return f
}

// openSecrets returns the secrets of files whose recordings are in "meetings".
func openSecrets(t testing.TB, o routes.Options) *routes.Table {
	t.Helper()
	o.Namespace, o.OnError = "meetings", func(err error) { t.Error(err) }
	s, err := routes.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// tokenFile returns the path of a file with a token.
func tokenFile(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	writeFile(t, path, content)
	return path
}

func writeFile(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// metricValue is the value of a metric without labels.
func metricValue(t testing.TB, from prometheus.Gatherer, name string) float64 {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name {
			return family.GetMetric()[0].GetGauge().GetValue() + family.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}

// recordedAlways answers every event as new.
var recordedAlways = recorderFunc(func(_ context.Context, ev recorder.Event) (recorder.Outcome, error) {
	return recorder.Outcome{Result: lifecycle.Recorded, Recording: "meetings/" + lifecycle.Name(ev.MeetingID, ev.SessionID, 1)}, nil
})

func recordedNever(err error) Recorder {
	return recorderFunc(func(context.Context, recorder.Event) (recorder.Outcome, error) { return recorder.Outcome{}, err })
}

// request is one to send; what is empty is that of a good webhook.
type request struct {
	method, path, body string
	header             http.Header
	unsigned           bool
}

const goodBody = `{"webhookType":"recording-started","data":{"meetingId":"` + testMeeting + `","sessionId":"` + testSession + `"}}`

func (q request) build(t testing.TB) *http.Request {
	t.Helper()
	method, path := q.method, q.path
	if method == "" {
		method = http.MethodPost
	}
	if path == "" {
		path = WebhookPath
	}
	r := httptest.NewRequest(method, path, strings.NewReader(q.body))
	for name, values := range q.header {
		r.Header[name] = values
	}
	if !q.unsigned {
		r.Header.Set(videosdk.SignatureHeader, sign(t, []byte(q.body)))
	}
	return r
}

func webhookBody(eventType, meeting, session string) string {
	return fmt.Sprintf(`{"webhookType":%q,"data":{"meetingId":%q,"sessionId":%q}}`, eventType, meeting, session)
}
