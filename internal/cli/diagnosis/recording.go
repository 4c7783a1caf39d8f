// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// observeAfter is how long the manager may take to act on a change. After recording-failed it waits for a file as long as its
// --reorder-window, a minute by default.
const observeAfter = 2 * time.Minute

// managerLog prints what the manager logged, where config/default installs it.
const managerLog = "kubectl -n meeting-recording-system logs deploy/meeting-recording-operator -c manager"

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
		Reason:   "Deleting",
		Summary:  fmt.Sprintf("The recording has been marked for deletion since %s.", in.Recording.DeletionTimestamp.UTC().Format(time.RFC3339)),
		Detail:   "finalizers: " + strings.Join(in.Recording.Finalizers, ", "),
		Fix:      "Wait until the owners of the finalizers remove them and the recording's Jobs are deleted.",
		Commands: []string{kubectl(in, "get mrec %s -o jsonpath='{.metadata.finalizers}'", in.Recording.Name)},
	}
}

// notObserved applies until the manager has acted on the current spec, or on the end of the recording.
func notObserved(in Input) *Answer {
	if IsObserved(in.Recording) {
		return nil
	}
	if in.Now.Sub(lastWrite(in.Recording)) < observeAfter {
		return &Answer{Reason: "Pending", Summary: "The recording has just changed, and the manager has not acted on it yet.", Fix: "Wait a moment."}
	}
	return &Answer{
		Reason:      "NotObserved",
		Summary:     "The manager has not acted on the recording since it changed.",
		NeedsAction: true,
		Fix:         "Check that the manager runs, is ready and serves this namespace. Adjust the namespace of the operator in the commands.",
		Commands: []string{
			"kubectl -n meeting-recording-system get pods -l app.kubernetes.io/name=meeting-recording-operator",
			managerLog + " --tail=50",
		},
	}
}

// lastWrite returns when the object was last written, as far as its managed fields say.
func lastWrite(r *v1alpha1.MeetingRecording) time.Time {
	last := r.CreationTimestamp.Time
	for _, entry := range r.ManagedFields {
		if entry.Time != nil && entry.Time.After(last) {
			last = entry.Time.Time
		}
	}
	return last
}

// notEnded applies until the provider has reported how the recording ended.
func notEnded(in Input) *Answer {
	if in.Recording.Status.Recording.State.IsFinal() {
		return nil
	}
	answer := &Answer{
		Reason:  "NotEnded",
		Summary: "The provider has not reported the end of the recording: post-processing starts with recording-stopped or recording-failed.",
		Fix:     "Wait until the recording ends.",
	}
	if in.Recording.Status.Recording.State == "" {
		answer.Summary = "No event of the provider has arrived for the recording."
	}
	stalled := condition(in, v1alpha1.ConditionStalled)
	if stalled == nil {
		return answer
	}
	answer.Reason, answer.Detail, answer.NeedsAction = stalled.Reason, stalled.Message, true
	answer.Fix = "Check whether the provider still records, and whether the sidecar rejects or spools its webhooks. " +
		"An installed backfill finds a finished file without its webhook. Delete the recording if there is no file."
	answer.Commands = []string{"kubectl recording deliveries", "kubectl recording backfill --dry-run", kubectl(in, "delete mrec %s", in.Recording.Name)}
	return answer
}

// rerunRefused applies if the rerun that spec.rerun requests cannot start.
func rerunRefused(in Input) *Answer {
	rerun, ready := in.Recording.Spec.Rerun, readyCondition(in)
	if rerun == nil || ready == nil || rerun.Token != in.Recording.Status.Processing.ObservedRerunToken {
		return nil
	}
	_, why, refused := strings.Cut(ready.Message, fmt.Sprintf("The rerun %q cannot start: ", rerun.Token))
	if !refused {
		return nil
	}
	return &Answer{
		Reason: "RerunRefused", Detail: why, NeedsAction: true,
		Summary:  fmt.Sprintf("The rerun %q cannot start. Earlier results stay as they are.", rerun.Token),
		Fix:      "Correct the pipelines or the names of the steps, then request another rerun.",
		Commands: []string{kubectl(in, "get rpipe"), plugin(in, "rerun %s", in.Recording.Name)},
	}
}

