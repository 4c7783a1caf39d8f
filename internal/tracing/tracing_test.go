// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing_test

import (
	"bytes"
	"flag"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/tracecontext"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
	"github.com/meetingops/meeting-recording-operator/internal/tracing/tracingtest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

func start(t *testing.T, options tracing.Options) *tracing.Tracer {
	t.Helper()
	tracer, err := tracing.Start(t.Context(), "program", options, logr.Discard())
	if err != nil || tracer == nil {
		t.Fatalf("tracer %v, error %v", tracer, err)
	}
	return tracer
}

func stop(t *testing.T, tracer *tracing.Tracer) {
	t.Helper()
	if err := tracer.Stop(); err != nil {
		t.Fatal(err)
	}
}

// tellAll tells a recording's story.
func tellAll(tracer *tracing.Tracer, recording tracing.Recording) {
	webhook := tracing.Event{Type: "Started", First: true, Arrived: at(0), Result: "recorded", Write: tracing.Write{Began: at(1), Ended: at(2), Attempts: 2}}
	tracer.Webhook(recording, webhook, tracing.Answer{Route: "/webhooks/videosdk/{token}", Status: 200, At: at(3)})
	tracer.Spooled(recording, tracing.Event{Type: "Stopped", Arrived: at(4), Result: "recorded", Write: tracing.Write{Began: at(5), Ended: at(6), Attempts: 1}})
	tracer.Decision(recording, "Succeeded", at(7), at(8))
	began, ended := metav1.NewTime(at(9)), metav1.NewTime(at(10))
	tracer.Job(recording, "job-a", v1alpha1.StepAttempt{
		Pipeline: "default", Step: "archive", Attempt: 1, State: v1alpha1.StepFailed, StartTime: &began, CompletionTime: &ended,
	})
}

// What is told arrives as one trace: the first event is its root, writes are below their webhooks, and a Job where it was told to be.
func TestTell(t *testing.T) {
	collector := tracingtest.NewCollector(t)
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
	tracer := start(t, tracing.Options{Endpoint: collector.URL})
	recording := tracing.Recording{Place: tracer.Begin(), Name: "meetings/rec"}
	tellAll(tracer, recording)
	stop(t, tracer)

	root, trace := recording.Place.SpanID().String(), recording.Place.TraceID().String()
	spans := collector.Spans()
	if len(spans) != 6 {
		t.Fatalf("%d spans arrived, want 6: %+v", len(spans), spans)
	}
	of := func(more ...string) map[string]string {
		attributes := map[string]string{"k8s.namespace.name": "meetings", "recording.name": "rec"}
		for i := 0; i < len(more); i += 2 {
			attributes[more[i]] = more[i+1]
		}
		return attributes
	}
	want := []tracingtest.Span{
		{
			ID: root, Name: "POST /webhooks/videosdk/{token}", Kind: "SPAN_KIND_SERVER", Start: at(0), End: at(3),
			Attributes: of("http.request.method", "POST", "http.route", "/webhooks/videosdk/{token}", "http.response.status_code", "200",
				"recording.event", "Started", "recording.result", "recorded"),
		},
		{
			ID: spans[1].ID, Parent: root, Name: "write status.recording", Kind: "SPAN_KIND_INTERNAL", Start: at(1), End: at(2),
			Attributes: of("recording.write.attempts", "2"),
		},
		{
			ID: spans[2].ID, Parent: root, Name: "spool", Kind: "SPAN_KIND_INTERNAL", Start: at(4), End: at(6),
			Attributes: of("recording.event", "Stopped", "recording.result", "recorded"),
		},
		{
			ID: spans[3].ID, Parent: spans[2].ID, Name: "write status.recording", Kind: "SPAN_KIND_INTERNAL", Start: at(5), End: at(6),
			Attributes: of("recording.write.attempts", "1"),
		},
		{
			ID: spans[4].ID, Parent: root, Name: "decide", Kind: "SPAN_KIND_INTERNAL", Start: at(7), End: at(8),
			Attributes: of("recording.processing.state", "Succeeded"),
		},
		{
			ID: tracecontext.OfJob(recording.Place, "job-a").SpanID().String(), Parent: root, Name: "job default/archive", Kind: "SPAN_KIND_INTERNAL",
			Start: at(9), End: at(10), Failed: true,
			Attributes: of("k8s.job.name", "job-a", "recording.pipeline", "default", "recording.step", "archive", "recording.attempt", "1", "error.type", "JobFailed"),
		},
	}
	for i := range want {
		want[i].Trace, want[i].Service = trace, "program"
	}
	if diff := cmp.Diff(want, spans); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}

// A recording that is not sampled is not reported, and one that nobody gave a place neither. Clocks that differ do no harm.
func TestTellOnlySampled(t *testing.T) {
	collector := tracingtest.NewCollector(t)
	nought := 0.0
	tracer := start(t, tracing.Options{Endpoint: collector.URL, Ratio: &nought})
	left := tracing.Recording{Place: tracer.Begin(), Name: "meetings/left"}
	if !left.Place.IsValid() || left.Place.IsSampled() {
		t.Errorf("with a ratio of 0 a recording begins at %+v", left.Place)
	}
	tellAll(tracer, left)
	tellAll(tracer, tracing.Recording{Name: "meetings/unplaced"})
	taken := tracing.Recording{Place: tracecontext.Parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), Name: "meetings/taken"}
	tracer.Decision(taken, "Running", at(8), at(7))
	stop(t, tracer)
	spans := collector.Spans()
	if len(spans) != 1 || spans[0].Attributes["recording.name"] != "taken" || spans[0].Parent != "b7ad6b7169203331" || !spans[0].End.Equal(at(8)) {
		t.Errorf("spans %+v, want the decision on taken, which ended when it began", spans)
	}
}

