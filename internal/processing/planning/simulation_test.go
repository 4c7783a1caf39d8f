// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

// conditions are those of tests: "true", "false", "error", and "made a", which is true where step a made anything.
type conditions struct{}

var errCondition = errors.New("no such key: durationSeconds")

func (conditions) Pipeline(source string, _ *v1alpha1.MeetingRecording) (bool, error) {
	if source == "error" {
		return false, errCondition
	}
	return source == "" || source == "true", nil
}

func (c conditions) Step(source string, r *v1alpha1.MeetingRecording, needed []v1alpha1.StepStatus) (bool, error) {
	for _, step := range needed {
		if !step.State.IsFinal() {
			return false, fmt.Errorf("step %s has not ended", step.Step)
		}
	}
	name, ok := strings.CutPrefix(source, "made ")
	if !ok {
		return c.Pipeline(source, r)
	}
	return slices.ContainsFunc(needed, func(step v1alpha1.StepStatus) bool { return step.Step == name && len(step.Outputs) > 0 }), nil
}

// drawPipelines draws some pipelines, each a graph without cycles whose steps stand in any order.
func drawPipelines(t *rapid.T) []v1alpha1.RecordingPipeline {
	var all []v1alpha1.RecordingPipeline
	for _, name := range []string{"p", "q"}[:rapid.IntRange(1, 2).Draw(t, "pipelines")] {
		var names []string
		for i := range rapid.IntRange(1, 6).Draw(t, "steps") {
			names = append(names, string(rune('a'+i)))
		}
		p := pipeline(name, names...)
		p.Spec.Triggers = []v1alpha1.PipelineTrigger{v1alpha1.TriggerStopped, v1alpha1.TriggerFailed}
		p.Spec.When = rapid.SampledFrom([]string{"", "", "", "true", "error"}).Draw(t, "pipeline when")
		for i := range p.Spec.Steps {
			drawStep(t, &p.Spec.Steps[i], names[:i])
		}
		p.Spec.Steps = rapid.Permutation(p.Spec.Steps).Draw(t, "order")
		all = append(all, p)
	}
	return all
}

func drawStep(t *rapid.T, step *v1alpha1.PipelineStep, earlier []string) {
	for _, name := range earlier {
		if rapid.IntRange(0, 2).Draw(t, "needs") == 0 {
			step.Needs = append(step.Needs, name)
		}
	}
	step.When = rapid.SampledFrom([]string{"", "", "", "true", "false", "error", "made a"}).Draw(t, "when")
	if rapid.Bool().Draw(t, "backoff") {
		step.Backoff = &metav1.Duration{Duration: time.Duration(rapid.IntRange(1, 60).Draw(t, "seconds")) * time.Second}
	}
	if rapid.Bool().Draw(t, "retries") {
		step.Retries = ptr.To(rapid.Int32Range(0, 2).Draw(t, "limit"))
	}
}

// edit changes a pipeline in a way that people do: also to what is never accepted.
func edit(t *rapid.T, pipelines []v1alpha1.RecordingPipeline) {
	p := &pipelines[rapid.IntRange(0, len(pipelines)-1).Draw(t, "pipeline")]
	p.Spec.Steps = slices.Clone(p.Spec.Steps)
	step := &p.Spec.Steps[rapid.IntRange(0, len(p.Spec.Steps)-1).Draw(t, "step")]
	switch rapid.SampledFrom([]string{"needs", "needs", "when", "backoff", "rename", "unmatch"}).Draw(t, "edit") {
	case "needs":
		step.Needs = append(slices.Clone(step.Needs), rapid.SampledFrom([]string{"a", "b", "c", "nobody"}).Draw(t, "need"))
	case "when":
		step.When = rapid.SampledFrom([]string{"", "false", "error"}).Draw(t, "when")
	case "backoff":
		step.Backoff = &metav1.Duration{Duration: time.Minute}
	case "rename":
		step.Name += "-2"
	case "unmatch":
		p.Spec.Triggers = []v1alpha1.PipelineTrigger{v1alpha1.TriggerStopped}
	}
}

