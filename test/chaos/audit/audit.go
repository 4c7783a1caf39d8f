// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package audit checks a chaos run: what was acknowledged to the sender is held against what the API server has in the end, and
// against every Job that it ever had. It is pure, and knows none of the operator's own rules: it says what a user may expect.
package audit

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// Session names a session of a meeting.
type Session struct{ MeetingID, SessionID string }

// Event is one delivery of an event that is about a recording, as the sender knows it, whose clock it has.
type Event struct {
	Session Session
	// Recording tells the recordings of a session apart. Only the sender can.
	Recording int
	Type      v1alpha1.EventType
	// FilePath is the recorded file's; empty where the event names none.
	FilePath string
	// Acknowledged tells that it was answered with 2xx at the time of AcknowledgedAt.
	Acknowledged   bool
	AcknowledgedAt time.Time
	// Spooled tells that this answer was 202.
	Spooled bool
	// Unsure tells that an attempt was not answered at all, so that it may have been taken at any time since.
	Unsure bool
	// From and To are when its first attempt began and its last one ended.
	From, To time.Time
}

// Job is a Job that exists or once did.
type Job struct {
	UID, Name string
	// Created is when, by the API server's clock.
	Created time.Time
	// FilePath is the recorded file that it is for, from its environment.
	FilePath       string
	Pipeline, Step string
	// Succeeded tells how it ended, once Ended.
	Ended, Succeeded bool
}

// Step is a step of a pipeline that every recorded file is to be processed by.
type Step struct{ Pipeline, Name string }

// Input is everything that is known of a run.
type Input struct {
	// Sessions has how many recordings were made in each session.
	Sessions map[Session]int
	Events   []Event
	// Listed are the files that the provider lists, which must be on an object whatever webhooks were lost.
	Listed []string
	// Objects are those that the API server has in the end.
	Objects []v1alpha1.MeetingRecording
	// Jobs are all that ever existed.
	Jobs  []Job
	Steps []Step
	// Window is how far apart events of one recording may be to be told from those of the next: --redelivery-window.
	Window time.Duration
	// Skews are when a sidecar's clock was wrong.
	Skews []Span
}

// Span is a time from one moment to another, by the sender's clock.
type Span struct{ From, To time.Time }

// Report is what an audit finds.
type Report struct {
	// FilesAcknowledged counts the different files of acknowledged events, and FilesOnOneObject those of them on exactly one object.
	FilesAcknowledged, FilesOnOneObject int
	// FilesListed counts the files that the provider lists, and ListedOnOneObject those of them on exactly one object.
	FilesListed, ListedOnOneObject int
	// FilesByJobs counts the files that are on an object, by the number of Jobs that each ever had.
	FilesByJobs map[int]int
	// EventsAcknowledged counts acknowledged deliveries, and EventsInStatus those that the objects count, which may be more: an event
	// that was not acknowledged may be there nevertheless, and one that was may be counted twice.
	EventsAcknowledged, EventsInStatus int
	// Wholes counts the recordings whose events all arrived within the window, and so must be one object.
	Wholes int
	// Objects and Jobs count what there is.
	Objects, Jobs int
	// Lost, Doubled and Wrong say, one line for each, what must not be.
	Lost, Doubled, Wrong []string
}

// Passed reports whether everything is as it must be.
func (r *Report) Passed() bool { return len(r.Lost)+len(r.Doubled)+len(r.Wrong) == 0 }

func (r *Report) lost(format string, args ...any) {
	r.Lost = append(r.Lost, fmt.Sprintf(format, args...))
}

func (r *Report) doubled(format string, args ...any) {
	r.Doubled = append(r.Doubled, fmt.Sprintf(format, args...))
}

func (r *Report) wrong(format string, args ...any) {
	r.Wrong = append(r.Wrong, fmt.Sprintf(format, args...))
}

// Audit holds DESIGN's I1 to I3 against a run.
func Audit(in Input) *Report {
	a := &auditor{
		Input:  in,
		report: &Report{FilesByJobs: map[int]int{}, Objects: len(in.Objects), Jobs: len(in.Jobs)},
		files:  map[string][]*v1alpha1.MeetingRecording{},
		chains: map[Session][]*v1alpha1.MeetingRecording{},
		jobs:   map[string][]Job{},
	}
	a.index()
	a.filesOnce()
	a.jobsOnce()
	a.eventsCounted()
	a.chainsWhole()
	a.recordingsWhole()
	return a.report
}

type auditor struct {
	Input
	report *Report
	// files has the objects of each file, chains those of each session, and jobs the Jobs of each file.
	files  map[string][]*v1alpha1.MeetingRecording
	chains map[Session][]*v1alpha1.MeetingRecording
	jobs   map[string][]Job
}

