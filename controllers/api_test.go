// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/fields"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// A MeetingRecording is complete and in progress from its first moment, without a further write.
func TestDefaultsOfARecording(t *testing.T) {
	recording := newRecording(t, namespace(t), "rec")
	want := v1alpha1.MeetingRecordingStatus{
		ObservedGeneration: -1,
		Recording:          v1alpha1.RecordingStatus{Events: []v1alpha1.RecordingEvent{}},
		Processing:         v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingWaiting},
	}
	if diff := cmp.Diff(want, recording.Status); diff != "" {
		t.Errorf("status right after create (-want +got)\n%s", diff)
	}
	if is, err := kstatus(t, recording, "MeetingRecording"); err != nil || is != status.InProgressStatus {
		t.Errorf("kstatus = %s, %v; want InProgress", is, err)
	}
}

func TestRulesOfARecording(t *testing.T) {
	ns := namespace(t)
	recording := newRecording(t, ns, "rec")
	for name, test := range map[string]struct {
		change func(*v1alpha1.MeetingRecordingSpec)
		want   string
	}{
		"meetingID": {func(s *v1alpha1.MeetingRecordingSpec) { s.MeetingID = "other" }, "spec.meetingID: Invalid value: meetingID is immutable"},
		"sessionID": {func(s *v1alpha1.MeetingRecordingSpec) { s.SessionID = "other" }, "spec.sessionID: Invalid value: sessionID is immutable"},
		"segment":   {func(s *v1alpha1.MeetingRecordingSpec) { s.Segment = 2 }, "spec.segment: Invalid value: segment is immutable"},
		"no id":     {func(s *v1alpha1.MeetingRecordingSpec) { s.MeetingID = "" }, "spec.meetingID"},
		"suspend":   {func(s *v1alpha1.MeetingRecordingSpec) { s.Suspend = true }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			changed := recording.DeepCopy()
			test.change(&changed.Spec)
			expectAnswer(t, admin.Update(t.Context(), changed, client.DryRunAll), test.want)
		})
	}
}

// A rerun may be removed once it is observed.
func TestRulesOfARerun(t *testing.T) {
	recording := newRecording(t, namespace(t), "rec")
	recording.Spec.Rerun = &v1alpha1.Rerun{Token: "1", Steps: references([]string{"web/poster"})}
	if err := admin.Update(t.Context(), recording); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		rerun *v1alpha1.Rerun
		want  string
	}{
		"same":         {&v1alpha1.Rerun{Token: "1", Steps: references([]string{"web/poster"})}, ""},
		"new token":    {&v1alpha1.Rerun{Token: "2"}, ""},
		"removed":      {nil, "spec.rerun: Invalid value: rerun can be removed only once status.processing.observedRerunToken equals its token"},
		"other steps":  {&v1alpha1.Rerun{Token: "1", Steps: references([]string{"web/hls"})}, "spec.rerun.steps: Invalid value: steps can change only together with token"},
		"no steps":     {&v1alpha1.Rerun{Token: "1"}, "spec.rerun.steps: Invalid value: steps can change only together with token"},
		"no token":     {&v1alpha1.Rerun{}, "spec.rerun.token"},
		"no pipeline":  {&v1alpha1.Rerun{Token: "2", Steps: references([]string{"/poster"})}, "spec.rerun.steps[0].pipeline"},
		"long token":   {&v1alpha1.Rerun{Token: strings.Repeat("x", 64)}, "spec.rerun.token"},
		"two steps":    {&v1alpha1.Rerun{Token: "2", Steps: references([]string{"web/poster", "web/hls"})}, ""},
		"a step twice": {&v1alpha1.Rerun{Token: "2", Steps: references([]string{"web/hls", "web/hls"})}, "spec.rerun.steps[1]: Duplicate value"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := recording.DeepCopy()
			changed.Spec.Rerun = test.rerun
			expectAnswer(t, admin.Update(t.Context(), changed, client.DryRunAll), test.want)
		})
	}
	recording.Status.Processing.ObservedRerunToken = "1"
	if err := admin.Status().Update(t.Context(), recording); err != nil {
		t.Fatal(err)
	}
	recording.Spec.Rerun = nil
	if err := admin.Update(t.Context(), recording); err != nil {
		t.Errorf("remove an observed rerun: %v", err)
	}
}