func TestSampling(t *testing.T) {
	quarter := 0.25
	tracer := start(t, tracing.Options{Endpoint: tracingtest.NewCollector(t).URL, Ratio: &quarter})
	defer stop(t, tracer)
	sampled, seen := 0, map[string]bool{}
	const all = 4000
	for range all {
		place := tracer.Begin()
		seen[place.TraceID().String()] = true
		if place.IsSampled() {
			sampled++
		}
	}
	if len(seen) != all || sampled < all/5 || sampled > all/3 {
		t.Errorf("%d traces of %d recordings, %d sampled; want a quarter", len(seen), all, sampled)
	}
}

// Without an endpoint there are no traces, and all of it does nothing.
func TestOff(t *testing.T) {
	collector := tracingtest.NewCollector(t)
	for name, environment := range map[string]map[string]string{
		"nothing said":                       {},
		"disabled":                           {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL, "OTEL_SDK_DISABLED": "true"},
		"no exporter":                        {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL, "OTEL_TRACES_EXPORTER": "none"},
		"nonsense that does not matter then": {"OTEL_TRACES_SAMPLER": "often"},
	} {
		t.Run(name, func(t *testing.T) {
			set(t, environment)
			tracer, err := tracing.Start(t.Context(), "program", tracing.Options{}, logr.Discard())
			if tracer != nil || err != nil {
				t.Fatalf("tracer %v, error %v", tracer, err)
			}
			recording := tracing.Recording{Place: tracecontext.Parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), Name: "a/b"}
			if allocations := testing.AllocsPerRun(10, func() {
				tracer.Decision(recording, "Running", noon, noon)
				if tracer.Begin().IsValid() {
					t.Error("a recording begins")
				}
			}); allocations != 0 {
				t.Errorf("%v allocations", allocations)
			}
			tellAll(tracer, recording)
			stop(t, tracer)
		})
	}
	if spans := collector.Spans(); len(spans) != 0 {
		t.Errorf("spans %v", spans)
	}
}

func set(t *testing.T, environment map[string]string) {
	t.Helper()
	for name, value := range environment {
		t.Setenv(name, value)
	}
}