// askForRerun asks for all steps, or for some, which may not exist; together with suspend where processing has ended.
func (w *world) askForRerun() {
	token := fmt.Sprintf("t%d", len(w.versions))
	var steps []string
	if step := w.drawStep(); step != nil && rapid.Bool().Draw(w.t, "some") {
		steps = append(steps, stepKey(step.Pipeline, step.Step))
		if rapid.IntRange(0, 4).Draw(w.t, "unknown") == 0 {
			steps = append(steps, "p/nobody")
		}
	}
	hold := rapid.IntRange(0, 3).Draw(w.t, "hold") == 0
	w.change(func(r *v1alpha1.MeetingRecording) {
		r.Spec.Rerun = &v1alpha1.Rerun{Token: token, Steps: references(steps)}
		r.Spec.Suspend = r.Spec.Suspend || hold
		r.Generation++
	})
}

// live lets things happen, in any order.
func (w *world) live() {
	for range rapid.IntRange(0, 40).Draw(w.t, "length") {
		if rapid.Bool().Draw(w.t, "disturb") {
			w.disturb()
			continue
		}
		w.reconcile(rapid.SampledFrom(w.controllers).Draw(w.t, "controller"), fate{
			kill: rapid.IntRange(-1, 8).Draw(w.t, "kill"),
			lag:  rapid.Bool().Draw(w.t, "lag"),
			lose: rapid.Bool().Draw(w.t, "lose"),
		})
	}
}

// Whatever happens to Jobs, controllers, caches and pipelines, and whoever suspends and reruns: no step runs before what it needs,
// no Job is created twice, what has ended changes only by a rerun, every step ends, and so does the recording.
func TestProcessingAlwaysEnds(t *testing.T) {
	for name, edited := range map[string]bool{"pipelines stay": false, "pipelines are edited": true} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				end := rapid.SampledFrom([]v1alpha1.RecordingState{stopped, fail}).Draw(t, "end")
				w := newWorld(t, end, drawPipelines(t), rapid.IntRange(1, 2).Draw(t, "controllers"))
				w.edited = edited
				if rapid.IntRange(0, 3).Draw(t, "token from the start") == 0 {
					w.stored().Spec.Rerun = &v1alpha1.Rerun{Token: "first"}
				}
				for range rapid.IntRange(1, 3).Draw(t, "rounds") {
					w.live()
					w.settle()
					w.checkEnd()
				}
			})
		})
	}
}

// Without disturbance a recording of n steps that end one after the other costs n+1 writes, of one step two.
func TestWritesOfAnOrdinaryRecording(t *testing.T) {
	for steps := 1; steps <= 4; steps++ {
		t.Run(fmt.Sprint(steps), func(t *testing.T) {
			var names []string
			for i := range steps {
				names = append(names, fmt.Sprintf("s%d", i))
			}
			r := recording(stopped, 0)
			in := input(r, pipeline("p", names...))
			writes := 0
			decide := func() {
				decision := planning.Decide(in)
				for _, run := range decision.Create {
					in.Jobs[run.Name()] = active()
				}
				if len(decision.Create) > 0 {
					decision = planning.Decide(in)
				}
				if decision.Changes(in.Recording) {
					in.Recording = stored(in.Recording, decision)
					writes++
				}
			}
			decide()
			for _, name := range names {
				decide()
				in.Jobs[jobName("p", name)] = succeeded()
				decide()
				decide()
			}
			if writes != steps+1 || in.Recording.Status.Processing.State != v1alpha1.ProcessingSucceeded {
				t.Errorf("%d writes, %s; want %d, Succeeded", writes, in.Recording.Status.Processing.State, steps+1)
			}
		})
	}
}