// nameWaitingRerun adds to an answer about steps that are under way that a requested rerun waits for their end.
func nameWaitingRerun(in Input, answer *Answer) {
	rerun, processing := in.Recording.Spec.Rerun, in.Recording.Status.Processing
	if rerun == nil || rerun.Token == processing.ObservedRerunToken || in.Recording.Spec.Suspend ||
		len(processing.Steps) == 0 || processing.State.IsFinal() {
		return
	}
	answer.Fix = strings.TrimSpace(answer.Fix + fmt.Sprintf(" The rerun %q starts when all steps have ended. To start it now, run cancel, then resume.", rerun.Token))
	answer.Commands = append(answer.Commands, plugin(in, "cancel %s", in.Recording.Name), plugin(in, "resume %s", in.Recording.Name))
}

func suspended(in Input) *Answer {
	ready := readyCondition(in)
	if !in.Recording.Spec.Suspend || ready == nil || ready.Reason != v1alpha1.ReasonSuspended {
		return nil
	}
	return &Answer{
		Reason: "Suspended", NeedsAction: true,
		Summary:  "spec.suspend is true: the manager creates no Job.",
		Fix:      "Resume the recording.",
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
		Fix:     "Create a pipeline, or change spec.triggers, spec.selector or spec.when of one. Then run it for this recording.",
		Commands: []string{
			kubectl(in, "get rpipe"),
			plugin(in, "rerun %s", in.Recording.Name),
		},
	}
	if in.Pipelines != nil && len(in.Pipelines) == 0 {
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
	matches := false
	var names []string
	for _, trigger := range pipeline.Spec.Triggers {
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
	case !selector.Matches(labels.Set(r.Labels)):
		return "spec.selector does not match the recording's labels"
	case pipeline.Spec.When != "":
		return "spec.when was false: " + pipeline.Spec.When
	case pipeline.CreationTimestamp.After(endOf(r)):
		return "it was created after the recording ended"
	}
	return "it matches now, so the pipeline or the recording's labels have changed since the recording ended"
}

func endOf(r *v1alpha1.MeetingRecording) time.Time {
	if end := r.Status.Recording.EndTime; end != nil {
		return end.Time
	}
	return r.CreationTimestamp.Time
}

func done(in Input) *Answer {
	ready := condition(in, v1alpha1.ConditionReady)
	if ready == nil {
		return nil
	}
	if !in.Recording.Spec.Hold {
		return &Answer{Reason: "Done", Summary: "The recording is done.", Detail: ready.Message}
	}
	return &Answer{
		Reason: "Held", Detail: ready.Message,
		Summary:  "The recording is done. spec.hold is true: retention keeps it, and the API server rejects its deletion.",
		Fix:      "Release the recording if it may be deleted.",
		Commands: []string{plugin(in, "release %s", in.Recording.Name)},
	}
}

// condition returns the condition of the type if it is True.
func condition(in Input, kind string) *metav1.Condition {
	found := meta.FindStatusCondition(in.Recording.Status.Conditions, kind)
	if found == nil || found.Status != metav1.ConditionTrue {
		return nil
	}
	return found
}

func readyCondition(in Input) *metav1.Condition {
	return meta.FindStatusCondition(in.Recording.Status.Conditions, v1alpha1.ConditionReady)
}

// unknown is the answer if no rule applies: what the manager says, and where to read more.
func unknown(in Input) Answer {
	answer := Answer{
		Reason: "Unknown", Summary: "The objects do not say why.", Incomplete: in.Incomplete,
		Fix:      "Read the manager's log.",
		Commands: []string{managerLog + " | grep " + in.Recording.Name},
	}
	if ready := readyCondition(in); ready != nil {
		answer.Reason, answer.Summary = ready.Reason, ready.Message
	}
	return answer
}