// The environment's variables count where no flag does.
func TestEnvironment(t *testing.T) {
	collector := tracingtest.NewCollector(t)
	for name, test := range map[string]struct {
		environment map[string]string
		args        []string
		sampled     bool
	}{
		"base URL":          {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL}, nil, true},
		"URL of traces":     {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": collector.URL + "/v1/traces", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, nil, true},
		"flag wins":         {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, []string{"--tracing-endpoint=" + collector.URL}, true},
		"flag, slash":       {nil, []string{"--tracing-endpoint=" + collector.URL + "/"}, true},
		"flag, whole":       {nil, []string{"--tracing-endpoint=" + collector.URL + "/v1/traces"}, true},
		"protocol":          {map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"}, []string{"--tracing-endpoint=" + collector.URL}, true},
		"never":             {map[string]string{"OTEL_TRACES_SAMPLER": "always_off"}, []string{"--tracing-endpoint=" + collector.URL}, false},
		"always":            {map[string]string{"OTEL_TRACES_SAMPLER": "parentbased_always_on"}, []string{"--tracing-endpoint=" + collector.URL}, true},
		"ratio of 0":        {map[string]string{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}, []string{"--tracing-endpoint=" + collector.URL}, false},
		"ratio not said":    {map[string]string{"OTEL_TRACES_SAMPLER": "parentbased_traceidratio"}, []string{"--tracing-endpoint=" + collector.URL}, true},
		"flag's ratio wins": {map[string]string{"OTEL_TRACES_SAMPLER": "always_on"}, []string{"--tracing-endpoint=" + collector.URL, "--tracing-sampling-ratio=0"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			set(t, test.environment)
			t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=secret")
			t.Setenv("OTEL_SERVICE_NAME", "named")
			before := len(collector.Spans())
			tracer := start(t, parse(t, test.args...))
			place := tracer.Begin()
			tracer.Decision(tracing.Recording{Place: place, Name: "a/b"}, "Running", noon, noon)
			stop(t, tracer)
			spans := collector.Spans()[before:]
			if place.IsSampled() != test.sampled || (len(spans) == 1) != test.sampled {
				t.Fatalf("sampled %v, spans %v; want %v", place.IsSampled(), spans, test.sampled)
			}
			if test.sampled && (collector.Header().Get("x-key") != "secret" || spans[0].Service != "named") {
				t.Errorf("header %v, service %s", collector.Header(), spans[0].Service)
			}
		})
	}
}

func parse(t *testing.T, args ...string) tracing.Options {
	t.Helper()
	var options tracing.Options
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	options.Bind(flags)
	options.BindRatio(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return options
}

// Each message says which flag or variable to fix, and none repeats a secret.
func TestWrongOptions(t *testing.T) {
	for name, test := range map[string]struct {
		endpoint    string
		environment map[string]string
		want        string
	}{
		"no scheme":   {"collector:4318", nil, "--tracing-endpoint must be a URL such as http://collector:4318"},
		"no host":     {"http://", nil, "--tracing-endpoint must be a URL"},
		"another":     {"grpc://collector:4317", nil, "--tracing-endpoint must be a URL"},
		"no URL":      {"http://a b", nil, "--tracing-endpoint must be a URL"},
		"user":        {"http://me:hunter2@collector:4318", nil, "without user, query and fragment: give secrets by $OTEL_EXPORTER_OTLP_HEADERS"},
		"query":       {"http://collector:4318?key=hunter2", nil, "without user, query and fragment"},
		"environment": {"", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "collector"}, "$OTEL_EXPORTER_OTLP_ENDPOINT must be a URL"},
		"traces":      {"", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "collector"}, "$OTEL_EXPORTER_OTLP_TRACES_ENDPOINT must be a URL"},
		"grpc":        {"http://c", map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, `$OTEL_EXPORTER_OTLP_PROTOCOL is "grpc", but traces are sent over HTTP only`},
		"sampler":     {"http://c", map[string]string{"OTEL_TRACES_SAMPLER": "often"}, `$OTEL_TRACES_SAMPLER is "often": set it to always_on`},
		"ratio":       {"http://c", map[string]string{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "2"}, `$OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1, not "2"`},
		"no ratio":    {"http://c", map[string]string{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "NaN"}, "must be a number from 0 to 1"},
		"attributes":  {"http://c", map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "a"}, "check $OTEL_RESOURCE_ATTRIBUTES"},
	} {
		t.Run(name, func(t *testing.T) {
			set(t, test.environment)
			tracer, err := tracing.Start(t.Context(), "program", tracing.Options{Endpoint: test.endpoint}, logr.Discard())
			if tracer != nil || err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("tracer %v, error %v; want %q", tracer, err, test.want)
			}
		})
	}
	var options tracing.Options
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(&bytes.Buffer{})
	options.BindRatio(flags)
	if err := flags.Parse([]string{"--tracing-sampling-ratio=-1"}); err == nil || !strings.Contains(err.Error(), "from 0 to 1") {
		t.Errorf("a negative ratio: %v", err)
	}
}

// A collector that refuses, or is not there, ends in one line of the log, and keeps nobody: the end of the program waits no longer than
// it may, and says so.
func TestCollectorAway(t *testing.T) {
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer refusing.Close()
	var mu sync.Mutex
	var lines []string
	log := funcr.New(func(_, args string) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, args)
	}, funcr.Options{})
	tracer, err := tracing.Start(t.Context(), "program", tracing.Options{Endpoint: refusing.URL}, log)
	if err != nil {
		t.Fatal(err)
	}
	tellAll(tracer, tracing.Recording{Place: tracer.Begin(), Name: "a/b"})
	stop(t, tracer)
	mu.Lock()
	defer mu.Unlock()
	if text := strings.Join(lines, "\n"); strings.Count(text, "Spans not exported") != 1 || !strings.Contains(text, "403 Forbidden") {
		t.Errorf("log:\n%s", text)
	}

	hanging := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hanging:
		case <-r.Context().Done():
		}
	}))
	defer slow.Close()
	defer close(hanging)
	tracer = start(t, tracing.Options{Endpoint: slow.URL})
	tellAll(tracer, tracing.Recording{Place: tracer.Begin(), Name: "a/b"})
	if err := tracer.Stop(); err == nil || !strings.Contains(err.Error(), "send the last spans") {
		t.Errorf("a collector that hangs: %v", err)
	}
}
