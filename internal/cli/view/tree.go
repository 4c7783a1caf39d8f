// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Tree is one recording with everything that belongs to it.
type Tree struct {
	Recording *v1alpha1.MeetingRecording
	// Pipelines are those of the namespace, by name. They say which step needs which.
	Pipelines map[string]*v1alpha1.RecordingPipeline
	// Pods are the recording's Pods, by the name of their Job.
	Pods map[string][]corev1.Pod
	// Incomplete says what could not be read, such as Pods without the permission to list them.
	Incomplete []string
}

// Render returns the tree as lines of at most width characters; 0 means no limit.
func (t Tree) Render(width int, now time.Time) []string {
	var lines []string
	for _, section := range [][]string{t.header(now), t.events(), t.steps(now), t.outputs(), t.conditions(now), t.notes()} {
		if len(section) == 0 {
			continue
		}
		if len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, section...)
	}
	for i, line := range lines {
		lines[i] = Cut(line, width)
	}
	return lines
}

func (t Tree) header(now time.Time) []string {
	r := t.Recording
	var c columns
	c.add("Recording:", r.Namespace+"/"+r.Name)
	c.add("Meeting:", Clean(r.Spec.MeetingID))
	c.add("Session:", fmt.Sprintf("%s, segment %d", Clean(r.Spec.SessionID), max(r.Spec.Segment, 1)))
	c.add("State:", orNone(string(r.Status.Recording.State)))
	c.add("Processing:", orNone(string(r.Status.Processing.State)))
	if ready := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		c.add("Ready:", fmt.Sprintf("%s (%s)", ready.Status, ready.Reason))
	}
	c.add("Age:", Age(r.CreationTimestamp.Time, now))
	if file := r.Status.Recording.File; file != nil {
		c.add("File:", Clean(file.Path))
		if file.Encryption != nil {
			c.add("Encrypted:", "yes")
		}
	}
	if wishes := wishes(r); wishes != "" {
		c.add("Asked for:", wishes)
	}
	return c.lines()
}

// wishes are what the user asked for in the spec.
func wishes(r *v1alpha1.MeetingRecording) string {
	var wishes []string
	if r.Spec.Suspend {
		wishes = append(wishes, "suspend")
	}
	if r.Spec.Hold {
		wishes = append(wishes, "hold")
	}
	if r.Spec.Rerun != nil {
		wishes = append(wishes, "rerun "+Clean(r.Spec.Rerun.Token))
	}
	return strings.Join(wishes, ", ")
}

// events lists what the provider reported, with the delay since the event before.
func (t Tree) events() []string {
	events := t.Recording.Status.Recording.Events
	if len(events) == 0 {
		return []string{"No event of the provider has arrived."}
	}
	var c columns
	c.add("EVENT", "RECEIVED", "DELAY", "DELIVERIES", "SOURCE")
	var before time.Time
	for _, e := range events {
		delay := ""
		if !before.IsZero() {
			delay = signed(e.ReceiveTime.Sub(before))
		}
		before = e.ReceiveTime.Time
		c.add(string(e.Type), e.ReceiveTime.UTC().Format(time.RFC3339), delay, fmt.Sprint(e.Deliveries), string(e.Source))
	}
	return c.lines()
}

func signed(d time.Duration) string {
	if d < 0 {
		return "-" + duration.HumanDuration(-d)
	}
	return "+" + duration.HumanDuration(d)
}

// steps draws each pipeline's steps with their Jobs and Pods below.
func (t Tree) steps(now time.Time) []string {
	steps := t.Recording.Status.Processing.Steps
	if len(steps) == 0 {
		return nil
	}
	var c columns
	c.add("STEP", "STATE", "ATTEMPT", "DURATION", "MESSAGE")
	for start := 0; start < len(steps); {
		end := start + 1
		for end < len(steps) && steps[end].Pipeline == steps[start].Pipeline {
			end++
		}
		c.add(steps[start].Pipeline)
		for i := start; i < end; i++ {
			t.step(&c, &steps[i], i == end-1, now)
		}
		start = end
	}
	return c.lines()
}

func (t Tree) step(c *columns, step *v1alpha1.StepStatus, last bool, now time.Time) {
	branch, below := "├─ ", "│  "
	if last {
		branch, below = "└─ ", "   "
	}
	name := step.Step
	if needs := t.needs(step); needs != "" {
		name += " (after " + needs + ")"
	}
	c.add(branch+name, stateOf(step), fmt.Sprint(step.Attempt), took(timeOf(step.StartTime), timeOf(step.CompletionTime), now), Clean(step.Message))
	if step.JobName == "" {
		return
	}
	c.add(below + "└─ job/" + step.JobName)
	pods := slices.SortedFunc(slices.Values(t.Pods[step.JobName]), func(a, b corev1.Pod) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	for i := range pods {
		pod := &pods[i]
		c.add(strings.TrimRight(fmt.Sprintf("%s   └─ pod/%s: %s, %s old. %s", below, pod.Name, PodState(pod),
			Age(pod.CreationTimestamp.Time, now), Clean(pod.Status.Message)), " ."))
	}
}

func stateOf(step *v1alpha1.StepStatus) string {
	if step.Reason != "" {
		return fmt.Sprintf("%s (%s)", step.State, step.Reason)
	}
	return string(step.State)
}

func (t Tree) needs(step *v1alpha1.StepStatus) string {
	pipeline := t.Pipelines[step.Pipeline]
	if pipeline == nil {
		return ""
	}
	for i := range pipeline.Spec.Steps {
		if pipeline.Spec.Steps[i].Name == step.Step {
			return strings.Join(pipeline.Spec.Steps[i].Needs, ", ")
		}
	}
	return ""
}

// PodState returns the reason of the Pod's first container that waits or failed, else the Pod's own reason or phase.
func PodState(pod *corev1.Pod) string {
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if waiting := status.State.Waiting; waiting != nil && waiting.Reason != "" && waiting.Reason != "PodInitializing" {
			return waiting.Reason
		}
		if ended := status.State.Terminated; ended != nil && ended.ExitCode != 0 {
			return fmt.Sprintf("%s (exit code %d)", cmp.Or(ended.Reason, "Error"), ended.ExitCode)
		}
	}
	return cmp.Or(Clean(pod.Status.Reason), string(pod.Status.Phase), "Pending")
}

func (t Tree) outputs() []string {
	rows := Outputs(t.Recording)
	if len(rows) == 0 {
		return nil
	}
	var c columns
	c.add("OUTPUT", "TYPE", "SIZE", "URL")
	for _, output := range rows {
		c.add(output.Step+"/"+Clean(output.Name), orNone(output.MediaType), Size(output.SizeBytes), orNone(output.URL))
	}
	return c.lines()
}

func (t Tree) conditions(now time.Time) []string {
	conditions := t.Recording.Status.Conditions
	if len(conditions) == 0 {
		return nil
	}
	var c columns
	c.add("CONDITION", "STATUS", "REASON", "SINCE", "MESSAGE")
	for _, condition := range conditions {
		c.add(condition.Type, string(condition.Status), condition.Reason, Age(condition.LastTransitionTime.Time, now), Clean(condition.Message))
	}
	return c.lines()
}

func (t Tree) notes() []string {
	var lines []string
	for _, what := range t.Incomplete {
		lines = append(lines, "Not shown: "+Clean(what))
	}
	return lines
}