func (a *auditor) index() {
	for i := range a.Objects {
		object := &a.Objects[i]
		session := Session{object.Spec.MeetingID, object.Spec.SessionID}
		a.chains[session] = append(a.chains[session], object)
		if file := object.Status.Recording.File; file != nil {
			a.files[lifecycle.FileID(file.Path)] = append(a.files[lifecycle.FileID(file.Path)], object)
		}
	}
	for _, job := range a.Jobs {
		a.jobs[lifecycle.FileID(job.FilePath)] = append(a.jobs[lifecycle.FileID(job.FilePath)], job)
	}
}

// filesOnce is the first half of I1: every file that was acknowledged is on exactly one object. None at all is on two.
func (a *auditor) filesOnce() {
	acknowledged := map[string]bool{}
	for _, event := range a.Events {
		if event.FilePath != "" && event.Acknowledged {
			acknowledged[lifecycle.FileID(event.FilePath)] = true
		}
	}
	a.report.FilesAcknowledged = len(acknowledged)
	for _, path := range slices.Sorted(maps.Keys(acknowledged)) {
		switch len(a.files[path]) {
		case 0:
			a.report.lost("file %s was acknowledged and is on no object", path)
		case 1:
			a.report.FilesOnOneObject++
		}
	}
	a.report.FilesListed = len(a.Listed)
	for _, path := range a.Listed {
		switch len(a.files[lifecycle.FileID(path)]) {
		case 0:
			a.report.lost("file %s is listed by the provider and is on no object", path)
		case 1:
			a.report.ListedOnOneObject++
		}
	}
	for _, path := range slices.Sorted(maps.Keys(a.files)) {
		if objects := a.files[path]; len(objects) > 1 {
			a.report.doubled("file %s is on %s", path, namesOf(objects))
		}
	}
}

// jobsOnce is the second half of I1: the Jobs of every file on an object were created once, and the status reports them.
func (a *auditor) jobsOnce() {
	for _, path := range slices.Sorted(maps.Keys(a.files)) {
		a.report.FilesByJobs[len(a.jobs[path])]++
		byStep := map[Step][]Job{}
		for _, job := range a.jobs[path] {
			step := Step{job.Pipeline, job.Step}
			byStep[step] = append(byStep[step], job)
			if !slices.Contains(a.Steps, step) {
				a.report.wrong("file %s: Job %s is for a step that no pipeline has", path, job.Name)
			}
		}
		for _, step := range a.Steps {
			switch jobs := byStep[step]; len(jobs) {
			case 0:
				a.report.lost("file %s: no Job was ever created for step %s of %s", path, step.Name, step.Pipeline)
			case 1:
				a.stepTold(path, step, jobs[0])
			default:
				a.report.doubled("file %s: %d Jobs were created for step %s of %s: %s", path, len(jobs), step.Name, step.Pipeline, namesOfJobs(jobs))
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(a.jobs)) {
		if len(a.files[path]) == 0 {
			a.report.wrong("%s: for file %q, which no object has", namesOfJobs(a.jobs[path]), path)
		}
	}
}

// stepTold holds the status of a file's object against the only Job of a step.
func (a *auditor) stepTold(path string, step Step, job Job) {
	object := a.files[path][0]
	var told []v1alpha1.StepStatus
	for _, status := range object.Status.Processing.Steps {
		if status.Pipeline == step.Pipeline && status.Step == step.Name {
			told = append(told, status)
		}
	}
	want := v1alpha1.StepFailed
	if job.Succeeded {
		want = v1alpha1.StepSucceeded
	}
	switch {
	case len(told) == 0:
		a.report.lost("%s: the status does not report Job %s", object.Name, job.Name)
	case len(told) > 1:
		a.report.doubled("%s: the status reports step %s %d times", object.Name, step.Name, len(told))
	case told[0].JobName != job.Name || told[0].Attempt != 1:
		a.report.doubled("%s: the status reports attempt %d, Job %s; there was but Job %s", object.Name, told[0].Attempt, told[0].JobName, job.Name)
	case !job.Ended:
		a.report.wrong("%s: Job %s was never run", object.Name, job.Name)
	case told[0].State != want:
		a.report.wrong("%s: Job %s ended as %s, the status says %s: %s", object.Name, job.Name, want, told[0].State, told[0].Message)
	}
}

func namesOf(objects []*v1alpha1.MeetingRecording) string {
	names := make([]string, 0, len(objects))
	for _, object := range objects {
		names = append(names, object.Name)
	}
	slices.Sort(names)
	return fmt.Sprint(names)
}

func namesOfJobs(jobs []Job) string {
	names := make([]string, 0, len(jobs))
	for _, job := range jobs {
		names = append(names, fmt.Sprintf("%s (%s, %s)", job.Name, job.UID, job.Created.UTC().Format(time.TimeOnly)))
	}
	slices.Sort(names)
	return fmt.Sprint(names)
}
