// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/tracecontext"
	"github.com/meetingops/meeting-recording-operator/internal/tracing/tracingtest"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// TestTrace follows one recording through both binaries: all that they tell the collector is one trace, which the Job is part of, and
// costs the API server not one request more. What is told last is sent before they end.
func TestTrace(t *testing.T) {
	collector := tracingtest.NewCollector(t)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "3600000") // nothing is sent before the end
	o := newOperator(t)
	o.startManager(t, "--tracing-endpoint", collector.URL)
	o.startSidecar(t, "--tracing-endpoint", collector.URL, "--shutdown-delay", "0s")
	o.proxy.reset()
	name, job := o.record(t)
	recording := awaitProcessing(t, name, v1alpha1.ProcessingSucceeded)
	wantSidecar := map[string]int{"create meetingrecordings": 1, "patch meetingrecordings/status": 4}
	if diff := cmp.Diff(wantSidecar, o.proxy.count("meeting-recording-sidecar")); diff != "" {
		t.Errorf("requests of the sidecar (-want +got):\n%s", diff)
	}
	// A dry run for the first recording of a namespace finds out whether a status can be stored.
	o.expectStatusWrites(t, 2, 1)
	o.record(t)
	o.expectStatusWrites(t, 4, 1)
	for _, program := range []*harness.Program{o.sidecar, o.manager} {
		if code := program.Stop(); code != 0 {
			t.Errorf("%s ended with %d", program.Name, code)
		}
	}

	place := tracecontext.Parse(recording.Annotations[v1alpha1.AnnotationTraceparent])
	if !place.IsSampled() {
		t.Fatalf("annotations %v, want a traceparent", recording.Annotations)
	}
	var mine []tracingtest.Span
	for _, span := range collector.Spans() {
		if span.Attributes["recording.name"] == name {
			mine = append(mine, span)
		}
	}
	checkStory(t, mine, place.TraceID().String(), place.SpanID().String())
	at := slices.IndexFunc(mine, func(span tracingtest.Span) bool { return span.Attributes["k8s.job.name"] == job.Name })
	if at < 0 {
		t.Fatalf("no span is of Job %s", job.Name)
	}
	if told := tracecontext.Parse(environment(job)["TRACEPARENT"]); told.SpanID().String() != mine[at].ID || told.TraceID() != place.TraceID() {
		t.Errorf("the Job was told to be at %+v, and is at %s", told, mine[at].ID)
	}
}

// record plays one recording through both binaries, and returns its name and its Job.
func (o *operator) record(t *testing.T) (string, *batchv1.Job) {
	t.Helper()
	name, webhooks := newSession(t)
	for _, w := range webhooks {
		o.mustSend(t, w, "recorded")
	}
	awaitProcessing(t, name, v1alpha1.ProcessingRunning)
	job := awaitJob(t, name)
	complete(t, job)
	awaitProcessing(t, name, v1alpha1.ProcessingSucceeded)
	return name, job
}

// expectStatusWrites checks how often the manager has written a status, and tried to in a dry run.
func (o *operator) expectStatusWrites(t *testing.T, writes, dryRuns int) {
	t.Helper()
	counts := o.proxy.count("meeting-recording-manager")
	if got := counts["patch meetingrecordings/status"]; got != writes {
		t.Errorf("the manager wrote the status %d times, want %d", got, writes)
	}
	if got := counts["patch meetingrecordings/status (dry run)"]; got != dryRuns {
		t.Errorf("%d dry runs of status writes, want %d", got, dryRuns)
	}
}

// checkStory checks that the spans are all that the recording of four events and one step is to have, in one trace, below the root.
func checkStory(t *testing.T, spans []tracingtest.Span, trace, root string) {
	t.Helper()
	ids := map[string]bool{}
	for _, span := range spans {
		ids[span.ID] = true
	}
	count := map[string]int{}
	for _, span := range spans {
		count[span.Service+" "+span.Name]++
		if span.Trace != trace {
			t.Errorf("%s is in trace %s, not %s", span.Name, span.Trace, trace)
		}
		if (span.Parent == "") != (span.ID == root) || (span.Parent != "" && !ids[span.Parent]) {
			t.Errorf("%s is at %s below %q, the root at %s", span.Name, span.ID, span.Parent, root)
		}
	}
	want := map[string]int{
		"meeting-recording-sidecar POST /webhooks/videosdk": 4, "meeting-recording-sidecar write status.recording": 4,
		"meeting-recording-manager decide": 2, "meeting-recording-manager job " + pipelineName + "/archive": 1,
	}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Errorf("spans (-want +got):\n%s\n%v", diff, slices.Sorted(maps.Keys(count)))
	}
}

func environment(job *batchv1.Job) map[string]string {
	values := map[string]string{}
	for _, variable := range job.Spec.Template.Spec.Containers[0].Env {
		values[variable.Name] = variable.Value
	}
	return values
}
