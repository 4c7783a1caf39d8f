// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/test/harness/memoryapi"
)

// order holds that each sidecar writes the events of a session in the order in which it accepted them.
type order struct {
	// mayRepeat is where a write may take effect without the sidecar knowing. Then it repeats an event, unless the status shows its time.
	mayRepeat bool
	mu        sync.Mutex
	sessions  map[string][]*arrival
	// all are those of all sessions, and of events that are no entry of the status.
	all []*arrival
	// times are, of each recording of a session, the types and times of the deliveries that its status has.
	times map[string]map[string]map[string]bool
}

// arrival is an attempt at a webhook.
type arrival struct {
	sidecar, session string
	kind             v1alpha1.EventType
	// at is when it arrived, as the status has it, spooled when it was answered 202, and answered when it was answered at all.
	at, spooled, answered time.Time
	isWritten             bool
	isInStatus            bool // with its own time
}

func newOrder() *order {
	return &order{sessions: map[string][]*arrival{}, times: map[string]map[string]map[string]bool{}}
}

func (o *order) arrives(sidecar, session string, ev lifecycle.Event) *arrival {
	a := &arrival{sidecar: sidecar, session: session, kind: ev.Type, at: ev.ReceivedAt.UTC().Truncate(time.Microsecond)}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, a)
	if ev.Type != lifecycle.SessionEnded { // which is no entry of the status
		o.sessions[session] = append(o.sessions[session], a)
	}
	return a
}

func (o *order) answers(a *arrival, isSpooled bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if a.answered = time.Now(); isSpooled {
		a.spooled = a.answered
	}
}

// isTested reports whether a write of another session is under way when an event is spooled, and is the sidecar's first since a time.
func (o *order) isTested(spooled *arrival, since time.Time) (isTested bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, a := range o.all {
		switch {
		case a.sidecar != spooled.sidecar || a.session == spooled.session || a.at.After(spooled.at):
		case a.answered.IsZero():
			isTested = true
		case a.spooled.IsZero() && a.at.After(since):
			return false
		}
	}
	return isTested
}

// writes returns what is wrong with a change of a recording: an event that another overtakes, or that another recording has already; empty
// if nothing is.
func (o *order) writes(c memoryapi.Change) string {
	before := map[string]string{}
	for _, entry := range listOf(c.Before, "status", "recording", "events") {
		before[textOf(entry, "type")] = textOf(entry, "lastReceiveTime")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	session := textOf(c.After, "spec", "sessionID")
	all := o.sessions[session]
	times := map[string]bool{}
	var written []*arrival
	for _, entry := range listOf(c.After, "status", "recording", "events") {
		kind, last := textOf(entry, "type"), textOf(entry, "lastReceiveTime")
		times[kind+textOf(entry, "receiveTime")], times[kind+last] = true, true
		at, err := time.Parse(time.RFC3339Nano, last)
		if err != nil || before[kind] == last {
			continue
		}
		for _, a := range all {
			if string(a.kind) != kind || a.at.After(at) {
				continue
			}
			a.isWritten = true // of several in one write only the last has its time in the status
			if a.at.Equal(at) && textOf(entry, "source") != string(v1alpha1.EventSourceBackfill) {
				written = append(written, a)
				if other := o.has(session, kind+last, c.Name); other != "" {
					return fmt.Sprintf("%s of %s is written to %s too", kind, other, c.Name)
				}
			}
		}
	}
	if o.times[session] == nil {
		o.times[session] = map[string]map[string]bool{}
	}
	o.times[session][c.Name] = times
	if late, early := o.overtaken(all, written); late != nil {
		return fmt.Sprintf("%s accepted %s of %s at %s before %s, and writes it later", late.sidecar, late.kind, c.Name, late.at, early.kind)
	}
	for _, a := range written {
		a.isInStatus = true
	}
	return ""
}

// overtaken returns two events of which the sidecar writes the later one first, if one of them is just written; nil if there are none.
func (o *order) overtaken(all, written []*arrival) (late, early *arrival) {
	for i, late := range all {
		for j, early := range all {
			isPassed := !late.isWritten && !late.spooled.IsZero() && late.spooled.Before(early.at) && slices.Contains(written, early)
			if late.sidecar == early.sidecar && (isPassed || i < j && !o.mayRepeat && early.isInStatus && slices.Contains(written, late)) {
				return late, early
			}
		}
	}
	return nil, nil
}

// has returns the recording of a session, other than one, that has the time of a delivery. No two of a session arrive at the same time.
func (o *order) has(session, delivery, than string) string {
	for name, times := range o.times[session] {
		if name != than && times[delivery] {
			return name
		}
	}
	return ""
}

// isBehind reports whether a sidecar has spooled an event of the same session not long before, which may not be written yet: none of the
// sidecar's that came with it or later is.
func (o *order) isBehind(spooled *arrival) (isBehind bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, a := range o.all {
		if a.sidecar == spooled.sidecar && a.session == spooled.session && a.at.Before(spooled.at) {
			isBehind = (isBehind || time.Since(a.spooled) < writtenAfter) && !a.isInStatus
		}
	}
	return isBehind
}

// first returns when a sidecar got the first event of a session since a time; zero if it got none.
func (o *order) first(sidecar, session string, since time.Time) (first time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, a := range o.sessions[session] {
		if a.sidecar == sidecar && !a.at.Before(since) && (first.IsZero() || a.at.Before(first)) {
			first = a.at
		}
	}
	return first
}

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

// maxRestWrites is how often a recording may be written in the two minutes after everything has settled.
const maxRestWrites = 3

// checkRest holds that nothing is written again and again.
func (w *World) checkRest() {
	o := w.observed
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(o.resting)) {
		if n := o.resting[name]; n > maxRestWrites {
			w.broken("recording %s is written %d times although nothing happens", name, n)
		}
	}
}

// checkRetention holds that after two days all sessions are deleted of which no recording has to be kept.
func (w *World) checkRetention() {
	if w.has(ClockJump) {
		return
	}
	kept, left := map[string]bool{}, map[string]string{}
	for _, recording := range w.recordings() {
		left[recording.Spec.SessionID] = recording.Name
		if w.isToBeKept(recording) {
			kept[recording.Spec.SessionID] = true
		}
	}
	for _, session := range slices.Sorted(maps.Keys(left)) {
		if !kept[session] {
			w.broken("recording %s is not deleted after two days", left[session])
		}
	}
}

func (w *World) isToBeKept(recording *v1alpha1.MeetingRecording) bool {
	for _, f := range w.plan.Faults {
		if f.Kind == KeptByPolicy && w.isKept(f, recording.Name) {
			return true
		}
	}
	if recording.Spec.Hold || recording.Spec.Suspend || (w.plan.Sink && len(recording.Status.Delivery.State) == 0) ||
		recording.Status.Delivery.State == v1alpha1.DeliveryPending {
		return true
	}
	for _, condition := range recording.Status.Conditions {
		if time.Since(condition.LastTransitionTime.Time) < night-time.Hour { // such as one whose stuck Job ended meanwhile
			return true
		}
	}
	return slices.ContainsFunc(recording.Status.Processing.Steps, func(step v1alpha1.StepStatus) bool {
		return slices.ContainsFunc(w.plan.Pipelines, func(p Pipeline) bool { return p.Name == step.Pipeline && p.KeepDays == 0 })
	})
}
