// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning_test

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
	"github.com/meetingops/meeting-recording-operator/internal/scheduling"
)

// world is an API server and what goes on around it, as far as one recording is concerned, and controllers that decide by Decide,
// as package controllers does: they see caches that lag, lose answers, and are killed between any two calls.
type world struct {
	t         *rapid.T
	pipelines []v1alpha1.RecordingPipeline
	edited    bool
	now       time.Time

	// versions are all that the recording has been; the last is stored.
	versions []*v1alpha1.MeetingRecording
	// controllers are one, or two where one that lost its lease does not know.
	controllers []*controller

	// jobs are the Jobs that exist, runs all that ever were, and foreign the names that are another's.
	jobs    map[string]outcomes.Observation
	runs    map[string]*truth
	foreign map[string]bool
	quota   bool
	// full says that the pipelines' queues have no free slot.
	full bool
	// since is the first attempt of each step, as pipeline/step, that counts since it was last asked for.
	since map[string]int32

	writes int
}

// truth is what really became of a Job, whoever has heard of it.
type truth struct {
	run   jobs.Run
	ended outcomes.Observation
}

func (t *truth) String() string {
	if t == nil {
		return "never was"
	}
	return fmt.Sprintf("of attempt %d: %d %s, permanent %t", t.run.Attempt, t.ended.State, t.ended.EndedAt.Format(time.TimeOnly), t.ended.Permanent)
}

// controller has a cache, which shows one of the versions, and remembers what it wrote last, so that it does not decide by anything
// older, and which Jobs it created.
type controller struct {
	cached, ownWrite int
	created          map[string]bool
}

func newWorld(t *rapid.T, end v1alpha1.RecordingState, pipelines []v1alpha1.RecordingPipeline, controllers int) *world {
	w := &world{
		t: t, now: noon, pipelines: pipelines, versions: []*v1alpha1.MeetingRecording{recording(end, 0)},
		jobs: make(map[string]outcomes.Observation), runs: make(map[string]*truth),
		foreign: make(map[string]bool), since: make(map[string]int32),
	}
	for range controllers {
		w.controllers = append(w.controllers, &controller{created: make(map[string]bool)})
	}
	return w
}

func (w *world) stored() *v1alpha1.MeetingRecording { return w.versions[len(w.versions)-1] }

func (w *world) change(change func(*v1alpha1.MeetingRecording)) {
	next := w.stored().DeepCopy()
	change(next)
	w.versions = append(w.versions, next)
}

// fate is what happens to a controller while it reconciles.
type fate struct {
	// kill is after how many calls it is killed; -1 is never.
	kill int
	// lag says that the caches lag behind, lose that the answers to creating Jobs are lost.
	lag, lose bool
}

// calm is a controller that is neither killed nor loses answers.
var calm = fate{kill: -1}

// reconcile does what the controller does, and returns when it wants to be called again.
func (w *world) reconcile(c *controller, f fate) time.Duration {
	oldest := len(w.versions) - 1
	if f.lag {
		oldest = c.cached
	}
	c.cached = rapid.IntRange(oldest, len(w.versions)-1).Draw(w.t, "cached")
	if c.cached < c.ownWrite {
		return 0
	}
	in := w.input(c, f)
	calls := 0
	killed := func() bool { calls++; return f.kill >= 0 && calls > f.kill }
	decision := w.decide(in)
	for len(decision.Create) > 0 {
		for _, run := range decision.Create {
			if _, known := in.Jobs[run.Name()]; known {
				w.t.Fatalf("it asks again for Job %s, of which it knows", run.Name())
			}
			if killed() {
				w.restart(c)
				return 0
			}
			w.ask(c, in, run, f)
		}
		decision = w.decide(in)
	}
	if !decision.Changes(in.Recording) {
		return decision.RequeueAfter
	}
	if killed() {
		w.restart(c)
		return 0
	}
	w.store(c, in.Recording, decision)
	if killed() {
		w.restart(c)
	}
	return decision.RequeueAfter
}

