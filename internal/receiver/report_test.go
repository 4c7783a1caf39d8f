// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/receiver/guard"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
)

// Whoever looks for a recording's name finds what happened to its webhooks, also of those that were not written.
func TestLogNamesWhatItIsAbout(t *testing.T) {
	known := []string{`"namespace"="meetings"`, `"name"="` + testName + `"`}
	session := []string{`"session"="` + testName + `"`}
	for name, test := range map[string]struct {
		recorder Recorder
		request  request
		want     []string
	}{
		"recorded":  {recordedAlways, request{body: goodBody}, known},
		"duplicate": {recordedAs(lifecycle.Duplicate, "meetings/"+testName), request{body: goodBody}, known},
		"spooled":   {recordedAs(outbox.Spooled, ""), request{body: goodBody}, session},
		"away":      {recordedNever(outbox.ErrTimeout), request{body: goodBody}, session},
		"a bug":     {recordedNever(recorder.NewPanicError("inside")), request{body: goodBody}, session},
		"forged":    {recordedAlways, request{body: goodBody, unsigned: true}, nil},
	} {
		f := newFixture(t, test.recorder)
		f.ServeHTTP(httptest.NewRecorder(), test.request.build(t))
		for _, want := range test.want {
			if !strings.Contains(f.log.String(), want) {
				t.Errorf("%s: %s is not in the log:\n%s", name, want, f.log)
			}
		}
		if test.want == nil && strings.Contains(f.log.String(), testName) {
			t.Errorf("%s: what a stranger says is in the log:\n%s", name, f.log)
		}
	}
}

func recordedAs(result lifecycle.Result, recording string) Recorder {
	return recorderFunc(func(context.Context, recorder.Event) (recorder.Outcome, error) {
		return recorder.Outcome{Result: result, Recording: recording}, nil
	})
}

// Names, units and help are by Prometheus' conventions.
func TestMetricsLint(t *testing.T) {
	registry := prometheus.NewRegistry()
	NewMetrics(registry)
	guard.NewConnections(1, registry)
	problems, err := testutil.GatherAndLint(registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
}
