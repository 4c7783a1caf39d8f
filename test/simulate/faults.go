// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	chaos "github.com/meetingops/meeting-recording-operator/test/chaos/plan"
	"github.com/meetingops/meeting-recording-operator/test/harness/memoryapi"
)

// schedule has a fault begin, and end, if it is more than what calls meet while it lasts.
func (w *World) schedule(f Fault) {
	at := func(when time.Duration, do func()) { w.later(f.String(), when, do) }
	at(f.From, func() { w.story.tell("%s", f) })
	switch f.Kind {
	case CacheLag:
		at(f.From, func() { w.api.SetLag(f.Amount); w.weather.applied(f) })
		at(f.To, func() { w.api.SetLag(0) })
	case Compacted:
		at(f.From, func() { w.api.Compact(); w.weather.applied(f) })
	case Restored:
		at(f.To-time.Millisecond, func() { w.restore(f) })
	case Killed, Torn, Flipped:
		at(f.From, func() { w.kill(f.Who, f) })
	case JobDeleted:
		at(f.From, func() { w.deleteJobs(f) })
	case UserSuspends, UserReruns, UserHolds:
		at(f.From, func() { w.changeSpecs(f, true) })
		at(f.To, func() { w.changeSpecs(f, false) })
	case PipelineLate:
		at(f.From, func() {
			for _, p := range w.plan.Pipelines {
				if w.api.Object("recordingpipelines", namespace, p.Name) == nil {
					w.api.Put("recordingpipelines", p.object())
					w.observed.creates(p.Name)
					w.weather.applied(f)
				}
			}
		})
	case PipelineEdited:
		at(f.From, func() {
			w.weather.applied(f)
			for _, p := range w.plan.Pipelines {
				w.api.Change("recordingpipelines", namespace, p.Name, func(object memoryapi.Object) {
					member(object, "spec")["maxConcurrent"] = int64(2 + w.dice.of(f.String()).IntN(3))
				})
			}
		})
	case NewerField:
		at(f.From, func() { w.writeNewerFields(f) })
	case JobNameTaken:
		at(f.From, func() { w.takeNames(f, true) })
		at(f.To, func() { w.takeNames(f, false) })
	}
}

// isLate reports whether the pipelines are not there from the beginning.
func (w *World) isLate() bool {
	for _, f := range w.plan.Faults {
		if f.Kind == PipelineLate {
			return true
		}
	}
	return false
}

// kill ends a process as SIGKILL does, or at times as SIGTERM does, and starts it again after some time.
func (w *World) kill(who string, f Fault) {
	again := between(w.dice.of("restart/"+who), 500*time.Millisecond, 20*time.Second)
	inOrder := f.Kind == Killed && chance(w.dice.of("term/"+who), 30)
	if strings.HasPrefix(who, "manager") {
		w.mu.Lock()
		p := w.managers[who]
		w.mu.Unlock()
		if p.ctx.Err() != nil {
			return
		}
		w.story.tell("%s ends, in order: %t", who, inOrder)
		w.weather.applied(f)
		p.dead.Store(!inOrder)
		p.cancel()
		w.later("restart", again, func() { w.restart(who, p) })
		return
	}
	w.mu.Lock()
	s := w.sidecars[who]
	w.mu.Unlock()
	if s == nil || s.ctx.Err() != nil {
		return
	}
	w.story.tell("%s ends, in order: %t", who, inOrder)
	w.weather.applied(f)
	directory := s.directory
	if inOrder {
		s.isEnding.Store(true)
		w.mu.Lock()
		w.sidecars[who] = nil
		w.mu.Unlock()
		s.end()
	} else {
		s.dead.Store(true)
		directory = s.crash(f)
		s.end()
	}
	w.later("restart", again, func() {
		next := w.startSidecar(who, directory)
		w.mu.Lock()
		w.sidecars[who] = next
		w.mu.Unlock()
		w.story.tell("%s is there again", who)
	})
}

// restart starts a manager again whose last life has ended.
func (w *World) restart(name string, last *process) {
	last.ended.Wait()
	w.mu.Lock()
	isNext := w.managers[name] == last && !w.isOver
	w.mu.Unlock()
	if !isNext {
		return
	}
	p := w.startManager(name)
	w.mu.Lock()
	w.managers[name] = p
	w.mu.Unlock()
	w.story.tell("%s is there again", name)
}

// restore takes etcd back to a backup. The kubelets report what they run again.
func (w *World) restore(f Fault) {
	w.restored.Store(true)
	w.weather.applied(f)
	w.api.Restore(time.Now().Add(-min(f.Amount, time.Since(w.begin))))
	w.observed.restored()
	for _, job := range w.api.Objects("jobs") {
		if name := textOf(job, "metadata", "name"); !hasCondition(job, "Complete", "Failed") && textOf(job, "metadata", "labels", "whose") == "" {
			w.runJob(name, textOf(job, "metadata", "uid"))
		}
	}
	w.collectGarbage()
}

// isKept reports whether the deletion of a recording is always rejected.
func (w *World) isKept(f Fault, recording string) bool {
	return chance(w.dice.at(draw(f, recording), 1), f.Percent)
}

// brokenSessions returns the sessions whose recordings cannot be written: so many of a hundred, and at least one.
func (w *World) brokenSessions(f Fault) []chaos.Session {
	one := int(f.From) % len(w.plan.Sessions)
	var broken []chaos.Session
	for i, s := range w.plan.Sessions {
		if i == one || chance(w.dice.at(draw(f, s.SessionID), 1), f.Percent) {
			broken = append(broken, s)
		}
	}
	return broken
}

