// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness/memoryapi"
)

// jobRun is what the stand-ins did with one of the operator's Jobs.
type jobRun struct {
	recording, owner string
	pipeline, step   string
	created, ended   time.Time
	code             int64
	isDeleted        bool // by a user
}

func (r *jobRun) isSame(other *jobRun) bool {
	return r.owner == other.owner && r.pipeline == other.pipeline && r.step == other.step
}

// step returns what a Job is of; nil if no pipeline has it.
func (w *World) step(run *jobRun) (*Pipeline, *Step) {
	for i := range w.plan.Pipelines {
		p := &w.plan.Pipelines[i]
		for j := range p.Steps {
			if p.Name == run.pipeline && p.Steps[j].Name == run.step {
				return p, &p.Steps[j]
			}
		}
	}
	return nil, nil
}

// checkNewJob holds that a Job is created once, after those that it needs, and again only as often and as late as its step says.
// It is called with the observations locked.
func (w *World) checkNewJob(name string, job memoryapi.Object) {
	o := w.observed
	run := &jobRun{
		recording: textOf(job, "metadata", "labels", v1alpha1.LabelRecording), owner: ownerOf(job), created: time.Now(),
		pipeline: textOf(job, "metadata", "labels", v1alpha1.LabelPipeline), step: textOf(job, "metadata", "labels", v1alpha1.LabelStep),
	}
	if before := o.jobs[name]; before != nil && before.owner == run.owner && !w.restored.Load() {
		w.broken("Job %s is created again", name)
	}
	_, step := w.step(run)
	if step != nil && !w.restored.Load() && !o.reruns[run.recording] {
		w.checkAttempts(name, run, step)
		w.checkNeeds(name, run, step)
	}
	o.jobs[name] = run
}

func (w *World) checkAttempts(name string, run *jobRun, step *Step) {
	earlier, failed := 0, (*jobRun)(nil)
	for _, other := range w.observed.jobs {
		if other.isSame(run) {
			if earlier++; failed == nil || other.created.After(failed.created) {
				failed = other
			}
		}
	}
	switch {
	case failed == nil:
	case step.Backoff == 0 || earlier > step.Retries:
		w.broken("Job %s is attempt %d of a step with %d retries", name, earlier+1, step.Retries)
	case failed.ended.IsZero() && !failed.isDeleted:
		w.broken("Job %s is created although the attempt before it has not ended", name)
	case failed.code == permanentCode || failed.code == 0 && !failed.isDeleted:
		w.broken("Job %s is created although the attempt before it ended with code %d", name, failed.code)
	case run.created.Sub(failed.ended) < step.Backoff-time.Second && !w.has(ClockJump):
		w.broken("Job %s is created %s after the attempt before it failed, its backoff is %s", name, run.created.Sub(failed.ended), step.Backoff)
	}
}

func (w *World) checkNeeds(name string, run *jobRun, step *Step) {
	for _, need := range step.Needs {
		isMet := false
		for _, other := range w.observed.jobs {
			isMet = isMet || other.owner == run.owner && other.pipeline == run.pipeline && other.step == need && !other.ended.IsZero() && other.code == 0
		}
		if !isMet {
			w.broken("Job %s is created before step %s has succeeded", name, need)
		}
	}
}

// checkKept holds that an ended Job stays for as long as its pipeline says. It is called with the observations locked.
func (w *World) checkKept(name string) {
	run := w.observed.jobs[name]
	if run == nil || run.isDeleted || run.ended.IsZero() {
		return
	}
	if p, _ := w.step(run); p != nil && p.KeepJobs > 0 && !w.has(PipelineEdited) && time.Since(run.ended) < p.KeepJobs-time.Minute-2*time.Second {
		w.broken("Job %s is deleted %s after its end, its pipeline keeps it %s", name, time.Since(run.ended), p.KeepJobs)
	}
}

// checkSteps holds that the status says what happened to the Jobs, and that each recording was processed by the pipelines of how it ended.
func (w *World) checkSteps(recording *v1alpha1.MeetingRecording) {
	status := &recording.Status
	if !status.Processing.State.IsFinal() || w.has(Restored) {
		return
	}
	hasFailed := false
	for _, step := range status.Processing.Steps {
		hasFailed = hasFailed || step.State == v1alpha1.StepFailed
		w.checkStep(recording.Name, &step)
	}
	if hasFailed != (status.Processing.State == v1alpha1.ProcessingFailed) {
		w.broken("recording %s is %s, and a step failed: %t", recording.Name, status.Processing.State, hasFailed)
	}
	if w.has(PipelineLate) || w.plan.Pipelines[0].When != "" {
		return
	}
	want := 0
	for _, p := range w.plan.Pipelines {
		if status.Recording.State == v1alpha1.RecordingStopped || p.OnFailed {
			want += len(p.Steps)
		}
	}
	if len(status.Processing.Steps) != want {
		w.broken("recording %s is %s and has %d steps, its pipelines have %d", recording.Name, status.Recording.State, len(status.Processing.Steps), want)
	}
}

func (w *World) checkStep(recording string, step *v1alpha1.StepStatus) {
	w.observed.mu.Lock()
	run := w.observed.jobs[step.JobName]
	w.observed.mu.Unlock()
	hasSucceeded := run != nil && !run.ended.IsZero() && run.code == 0
	switch {
	case step.State == v1alpha1.StepSucceeded && !hasSucceeded:
		w.broken("step %s of %s succeeded without its Job %s", step.Step, recording, step.JobName)
	case step.State == v1alpha1.StepSucceeded && (len(step.Outputs) != 1 || step.Outputs[0].URL != "s3://archive/"+step.JobName):
		w.broken("step %s of %s does not have the outputs of its Job: %v", step.Step, recording, step.Outputs)
	case step.State == v1alpha1.StepFailed && hasSucceeded && !run.isDeleted:
		w.broken("step %s of %s failed although its Job succeeded: %s", step.Step, recording, step.Message)
	}
}
