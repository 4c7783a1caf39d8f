// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package processing_test

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing"
)

// world is an API server and what goes on around it, as far as one recording is concerned, and a controller that decides by
// Decide, sees a cache that lags, loses answers, and is killed between any two calls.
type world struct {
	t         *rapid.T
	pipelines []v1alpha1.RecordingPipeline
	now       time.Time

	// versions are all that the recording has been; the last is stored, cached is what the controller sees, and ownWrite what it
	// wrote last, so that it does not decide by anything older.
	versions         []*v1alpha1.MeetingRecording
	cached, ownWrite int

	// jobs are the Jobs that exist, created how often each ever was, and foreign the names that are another's.
	jobs    map[string]processing.Observation
	created map[string]int
	foreign map[string]bool
	quota   bool

	writes int
}

func (w *world) stored() *v1alpha1.MeetingRecording { return w.versions[len(w.versions)-1] }

func (w *world) change(change func(*v1alpha1.MeetingRecording)) {
	next := w.stored().DeepCopy()
	change(next)
	w.versions = append(w.versions, next)
}

// calm is a controller that is neither killed nor loses answers.
var calm = fate{kill: -1}

// fate is what happens to a controller while it reconciles.
type fate struct {
	// kill is after how many calls it is killed; -1 is never.
	kill int
	// lag says that the cache lags behind, lose that the answers to creating Jobs are lost.
	lag, lose bool
}

// reconcile does what the controller does, and returns when it wants to be called again.
func (w *world) reconcile(f fate) time.Duration {
	if f.lag {
		w.cached = rapid.IntRange(w.cached, len(w.versions)-1).Draw(w.t, "cached")
	} else {
		w.cached = len(w.versions) - 1
	}
	if w.cached < w.ownWrite || processing.IsFinal(w.versions[w.cached].Status.Processing.State) {
		return 0
	}
	in := processing.Input{
		Recording: w.versions[w.cached], Pipelines: w.pipelines, Now: w.now, Settings: settings,
		Jobs: make(map[string]processing.Observation),
	}
	for _, step := range in.Recording.Status.Processing.Steps {
		if step.State == v1alpha1.StepRunning {
			in.Jobs[step.JobName] = w.observe(step.JobName, f)
		}
	}
	calls := 0
	killed := func() bool { calls++; return f.kill >= 0 && calls > f.kill }
	decision := processing.Decide(in)
	for _, run := range decision.Create {
		if killed() {
			w.restart()
			return 0
		}
		in.Jobs[run.Name()] = w.create(run.Name(), f)
	}
	if len(decision.Create) > 0 {
		decision = processing.Decide(in)
		if len(decision.Create) > 0 {
			w.t.Fatalf("it still wants Jobs after all were tried: %v", decision.Create)
		}
	}
	if !decision.Changes(in.Recording) {
		return decision.RequeueAfter
	}
	if killed() {
		w.restart()
		return 0
	}
	w.store(in.Recording, decision)
	if killed() {
		w.restart()
	}
	return decision.RequeueAfter
}

// restart loses all memory; what starts again lists everything first.
func (w *world) restart() { w.cached, w.ownWrite = len(w.versions)-1, 0 }

func (w *world) observe(name string, f fate) processing.Observation {
	job, ok := w.jobs[name]
	switch {
	case !ok:
		return processing.Observation{State: processing.JobMissing} // as the API server says: the cache is not believed
	case f.lag:
		return processing.Active(job.CreatedAt)
	}
	return job
}

func (w *world) create(name string, f fate) processing.Observation {
	if f.lose && rapid.Bool().Draw(w.t, "request lost") {
		return processing.Observation{State: processing.JobDeferred}
	}
	if w.foreign[name] {
		return processing.Observation{State: processing.JobTaken, Message: "taken"}
	}
	job, exists := w.jobs[name]
	if !exists {
		if w.quota {
			return processing.Observation{State: processing.JobRefused, Message: "quota"}
		}
		job = processing.Active(metav1.NewTime(w.now))
		w.jobs[name] = job
		if w.created[name]++; w.created[name] > 1 {
			w.t.Fatalf("Job %s was created %d times", name, w.created[name])
		}
	}
	if f.lose && rapid.Bool().Draw(w.t, "answer lost") {
		return processing.Observation{State: processing.JobDeferred}
	}
	return job
}

// store is the one patch: it tests what it is decided by.
func (w *world) store(read *v1alpha1.MeetingRecording, decision processing.Decision) {
	before := w.stored()
	if !equality.Semantic.DeepEqual(read.Status.Processing, before.Status.Processing) ||
		(decision.Begins(read) && read.Status.Recording.State != before.Status.Recording.State) {
		return
	}
	w.change(func(r *v1alpha1.MeetingRecording) { *r = *storedOver(r, decision) })
	w.ownWrite = len(w.versions) - 1
	w.writes++
	w.checkWrite(before, w.stored())
}

func storedOver(r *v1alpha1.MeetingRecording, decision processing.Decision) *v1alpha1.MeetingRecording {
	r = r.DeepCopy()
	r.Status.Processing, r.Status.Conditions, r.Status.ObservedGeneration = decision.Processing, decision.Conditions, r.Generation
	return r
}