func TestRulesOfAPipeline(t *testing.T) {
	ns := namespace(t)
	var many []string
	for i := range 33 {
		many = append(many, fmt.Sprintf("step-%d", i))
	}
	on := func(triggers ...v1alpha1.PipelineTrigger) *v1alpha1.RecordingPipeline {
		pipeline := pipelineOf(ns, "p", "a")
		pipeline.Spec.Triggers = triggers
		return pipeline
	}
	for name, test := range map[string]struct {
		pipeline *v1alpha1.RecordingPipeline
		want     string
	}{
		"good":               {pipelineOf(ns, "p", "a", "b"), ""},
		"32 steps":           {pipelineOf(ns, "p", many[:32]...), ""},
		"33 steps":           {pipelineOf(ns, "p", many...), "spec.steps: Too many: 33: must have at most 32 items"},
		"no step":            {pipelineOf(ns, "p"), "spec"},
		"a step twice":       {pipelineOf(ns, "p", "a", "b", "a"), "spec.steps[2]: Duplicate value"},
		"name of a step":     {pipelineOf(ns, "p", "Not_a_label"), "spec.steps[0].name"},
		"long name":          {pipelineOf(ns, "p", strings.Repeat("a", 41)), "spec.steps[0].name: Too long"},
		"both ends":          {on("Stopped", "Failed"), ""},
		"one end twice":      {on("Stopped", "Stopped"), "spec.triggers[1]: Duplicate value"},
		"an end that is not": {on("Started"), "spec.triggers[0]: Unsupported value"},
	} {
		t.Run(name, func(t *testing.T) {
			expectAnswer(t, admin.Create(t.Context(), test.pipeline, client.DryRunAll), test.want)
		})
	}
	pipeline := pipelineOf(ns, "defaults", "a")
	create(t, pipeline)
	if want := []v1alpha1.PipelineTrigger{v1alpha1.TriggerStopped}; !slices.Equal(pipeline.Spec.Triggers, want) || pipeline.Status.ObservedGeneration != -1 {
		t.Errorf("triggers = %v, observedGeneration = %d; want %v, -1", pipeline.Spec.Triggers, pipeline.Status.ObservedGeneration, want)
	}
}

// expectAnswer fails the test where the API server does not refuse with the words; none means that it accepts.
func expectAnswer(t *testing.T, err error, want string) {
	t.Helper()
	if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
		t.Errorf("answer: %v, want %q", err, want)
	}
}

// Recordings can be selected by their fields, as kubectl get --field-selector does, also those without the field.
func TestSelectableFields(t *testing.T) {
	ns := namespace(t)
	newRecording(t, ns, "waiting")
	stopped := newRecording(t, ns, "stopped")
	arrives(t, stopped, v1alpha1.EventStopped, 0)
	done := newRecording(t, ns, "done")
	old := done.DeepCopy()
	done.Status.Processing.State = v1alpha1.ProcessingSucceeded
	patchRecording(t, done, old)
	for selector, want := range map[string]string{
		"status.processing.state=Succeeded":                                     "done",
		"status.processing.state!=Succeeded":                                    "stopped waiting",
		"status.processing.state!=Succeeded,status.processing.state!=Failed":    "stopped waiting",
		"status.recording.state=Stopped":                                        "stopped",
		"status.recording.state!=Stopped":                                       "done waiting",
		"spec.meetingID=abcd-efgh-ijkl,spec.sessionID=613e1a0ad3d5a1b2c3d4e5f6": "done stopped waiting",
		"spec.meetingID=other":                                                  "",
	} {
		t.Run(selector, func(t *testing.T) {
			parsed, err := fields.ParseSelector(selector)
			if err != nil {
				t.Fatal(err)
			}
			var list v1alpha1.MeetingRecordingList
			if err := admin.List(t.Context(), &list, client.InNamespace(ns), client.MatchingFieldsSelector{Selector: parsed}); err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, recording := range list.Items {
				names = append(names, recording.Name)
			}
			slices.Sort(names)
			if got := strings.Join(names, " "); got != want {
				t.Errorf("selected %q, want %q", got, want)
			}
		})
	}
}
