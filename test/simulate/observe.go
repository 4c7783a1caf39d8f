// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"fmt"
	"sync"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/harness/memoryapi"
)

// observations are what the run saw of each write to the API server.
type observations struct {
	mu sync.Mutex
	// jobs are the operator's, by name; a rerun's and a retry's have names of their own.
	jobs map[string]*jobRun
	// order is that of the events.
	order       *order
	reruns      map[string]bool
	newerFields map[string]bool
	// writes counts ours by recording, events the Kubernetes Events.
	writes map[string]int
	events map[string]int
	// outcomes are the final states of attempts at steps.
	outcomes map[string]string
	active   map[string]bool
	gone     map[string]memoryapi.Object
	goneAt   map[string]time.Time
	// settled is when everything had settled. resting counts the writes of each recording since a minute later; nil before.
	settled time.Time
	resting map[string]int
	// late says when each pipeline was created that was not there from the beginning.
	late map[string]time.Time
}

func newObservations() *observations {
	return &observations{
		jobs: map[string]*jobRun{}, order: newOrder(), reruns: map[string]bool{}, newerFields: map[string]bool{}, writes: map[string]int{},
		events: map[string]int{}, outcomes: map[string]string{}, active: map[string]bool{}, gone: map[string]memoryapi.Object{}, goneAt: map[string]time.Time{},
		late: map[string]time.Time{},
	}
}

func (o *observations) creates(pipeline string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.late[pipeline] = time.Now()
}

func (o *observations) rerun(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.reruns[name] = true
}

func (o *observations) deletes(job string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if run := o.jobs[job]; run != nil {
		run.isDeleted = true
	}
}

// ends notes how a Job ended.
func (o *observations) ends(job string, code int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if run := o.jobs[job]; run != nil && run.ended.IsZero() {
		run.ended, run.code = time.Now(), code
	}
}

func (o *observations) settles() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.settled = time.Now()
}

// isDisturbed reports whether a Job has ended since everything had settled.
func (o *observations) isDisturbed() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, run := range o.jobs {
		if run.ended.After(o.settled) {
			return true
		}
	}
	return false
}

// rests begins to count the writes.
func (o *observations) rests() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.resting = map[string]int{}
}

// restored forgets what a restore took back.
func (o *observations) restored() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.active)
	clear(o.outcomes)
}

func (o *observations) newer(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.newerFields[name] = true
}

// observe is notified of each write, with the API server locked.
func (w *World) observe(c memoryapi.Change) {
	o := w.observed
	o.mu.Lock()
	defer o.mu.Unlock()
	if c.After == nil && c.Resource != "pods" {
		w.collectGarbage()
	}
	switch c.Resource {
	case "jobs":
		w.observeJob(c)
	case "meetingrecordings":
		o.writes[c.Name]++
		if o.resting != nil {
			o.resting[c.Name]++
		}
		w.story.tell("recording %s: %s", c.Name, summary(c.After))
		if c.After == nil {
			o.gone[c.Name], o.goneAt[c.Name] = c.Before, c.At
			w.checkDeletion(c)
			return
		}
		w.observeSteps(c)
		w.checkSkipped(c)
		if problem := o.order.writes(c); problem != "" && !w.has(ClockJump) && !w.mayBeLost() {
			w.broken("%s", problem)
		}
	case "events":
		if c.Before == nil {
			o.events[textOf(c.After, "regarding", "name")]++
		}
	}
}

func summary(object memoryapi.Object) string {
	if object == nil {
		return "deleted"
	}
	text := fmt.Sprintf("v%s %s, %s", textOf(object, "metadata", "resourceVersion"), textOf(object, "status", "recording", "state"), textOf(object, "status", "processing", "state"))
	for _, entry := range listOf(object, "status", "recording", "events") {
		text += fmt.Sprintf(" %s=%v", textOf(entry, "type"), valueOf(entry, "deliveries"))
	}
	for _, step := range listOf(object, "status", "processing", "steps") {
		text += fmt.Sprintf(" %s/%s#%v=%s", textOf(step, "pipeline"), textOf(step, "step"), valueOf(step, "attempt"), textOf(step, "state"))
	}
	if file := textOf(object, "status", "recording", "file", "path"); file != "" {
		text += " file " + file
	}
	if state := textOf(object, "status", "delivery", "state"); state != "" {
		text += ", " + state
	}
	return text
}

func (w *World) observeJob(c memoryapi.Change) {
	o := w.observed
	recording := ""
	if c.After != nil {
		recording = textOf(c.After, "metadata", "labels", "recording.meetingops.dev/recording")
	}
	switch {
	case c.Before == nil && recording != "":
		w.story.tell("Job %s is created", c.Name)
		w.checkNewJob(c.Name, c.After)
		uid := textOf(c.After, "metadata", "uid")
		w.later("job", time.Nanosecond, func() { w.runJob(c.Name, uid) })
		o.active[c.Name] = true
		w.checkLimit()
	case c.After == nil && c.Before != nil && textOf(c.Before, "metadata", "labels", "recording.meetingops.dev/recording") != "":
		w.story.tell("Job %s is deleted", c.Name)
		delete(o.active, c.Name)
		w.checkJobDeletion(c)
		if !w.collecting.Load() && !w.restored.Load() {
			w.checkKept(c.Name)
		}
	case c.After != nil && hasCondition(c.After, "Complete", "Failed"):
		delete(o.active, c.Name)
	}
}

// observeSteps holds that a step whose outcome is stored never runs again.
func (w *World) observeSteps(c memoryapi.Change) {
	o := w.observed
	uid := textOf(c.After, "metadata", "uid")
	for _, step := range listOf(c.After, "status", "processing", "steps") {
		state := textOf(step, "state")
		key := fmt.Sprintf("%s %s/%s#%v", uid, textOf(step, "pipeline"), textOf(step, "step"), valueOf(step, "attempt"))
		before := o.outcomes[key]
		if (before == "Succeeded" || before == "Failed") && state != before && !w.restored.Load() && !o.reruns[c.Name] {
			w.broken("the outcome of %s, %s, becomes %s in %s", key, before, state, c.Name)
		}
		o.outcomes[key] = state
	}
	if o.newerFields[c.Name] && c.Before != nil {
		for _, part := range []string{"recording", "processing"} {
			if textOf(c.Before, "status", part, "newer") != "" && textOf(c.After, "status", part, "newer") == "" {
				w.broken("the field of a newer version disappears from status.%s of %s", part, c.Name)
			}
		}
	}
}

func ownerOf(object memoryapi.Object) string {
	for _, owner := range listOf(object, "metadata", "ownerReferences") {
		return textOf(owner, "uid")
	}
	return ""
}

func hasCondition(object memoryapi.Object, types ...string) bool {
	for _, condition := range listOf(object, "status", "conditions") {
		for _, kind := range types {
			if textOf(condition, "type") == kind && textOf(condition, "status") == "True" {
				return true
			}
		}
	}
	return false
}

// member returns a member that is an object, and makes it one.
func member(object memoryapi.Object, name string) memoryapi.Object {
	existing, ok := object[name].(memoryapi.Object)
	if !ok {
		existing = memoryapi.Object{}
		object[name] = existing
	}
	return existing
}

func valueOf(value any, path ...string) any {
	for _, name := range path {
		object, ok := value.(memoryapi.Object)
		if !ok {
			return nil
		}
		value = object[name]
	}
	return value
}

func textOf(value any, path ...string) string {
	text, _ := valueOf(value, path...).(string)
	return text
}

func listOf(value any, path ...string) []any {
	list, _ := valueOf(value, path...).([]any)
	return list
}