// decide sees to it that a decision touches nothing of what it is made by.
func (w *world) decide(in planning.Input) planning.Decision {
	before := in.Recording.DeepCopy()
	decision := planning.Decide(in)
	if !equality.Semantic.DeepEqual(before, in.Recording) {
		w.t.Fatalf("the decision changed the recording that it was made by")
	}
	return decision
}

// input gathers what package controllers gathers.
func (w *world) input(c *controller, f fate) planning.Input {
	in := planning.Input{
		Recording: w.versions[c.cached], Pipelines: w.pipelines, Now: w.now, Settings: settings, Expressions: conditions{},
		Jobs: make(map[string]outcomes.Observation), Queued: make(map[string]scheduling.Answer),
	}
	for _, step := range in.Recording.Status.Processing.Steps {
		job, exists := w.jobs[step.JobName]
		switch {
		case planning.HasJob(step):
			switch {
			case !exists: // as the API server says: the cache is not believed
				in.Jobs[step.JobName] = outcomes.Observation{State: outcomes.JobMissing}
			case f.lag:
				in.Jobs[step.JobName] = outcomes.Observation{State: outcomes.JobActive, CreatedAt: job.CreatedAt}
			default:
				in.Jobs[step.JobName] = job
			}
		case !step.State.IsFinal(): // the cache has what it listed when the controller started, and what it has seen since
			if exists && (!f.lag || c.created[step.JobName]) {
				in.Jobs[step.JobName] = job
			}
		}
	}
	return in
}

// ask queues a Job that is wanted, or creates it.
func (w *world) ask(c *controller, in planning.Input, run jobs.Run, f fate) {
	if _, exists := w.jobs[run.Name()]; w.full && !exists {
		in.Queued[run.Name()] = scheduling.Answer{Position: 1, Of: 1}
		return
	}
	in.Jobs[run.Name()] = w.create(c, in, run, f)
}

// restart loses all memory; what starts again lists everything first.
func (w *world) restart(c *controller) {
	c.cached, c.ownWrite, c.created = len(w.versions)-1, 0, make(map[string]bool)
	for name := range w.jobs {
		c.created[name] = true
	}
}

func (w *world) create(c *controller, in planning.Input, run jobs.Run, f fate) outcomes.Observation {
	name := run.Name()
	if in.Recording.Spec.Suspend {
		w.t.Fatalf("Job %s is created although the recording is suspended", name)
	}
	if f.lose && rapid.Bool().Draw(w.t, "request lost") {
		return outcomes.Observation{State: outcomes.JobDeferred}
	}
	if w.foreign[name] {
		return outcomes.Observation{State: outcomes.JobTaken, Message: "taken"}
	}
	job, exists := w.jobs[name]
	if !exists {
		if w.quota {
			return outcomes.Observation{State: outcomes.JobRefused, Message: "quota", Since: w.now}
		}
		w.checkRun(in, run)
		job = outcomes.Observation{State: outcomes.JobActive, CreatedAt: metav1.NewTime(w.now)}
		w.jobs[name], w.runs[name], c.created[name] = job, &truth{run: run}, true
	}
	if f.lose && rapid.Bool().Draw(w.t, "answer lost") {
		return outcomes.Observation{State: outcomes.JobDeferred}
	}
	return job
}

// store is the one patch, with an optimistic lock.
func (w *world) store(c *controller, read *v1alpha1.MeetingRecording, decision planning.Decision) {
	before := w.stored()
	if read != before {
		return
	}
	if decision.RerunRefused == "" {
		w.noteRerun(read)
	}
	w.change(func(r *v1alpha1.MeetingRecording) {
		r.Status.Processing = *decision.Processing.DeepCopy()
		r.Status.Conditions, r.Status.ObservedGeneration = decision.Conditions, read.Generation
	})
	c.ownWrite = len(w.versions) - 1
	w.writes++
	w.checkWrite(read, w.stored())
}

