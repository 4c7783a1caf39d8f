// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning_test

import (
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/test/harness/kstatus"
)

// refused is a Job that the API server has refused since so long before noon.
func refused(since time.Duration) outcomes.Observation {
	return outcomes.Observation{State: outcomes.JobRefused, Message: "exceeded quota", Since: noon.Add(-since)}
}

// A Job that is refused for a while may be let in when others have ended; after that a person is needed.
func TestRefusedForLong(t *testing.T) {
	const (
		now     = "Ready=False/JobRefused Reconciling=True/JobRefused"
		forLong = "Ready=False/JobRefused Stalled=True/JobRefused"
	)
	for name, test := range map[string]struct {
		a, b  outcomes.Observation
		said  string
		again time.Duration
	}{
		"just now":             {refused(0), refused(0), now, 10 * time.Minute},
		"not yet":              {refused(10*time.Minute - time.Second), refused(time.Minute), now, time.Second},
		"long":                 {refused(10 * time.Minute), refused(time.Minute), forLong, 9 * time.Minute},
		"the second, long":     {refused(time.Minute), refused(time.Hour), forLong, 9 * time.Minute},
		"long, the other runs": {active(), refused(time.Hour), forLong, 0},
		"clocks set back":      {refused(-6 * time.Hour), active(), now, 6*time.Hour + 10*time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			in := input(recording(v1alpha1.RecordingStopped, time.Minute), pipeline("p", "a", "b"))
			in.Jobs[jobName("p", "a")], in.Jobs[jobName("p", "b")] = test.a, test.b
			decision := planning.Decide(in)
			if got := kstatus.Conditions(decision.Conditions); got != test.said || decision.RequeueAfter != test.again {
				t.Errorf("it says %s and looks again after %s, want %s and %s", got, decision.RequeueAfter, test.said, test.again)
			}
		})
	}
}

// A controller that starts afresh knows not since when, and takes nothing back that was said; it does once the Job is there.
func TestRefusedForLongIsKept(t *testing.T) {
	in := input(recording(v1alpha1.RecordingStopped, time.Minute), pipeline("p", "a"))
	in.Jobs[jobName("p", "a")] = refused(time.Hour)
	first := planning.Decide(in)
	notices := planning.Notices(in.Recording, first)
	if len(notices) != 1 || notices[0].Type != "Warning" || notices[0].Reason != v1alpha1.ReasonJobRefused {
		t.Errorf("a person hears %+v", notices)
	}
	in.Recording = stored(in.Recording, first)
	in.Jobs[jobName("p", "a")] = refused(0)
	if again := planning.Decide(in); again.Changes(in.Recording) {
		t.Errorf("a successor says %s", kstatus.Conditions(again.Conditions))
	}
	in.Jobs[jobName("p", "a")] = active()
	if got := kstatus.Conditions(planning.Decide(in).Conditions); got != "Ready=False/Processing Reconciling=True/Processing" {
		t.Errorf("once the Job is there it says %s", got)
	}
}
