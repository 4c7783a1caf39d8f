// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// observeAfter is how long the manager may take to look at a new object before it is worth a word.
const observeAfter = 30 * time.Second

func kubectl(in Input, format string, args ...any) string {
	return fmt.Sprintf("kubectl -n %s %s", in.Recording.Namespace, fmt.Sprintf(format, args...))
}

func plugin(in Input, format string, args ...any) string {
	return fmt.Sprintf("kubectl recording -n %s %s", in.Recording.Namespace, fmt.Sprintf(format, args...))
}

func deleting(in Input) *Answer {
	if in.Recording.DeletionTimestamp == nil {
		return nil
	}
	return &Answer{
		Reason:  "Deleting",
		Summary: fmt.Sprintf("The recording is being deleted since %s.", in.Recording.DeletionTimestamp.UTC().Format(time.RFC3339)),
		Detail:  "finalizers: " + strings.Join(in.Recording.Finalizers, ", "),
		Fix:     "It goes away when its finalizers are removed by whoever set them, and its Jobs are gone.",
		Commands: []string{
			kubectl(in, "get mrec %s -o jsonpath='{.metadata.finalizers}'", in.Recording.Name),
		},
	}
}

// notObserved applies where the manager has not acted on the current spec for a while.
func notObserved(in Input) *Answer {
	r := in.Recording
	if r.Status.ObservedGeneration >= r.Generation {
		return nil
	}
	if r.Status.ObservedGeneration <= 0 && in.Now.Sub(r.CreationTimestamp.Time) < observeAfter {
		return nil
	}
	return &Answer{
		Reason:      "NotObserved",
		Summary:     "The manager has not looked at the recording since its spec changed.",
		NeedsAction: true,
		Fix:         "Check that the manager runs, is ready and serves this namespace. Adjust the namespace of the operator in the commands.",
		Commands: []string{
			"kubectl -n meeting-recording-system get pods -l app.kubernetes.io/name=meeting-recording-operator",
			"kubectl -n meeting-recording-system logs deploy/meeting-recording-operator -c manager --tail=50",
		},
	}
}

// notEnded applies until the provider has reported how the recording ended.
func notEnded(in Input) *Answer {
	status := in.Recording.Status.Recording
	if status.State == v1alpha1.RecordingStopped || status.State == v1alpha1.RecordingFailed {
		return nil
	}
	answer := &Answer{Reason: "NotEnded", Summary: "The provider has not reported that the recording ended: post-processing starts with recording-stopped or recording-failed."}
	if status.State == "" {
		answer.Summary = "No event of the provider has arrived for the recording."
	}
	stalled := condition(in, v1alpha1.ConditionStalled)
	if stalled == nil {
		answer.Fix = "Nothing, while the meeting is being recorded."
		return answer
	}
	answer.Reason, answer.Detail, answer.NeedsAction = stalled.Reason, stalled.Message, true
	answer.Fix = "Check at the provider whether it still records, and whether its webhooks arrive: see what the sidecar refused or spooled. " +
		"With backfill installed, a finished file is found without its webhook. Delete the object if there will never be a file."
	answer.Commands = []string{plugin(in, "deliveries"), kubectl(in, "delete mrec %s", in.Recording.Name)}
	return answer
}

func suspended(in Input) *Answer {
	if !in.Recording.Spec.Suspend || in.Recording.Status.Processing.State != v1alpha1.ProcessingSuspended {
		return nil
	}
	return &Answer{
		Reason: "Suspended", NeedsAction: true,
		Summary:  "spec.suspend is true: no Job is created.",
		Fix:      "Resume it.",
		Commands: []string{plugin(in, "resume %s", in.Recording.Name)},
	}
}

// noPipelineMatched is the answer for a recording that was skipped, which counts as done but rarely is what people want.
func noPipelineMatched(in Input) *Answer {
	if in.Recording.Status.Processing.State != v1alpha1.ProcessingSkipped {
		return nil
	}
	answer := &Answer{
		Reason:  "NoPipelineMatched",
		Summary: fmt.Sprintf("No RecordingPipeline matched when the recording ended as %s.", in.Recording.Status.Recording.State),
		Detail:  mismatches(in),
		Fix:     "Create or change a pipeline (spec.triggers, spec.selector, spec.when), then run it for this recording.",
		Commands: []string{
			kubectl(in, "get rpipe"),
			plugin(in, "rerun %s", in.Recording.Name),
		},
	}
	if len(in.Pipelines) == 0 {
		answer.Summary = "The namespace has no RecordingPipeline."
	}
	return answer
}

// mismatches says for each pipeline which of its filters does not match, as far as that can be evaluated here.
func mismatches(in Input) string {
	var lines []string
	for i := range in.Pipelines {
		lines = append(lines, in.Pipelines[i].Name+": "+mismatch(&in.Pipelines[i], in.Recording))
	}
	return strings.Join(lines, "\n")
}

func mismatch(pipeline *v1alpha1.RecordingPipeline, r *v1alpha1.MeetingRecording) string {
	triggers := pipeline.Spec.Triggers
	if len(triggers) == 0 {
		triggers = []v1alpha1.PipelineTrigger{v1alpha1.TriggerStopped}
	}
	matches := false
	var names []string
	for _, trigger := range triggers {
		matches = matches || string(trigger) == string(r.Status.Recording.State)
		names = append(names, string(trigger))
	}
	if !matches {
		return fmt.Sprintf("spec.triggers is %s, the recording is %s", strings.Join(names, ", "), r.Status.Recording.State)
	}
	selector, err := pipeline.Spec.Selector.Parse()
	switch {
	case err != nil:
		return "spec.selector is invalid: " + err.Error()
	case !selector.Matches(labelSet(r)):
		return "spec.selector does not match the recording's labels"
	case pipeline.Spec.When != "":
		return "spec.when was false: " + pipeline.Spec.When
	case pipeline.CreationTimestamp.After(endOf(r)):
		return "it was created after the recording ended"
	}
	return "it matches now, so it has changed since the recording ended"
}

func endOf(r *v1alpha1.MeetingRecording) time.Time {
	if end := r.Status.Recording.EndTime; end != nil {
		return end.Time
	}
	return r.CreationTimestamp.Time
}

func done(in Input) *Answer {
	ready := condition(in, v1alpha1.ConditionReady)
	if ready == nil || ready.ObservedGeneration < in.Recording.Generation {
		return nil
	}
	return &Answer{Reason: "Done", Summary: "The recording is done.", Detail: ready.Message}
}

// condition returns the condition of the type if it is True.
func condition(in Input, kind string) *metav1.Condition {
	found := meta.FindStatusCondition(in.Recording.Status.Conditions, kind)
	if found == nil || found.Status != metav1.ConditionTrue {
		return nil
	}
	return found
}

func unknown(in Input) Answer {
	answer := Answer{
		Reason: "Unknown", Summary: "The objects do not say why.", Incomplete: in.Incomplete,
		Fix: "Read the manager's log.",
		Commands: []string{
			"kubectl -n meeting-recording-system logs deploy/meeting-recording-operator -c manager | grep " + in.Recording.Name,
		},
	}
	if ready := meta.FindStatusCondition(in.Recording.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		answer.Reason, answer.Summary = ready.Reason, ready.Message
	}
	return answer
}
