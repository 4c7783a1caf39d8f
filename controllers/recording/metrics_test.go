// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// What is added is taken away as it was, also where the cache has missed the deletion.
func TestCountInFlight(t *testing.T) {
	recording := &v1alpha1.MeetingRecording{}
	recording.Status.Recording.State = "Countable" // no other test has it
	recording.Status.Processing.State = v1alpha1.ProcessingRunning
	recording.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: "Countable"}}
	running := inFlight.WithLabelValues("countable", "running")
	stalled := stalledNow.WithLabelValues("Countable")
	check := func(what string, want float64) {
		t.Helper()
		if got := testutil.ToFloat64(running); got != want {
			t.Errorf("%s: %g are in flight, want %g", what, got, want)
		}
		if got := testutil.ToFloat64(stalled); got != want {
			t.Errorf("%s: %g are stalled, want %g", what, got, want)
		}
	}
	countInFlight(recording, 1)
	countInFlight(recording, 1)
	check("two", 2)
	countInFlight(recording, -1)
	check("one", 1)
	countInFlight(recording, -1)
	check("none", 0)
	inFlight.DeleteLabelValues("countable", "running")
	stalledNow.DeleteLabelValues("Countable")
	if got := stateLabel(""); got != "none" {
		t.Errorf("no state is %q", got)
	}
}

// Names, units and help are by Prometheus' conventions.
func TestMetricsLint(t *testing.T) {
	queueWaiting.WithLabelValues("lint", "lint")
	queueTaken.WithLabelValues("lint", "lint")
	defer queueWaiting.DeletePartialMatch(prometheus.Labels{"namespace": "lint"})
	defer queueTaken.DeletePartialMatch(prometheus.Labels{"namespace": "lint"})
	inFlight.WithLabelValues("none", "none")
	problems, err := testutil.GatherAndLint(metrics.Registry, "meetingrecording_recordings_processed_total", "meetingrecording_steps_total",
		"meetingrecording_recordings_stalled_total", "meetingrecording_recordings_in_flight", "meetingrecording_recordings_in_flight_stalled",
		"meetingrecording_recordings_deleted_total", "meetingrecording_job_creation_delay_seconds",
		"meetingrecording_queue_waiting_steps", "meetingrecording_queue_active_jobs")
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
}