// isBroken reports whether a recording is of such a session.
func (w *World) isBroken(f Fault, recording string) bool {
	return slices.ContainsFunc(w.brokenSessions(f), func(s chaos.Session) bool {
		first := lifecycle.Name(s.MeetingID, s.SessionID, 1)
		return recording == first || strings.HasPrefix(recording, first+"-")
	})
}

// skew is how far a process's clock is ahead.
func (w *World) skew(who string) (ahead time.Duration) {
	for _, f := range w.weather.is(who, ClockJump) {
		if f.Who == who {
			ahead += f.Amount
			w.weather.applied(f)
		}
	}
	return ahead
}

// someRecordings are those that a fault happens to.
func (w *World) someRecordings(f Fault) (names []string) {
	for _, object := range w.api.Objects("meetingrecordings") {
		name := textOf(object, "metadata", "name")
		if chance(w.dice.at(draw(f, name), 1), f.Percent) {
			names = append(names, name)
		}
	}
	return names
}

func (w *World) changeSpecs(f Fault, begins bool) {
	for _, name := range w.someRecordings(f) {
		w.api.Change("meetingrecordings", namespace, name, func(object memoryapi.Object) {
			spec := member(object, "spec")
			switch f.Kind {
			case UserSuspends:
				spec["suspend"] = begins
			case UserHolds:
				spec["hold"] = true
			case UserReruns:
				if begins {
					spec["rerun"] = memoryapi.Object{"token": fmt.Sprintf("t%d", f.From)}
					w.observed.rerun(name)
				}
			}
		})
		w.weather.applied(f)
		w.story.tell("%s %s: %s (%t)", f.Who, f.Kind, name, begins)
	}
}

func (w *World) deleteJobs(f Fault) {
	for _, job := range w.api.Objects("jobs") {
		name := textOf(job, "metadata", "name")
		if textOf(job, "metadata", "labels", "recording.meetingops.dev/recording") == "" || !chance(w.dice.at(draw(f, name), 1), f.Percent) {
			continue
		}
		w.story.tell("a user deletes Job %s", name)
		w.weather.applied(f)
		w.observed.deletes(name)
		w.api.Remove("jobs", namespace, name)
	}
}

// writeNewerFields is what a newer version of each writer would do.
func (w *World) writeNewerFields(f Fault) {
	for _, name := range w.someRecordings(f) {
		w.api.Change("meetingrecordings", namespace, name, func(object memoryapi.Object) {
			status := member(object, "status")
			member(status, "recording")["newer"] = "by a newer sidecar"
			if _, has := status["processing"]; has {
				member(status, "processing")["newer"] = "by a newer manager"
			}
		})
		w.weather.applied(f)
		w.observed.newer(name)
	}
}

// takeNames creates Jobs with the names of steps of recordings that have not ended, and removes them.
func (w *World) takeNames(f Fault, begins bool) {
	for _, name := range w.someRecordings(f) {
		for _, p := range w.plan.Pipelines {
			job := jobs.Name(name, p.Name, p.Steps[0].Name, 1)
			if found := w.api.Object("jobs", namespace, job); found != nil || !begins {
				if !begins && found != nil && textOf(found, "metadata", "labels", "whose") == "a user's" {
					w.api.Remove("jobs", namespace, job)
				}
				continue
			}
			w.weather.applied(f)
			w.story.tell("a user creates Job %s", job)
			w.api.Put("jobs", memoryapi.Object{
				"metadata": memoryapi.Object{"name": job, "namespace": namespace, "labels": memoryapi.Object{"whose": "a user's"}},
				"spec":     memoryapi.Object{"template": memoryapi.Object{"spec": memoryapi.Object{}}},
			})
		}
	}
}

// object is the pipeline as a user applies it.
func (p Pipeline) object() memoryapi.Object {
	var steps []any
	for _, s := range p.Steps {
		step := memoryapi.Object{"name": s.Name, "template": memoryapi.Object{"spec": memoryapi.Object{"template": memoryapi.Object{"spec": memoryapi.Object{
			"restartPolicy": "Never", "containers": []any{memoryapi.Object{"name": "main", "image": "media"}},
		}}}}}
		if len(s.Needs) > 0 {
			step["needs"] = []any{s.Needs[0]}
		}
		step["retries"] = int64(s.Retries)
		if s.Backoff > 0 {
			step["backoff"] = s.Backoff.String()
		}
		steps = append(steps, step)
	}
	spec := memoryapi.Object{"steps": steps}
	retention := memoryapi.Object{}
	if p.KeepJobs > 0 {
		retention["keepJobs"] = p.KeepJobs.String()
	}
	if p.KeepDays > 0 {
		retention["keepRecordings"] = (time.Duration(p.KeepDays) * 24 * time.Hour).String()
	}
	if len(retention) > 0 {
		spec["retention"] = retention
	}
	if p.OnFailed {
		spec["triggers"] = []any{"Stopped", "Failed"}
	}
	if p.MaxConcurrent > 0 {
		spec["maxConcurrent"] = int64(p.MaxConcurrent)
	}
	if p.When != "" {
		spec["when"] = p.When
	}
	return memoryapi.Object{"metadata": memoryapi.Object{"name": p.Name, "namespace": namespace}, "spec": spec}
}