// disturb is one thing that happens around the controllers.
func (w *world) disturb() {
	switch rapid.SampledFrom([]string{"end", "end", "delete", "foreign", "quota", "suspend", "time", "event", "rerun", "edit", "full", "stuck", "paused"}).Draw(w.t, "disturbance") {
	case "end":
		w.end(w.draw(w.active()))
	case "delete":
		if name := w.draw(w.deletable()); name != "" {
			delete(w.jobs, name)
		}
	case "foreign":
		if step := w.drawStep(); step != nil && step.State == v1alpha1.StepPending && w.jobs[step.JobName].State == outcomes.JobUnknown {
			w.foreign[step.JobName] = !w.foreign[step.JobName]
		}
	case "quota":
		w.quota = !w.quota
	case "full":
		w.full = !w.full
	case "stuck": // its Pod does not start, a proxy keeps it alive, or its node is lost
		w.hinder(false)
	case "paused": // another controller suspends it
		w.hinder(true)
	case "suspend":
		w.change(func(r *v1alpha1.MeetingRecording) { r.Spec.Suspend = !r.Spec.Suspend; r.Generation++ })
	case "time":
		w.now = w.now.Add(time.Duration(rapid.IntRange(1, 3600).Draw(w.t, "seconds")) * time.Second)
	case "event": // one more delivery: a version that says nothing new to the controller
		w.change(func(r *v1alpha1.MeetingRecording) { r.Status.Recording.Events[0].Deliveries++ })
	case "rerun":
		w.askForRerun()
	case "edit":
		if w.edited {
			edit(w.t, w.pipelines)
		}
	}
}

// hinder keeps a Job from making progress from now on, or lets it go on.
func (w *world) hinder(suspended bool) {
	name := w.draw(w.active())
	if job, ok := w.jobs[name]; ok && job.Problem != nil {
		job.Problem, job.Suspended = nil, false
		w.jobs[name] = job
	} else if ok {
		job.Problem, job.Suspended = &outcomes.Problem{Head: "why", Since: w.now, Usual: !suspended}, suspended
		w.jobs[name] = job
	}
}

func (w *world) draw(names []string) string {
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return rapid.SampledFrom(names).Draw(w.t, "job")
}

func (w *world) drawStep() *v1alpha1.StepStatus {
	steps := w.stored().Status.Processing.Steps
	if len(steps) == 0 {
		return nil
	}
	return &steps[rapid.IntRange(0, len(steps)-1).Draw(w.t, "step")]
}

func (w *world) active() (names []string) {
	for name, job := range w.jobs {
		if job.State == outcomes.JobActive {
			names = append(names, name)
		}
	}
	return names
}

// deletable are Jobs that a user saw running, or whose TTL passed after their outcome was recorded: whatever the cache of any
// controller shows is not older than that.
func (w *world) deletable() (names []string) {
	for name := range w.jobs {
		begun := func(c *controller) bool { return hasBegun(w.versions[c.cached].Status.Processing, w.runs[name].run) }
		if !slices.ContainsFunc(w.controllers, func(c *controller) bool { return !begun(c) }) {
			names = append(names, name)
		}
	}
	return names
}

// hasBegun says whether the status shows the run as begun, or reports a later one.
func hasBegun(p v1alpha1.ProcessingStatus, run jobs.Run) bool {
	for _, step := range p.Steps {
		if step.Pipeline == run.Pipeline && step.Step == run.Step.Name {
			return step.Attempt > run.Attempt || (step.Attempt == run.Attempt && (planning.HasJob(step) || step.State.IsFinal()))
		}
	}
	return false
}

// end ends a Job, well or not.
func (w *world) end(name string) {
	job, ok := w.jobs[name]
	if !ok || job.State != outcomes.JobActive {
		return
	}
	job.EndedAt, job.Problem, job.Suspended = metav1.NewTime(w.now), nil, false
	switch rapid.SampledFrom([]string{"succeeds", "succeeds", "fails", "fails permanently"}).Draw(w.t, "end") {
	case "succeeds":
		job.State, job.Outputs = outcomes.JobSucceeded, []v1alpha1.StepOutput{{Name: "made", URL: "x:" + name}}
	case "fails":
		job.State, job.Message = outcomes.JobFailed, "why"
	case "fails permanently":
		job.State, job.Message, job.Permanent = outcomes.JobFailed, "why", true
	}
	w.jobs[name], w.runs[name].ended = job, job
}