// checkWrite: what has ended stays as it is, and steps neither come nor go once they are there.
func (w *world) checkWrite(before, after *v1alpha1.MeetingRecording) {
	from, to := before.Status.Processing, after.Status.Processing
	if processing.IsFinal(from.State) {
		w.t.Fatalf("a final status was written: %s to %s", from.State, to.State)
	}
	if len(from.Steps) > 0 && len(from.Steps) != len(to.Steps) {
		w.t.Fatalf("%d steps became %d", len(from.Steps), len(to.Steps))
	}
	for i, step := range from.Steps {
		if (step.State == v1alpha1.StepSucceeded || step.State == v1alpha1.StepFailed) && !equality.Semantic.DeepEqual(step, to.Steps[i]) {
			w.t.Fatalf("a step that had ended was changed: %+v to %+v", step, to.Steps[i])
		}
	}
}

// stepOf returns the step of a Job as it is stored.
func (w *world) stepOf(name string) v1alpha1.StepStatus {
	for _, step := range w.stored().Status.Processing.Steps {
		if step.JobName == name {
			return step
		}
	}
	return v1alpha1.StepStatus{}
}

// disturb is one thing that happens around the controller.
func (w *world) disturb() {
	names := []string{jobName("p", "a"), jobName("p", "b"), jobName("q", "a")}
	name := rapid.SampledFrom(names).Draw(w.t, "job")
	job, exists := w.jobs[name]
	final := processing.IsFinal(w.stored().Status.Processing.State)
	switch rapid.SampledFrom([]string{"end", "delete", "foreign", "quota", "suspend", "time", "event"}).Draw(w.t, "disturbance") {
	case "end":
		if exists && job.State == processing.JobActive {
			w.jobs[name] = w.ended(job)
		}
	case "delete": // by a user who saw it running, or by its TTL once its outcome was recorded
		if state := w.stepOf(name).State; exists && state != "" && state != v1alpha1.StepPending {
			delete(w.jobs, name)
		}
	case "foreign":
		w.foreign[name] = !exists && !w.foreign[name]
	case "quota":
		w.quota = !w.quota
	case "suspend":
		if !final {
			w.change(func(r *v1alpha1.MeetingRecording) { r.Spec.Suspend = !r.Spec.Suspend; r.Generation++ })
		}
	case "time":
		w.now = w.now.Add(time.Duration(rapid.IntRange(1, 3600).Draw(w.t, "seconds")) * time.Second)
	case "event": // one more delivery: a version that says nothing new to the controller
		w.change(func(r *v1alpha1.MeetingRecording) { r.Status.Recording.Events[0].Deliveries++ })
	}
}

func (w *world) ended(job processing.Observation) processing.Observation {
	job.State, job.EndedAt = processing.JobSucceeded, metav1.NewTime(w.now)
	if rapid.Bool().Draw(w.t, "fails") {
		job.State, job.Message = processing.JobFailed, "why"
	}
	return job
}

// settle lets everything calm down and end.
func (w *world) settle() {
	w.foreign, w.quota = make(map[string]bool), false
	w.change(func(r *v1alpha1.MeetingRecording) { r.Spec.Suspend = false; r.Generation++ })
	for range 6 {
		again := w.reconcile(calm)
		w.now = w.now.Add(again)
		for name, job := range w.jobs {
			if job.State == processing.JobActive {
				w.jobs[name] = w.ended(job)
			}
		}
	}
}

// Whatever happens to Jobs, controller and cache: no Job is created twice, what has ended never changes, every step ends, and so
// does the recording.
func TestProcessingAlwaysEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		end := rapid.SampledFrom([]v1alpha1.RecordingState{stopped, fail}).Draw(t, "end")
		onFailed := pipeline("q", "a")
		onFailed.Spec.On = []v1alpha1.PipelineTrigger{v1alpha1.TriggerStopped, v1alpha1.TriggerFailed}
		w := &world{
			t: t, now: noon, pipelines: []v1alpha1.RecordingPipeline{pipeline("p", "a", "b"), onFailed},
			versions: []*v1alpha1.MeetingRecording{recording(end, 0)},
			jobs:     make(map[string]processing.Observation), created: make(map[string]int), foreign: make(map[string]bool),
		}
		for range rapid.IntRange(0, 30).Draw(t, "length") {
			if rapid.Bool().Draw(t, "disturb") {
				w.disturb()
				continue
			}
			w.reconcile(fate{
				kill: rapid.IntRange(-1, 5).Draw(t, "kill"),
				lag:  rapid.Bool().Draw(t, "lag"),
				lose: rapid.Bool().Draw(t, "lose"),
			})
		}
		w.settle()
		w.checkEnd(map[v1alpha1.RecordingState]int{stopped: 3, fail: 1}[end])
	})
}

func (w *world) checkEnd(steps int) {
	processed := w.stored().Status.Processing
	if !processing.IsFinal(processed.State) || processed.State == v1alpha1.ProcessingSkipped || len(processed.Steps) != steps {
		w.t.Fatalf("it ended as %s with %d steps", processed.State, len(processed.Steps))
	}
	want := v1alpha1.ProcessingSucceeded
	for _, step := range processed.Steps {
		if step.State == v1alpha1.StepFailed {
			want = v1alpha1.ProcessingFailed
		} else if step.State != v1alpha1.StepSucceeded {
			w.t.Fatalf("step %s/%s ended as %s", step.Pipeline, step.Name, step.State)
		}
		if w.created[step.JobName] != 1 {
			w.t.Fatalf("Job %s was created %d times", step.JobName, w.created[step.JobName])
		}
	}
	if processed.State != want {
		w.t.Fatalf("it ended as %s, want %s", processed.State, want)
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
				decision := processing.Decide(in)
				for _, run := range decision.Create {
					in.Jobs[run.Name()] = active()
				}
				if len(decision.Create) > 0 {
					decision = processing.Decide(in)
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
