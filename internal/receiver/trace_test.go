// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/routes"
	"github.com/meetingops/meeting-recording-operator/internal/tracecontext"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
	"github.com/meetingops/meeting-recording-operator/internal/tracing/tracingtest"
)

// startTracer returns a Tracer, and what the collector has got of it once it is stopped.
func startTracer(t *testing.T) (*tracing.Tracer, func() []tracingtest.Span) {
	t.Helper()
	collector := tracingtest.NewCollector(t)
	tracer, err := tracing.Start(t.Context(), "sidecar", tracing.Options{Endpoint: collector.URL}, logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	return tracer, func() []tracingtest.Span {
		if err := tracer.Stop(); err != nil {
			t.Error(err)
		}
		return collector.Spans()
	}
}

// shape is what a test wants of a span: its name, its parent's, and what event it is about.
func shapes(spans []tracingtest.Span) []string {
	names := map[string]string{"": "nothing"}
	for _, span := range spans {
		names[span.ID] = span.Name
	}
	var all []string
	for _, span := range spans {
		all = append(all, span.Name+" "+span.Attributes["recording.event"]+" below "+names[span.Parent])
	}
	return all
}

// TestWebhookTraces: the webhooks of a recording are one trace, which begins with the first, and each write is below its webhook. What
// the request says of a trace counts for nothing, and no span has more of its address than the route.
func TestWebhookTraces(t *testing.T) {
	tracer, spans := startTracer(t)
	clock := epoch
	now := func() time.Time { clock = clock.Add(time.Second); return clock }
	place, writes := tracecontext.Parse(tracecontext.Format(tracer.Begin())), 0
	f := newFixture(t, recorderFunc(func(_ context.Context, ev recorder.Event) (recorder.Outcome, error) {
		o := recorder.Outcome{Result: lifecycle.Recorded, Recording: "meetings/" + testName, Trace: &recorder.Trace{
			Recording: tracing.Recording{Place: place, Name: "meetings/" + testName},
			Event: tracing.Event{
				Type: string(ev.Type), First: writes == 0, Arrived: ev.ReceivedAt, Result: string(lifecycle.Recorded),
				Write: tracing.Write{Began: now(), Ended: now(), Attempts: 1},
			},
		}}
		if writes++; writes == 3 {
			o.Result, o.Trace.Event.Result = lifecycle.Duplicate, string(lifecycle.Duplicate)
		}
		return o, nil
	}))
	f.Routes = openSecrets(t, routes.Options{EndpointTokenFile: tokenFile(t, goodToken)})
	f.Tracer, f.Now = tracer, now
	for _, q := range []request{
		{body: webhookBody("recording-starting", testMeeting, testSession)},
		{body: goodBody, header: http.Header{"Traceparent": {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}},
		{body: goodBody},
		{body: "forged", unsigned: true},                      // belongs to no recording, and so to no trace
		{body: `{"webhookType":"session-started","data":{}}`}, // neither
	} {
		q.path = WebhookPath + "/" + goodToken + "?secret=1"
		f.ServeHTTP(httptest.NewRecorder(), q.build(t))
	}
	got := spans()
	const webhook = "POST /webhooks/videosdk/{token}"
	want := []string{
		webhook + " Starting below nothing", "write status.recording  below " + webhook,
		webhook + " Started below " + webhook, "write status.recording  below " + webhook,
		webhook + " Started below " + webhook, "write status.recording  below " + webhook,
	}
	if diff := cmp.Diff(want, shapes(got)); diff != "" {
		t.Fatalf("spans (-want +got):\n%s", diff)
	}
	for i, span := range got {
		if span.Trace != place.TraceID().String() || (i > 0 && i%2 == 0 && span.Parent != place.SpanID().String()) {
			t.Errorf("span %d is at %s below %s, the recording at %+v", i, span.Trace, span.Parent, place)
		}
		if !span.Start.Before(span.End) {
			t.Errorf("span %d is from %s to %s", i, span.Start, span.End)
		}
	}
	if result := got[4].Attributes["recording.result"]; result != "duplicate" {
		t.Errorf("the third is %q, want a duplicate", result)
	}
}
