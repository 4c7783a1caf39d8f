// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package simulate runs the real outbox, recorder, controllers, delivery, retention and backfill in one process, by a clock that jumps
// from one event to the next, against an API server in memory. A seed decides everything: what the provider sends, how long each call
// takes, and what goes wrong when. The same seed is the same story.
package simulate

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness/memoryapi"
)

const namespace = "meetings"

// World is one run.
type World struct {
	plan    Plan
	dice    *dice
	story   *story
	weather *weather
	api     *memoryapi.Server
	begin   time.Time
	folder  string
	verbose bool

	sidecarNames []string
	tasks        sync.WaitGroup
	damaged      atomic.Bool
	spooled      int
	restored     atomic.Bool
	collecting   atomic.Bool

	mu        sync.Mutex
	sidecars  map[string]*sidecar
	managers  map[string]*process
	backfill  *process
	lifeCount map[string]int
	delivered []*webhook
	accepted  map[string]int  // CloudEvents, by id
	poisoned  map[string]bool // those that the sink rejected
	decoded   map[string]*v1alpha1.MeetingRecording
	observed  *observations
	problems  []string
	timers    []*time.Timer
	isOver    bool
}

// Result is how a run ended.
type Result struct {
	Problems []string
	story    *story
	// Applied counts the effects of each kind of fault.
	Applied map[Kind]int
	Writes  uint64
	// Took is how long the run took by its own clock.
	Took time.Duration
}

// Run runs a plan. It must be called within a bubble of testing/synctest.
func Run(t *testing.T, plan Plan, folder string, verbose bool) Result {
	t.Helper()
	w := &World{
		plan: plan, dice: newDice(plan.Seed), folder: folder, verbose: verbose, begin: time.Now(), sidecars: map[string]*sidecar{},
		managers: map[string]*process{}, lifeCount: map[string]int{}, accepted: map[string]int{}, observed: newObservations(),
		poisoned: map[string]bool{}, decoded: map[string]*v1alpha1.MeetingRecording{},
	}
	w.observed.order.mayRepeat = !w.isBrief() || w.has(LostAnswers, Killed, KilledAtCall, Frozen, Torn, Flipped)
	w.story = &story{begin: w.begin}
	w.weather = &weather{world: w, faults: plan.Faults, calls: map[string]int{}, tally: map[Kind]int{}}
	w.api = memoryapi.New(time.Now, namespace)
	w.api.OnChange = w.observe
	for _, f := range plan.Faults {
		if f.Kind == NewerField {
			w.api.KeepUnknownFields()
		}
	}
	seedJitter(w.dice.of("jitter"))
	w.begins()
	w.settles()
	w.ends()
	w.check()
	return Result{Problems: w.problems, story: w.story, Applied: w.weather.tally, Writes: w.api.Version(), Took: time.Since(w.begin)}
}

// begins starts everything, and returns when the provider has sent everything and no fault is left.
func (w *World) begins() {
	for _, p := range w.plan.Pipelines {
		if !w.isLate() {
			w.api.Put("recordingpipelines", p.object())
		}
	}
	for i := range w.plan.Sidecars {
		name := fmt.Sprintf("sidecar-%d", i+1)
		w.sidecarNames = append(w.sidecarNames, name)
		w.sidecars[name] = w.startSidecar(name, filepath.Join(w.folder, name))
	}
	for i := range w.plan.Managers {
		name := fmt.Sprintf("manager-%d", i+1)
		w.managers[name] = w.startManager(name)
	}
	if w.plan.Backfill {
		w.runBackfill()
	}
	if w.has(Restored) {
		w.writeBeside(w.plan.Duration)
	}
	w.scheduleDeliveries()
	last := w.plan.Duration
	for _, f := range w.plan.Faults {
		w.schedule(f)
		last = max(last, f.To)
	}
	sleep(last + 15*time.Second)
	w.weather.end()
	w.api.SetLag(0)
	w.story.tell("all faults are over")
}

// writeBeside has the cluster's other programs write every second for a time: an etcd that was restored does not catch up within a moment.
func (w *World) writeBeside(left time.Duration) {
	const writes = 100
	w.api.Skip(writes)
	if left > 0 {
		w.later("others", time.Second, func() { w.writeBeside(left - time.Second) })
	}
}

// settles waits until nothing is left to do. While a recording is Stalled, its stuck Job may end: then there is something to do again. Each
// fault's stuck Jobs end at one time.
func (w *World) settles() {
	for range 1 + len(w.plan.Faults) {
		w.waitUntilSettled()
		w.observed.settles()
		sleep(time.Minute)
		w.observed.rests()
		sleep(2 * time.Minute) // what should not happen any more has the time to happen
		if !w.observed.isDisturbed() {
			break
		}
	}
	w.checkRest()
	if w.plan.Night {
		w.passNight()
	}
}

func (w *World) waitUntilSettled() {
	for range 60 {
		sleep(between(w.dice.of("settle"), 50*time.Second, time.Minute))
		if w.isSettled() {
			break
		}
	}
}

// night is longer than any recording is kept.
const night = 50 * time.Hour

// passNight has two days pass, after which retention deletes what is old.
func (w *World) passNight() {
	w.checkStatus()
	w.stopManagers()
	w.stopBackfill()
	w.story.tell("two days pass")
	sleep(night)
	w.plan.Managers = 1
	w.mu.Lock()
	w.managers = map[string]*process{}
	w.mu.Unlock()
	w.managers["manager-1"] = w.startManager("manager-1")
	sleep(time.Minute)
	w.checkRetention()
}

// ends ends everything in order.
func (w *World) ends() {
	w.mu.Lock()
	w.isOver = true
	for _, timer := range w.timers {
		timer.Stop()
	}
	w.mu.Unlock()
	w.stopManagers()
	w.stopBackfill()
	for _, name := range w.sidecarNames {
		if s := w.sidecars[name]; s != nil && s.outbox != nil && !s.isDead() {
			w.spooled += w.left(s)
			s.end()
		}
	}
	w.tasks.Wait()
}

func (w *World) stopBackfill() {
	if w.backfill != nil {
		w.backfill.cancel()
		w.backfill.ended.Wait()
	}
}

func (w *World) stopManagers() {
	w.mu.Lock()
	managers := w.managers
	w.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(managers)) {
		managers[name].cancel()
	}
	for _, p := range managers {
		p.ended.Wait()
	}
}

// later does something after a time, unless the run is over by then.
func (w *World) later(_ string, after time.Duration, do func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isOver {
		return
	}
	w.timers = append(w.timers, time.AfterFunc(after, func() {
		w.mu.Lock()
		isOver := w.isOver
		if !isOver {
			w.tasks.Add(1)
		}
		w.mu.Unlock()
		if isOver {
			return
		}
		defer w.tasks.Done()
		do()
	}))
}

// lives counts the lives of a process.
func (w *World) lives(name string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lifeCount[name]++
	return w.lifeCount[name]
}

// broken notes something that no run should have.
func (w *World) broken(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.story.tell("PROBLEM: %s", text)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = append(w.problems, text)
}

// collectGarbage is the garbage collector, some time after something was deleted.
func (w *World) collectGarbage() {
	w.later("garbage", between(w.dice.of("garbage"), 3*time.Second, 10*time.Second), func() {
		w.collecting.Store(true)
		w.api.CollectGarbage()
		w.collecting.Store(false)
	})
}

// String is the plan in plain words.
func (p Plan) String() string {
	var text strings.Builder
	recordings := 0
	for _, s := range p.Sessions {
		recordings += len(s.Recordings)
	}
	fmt.Fprintf(&text, "seed %d: %d recordings in %d sessions within %s, %d webhooks; %d sidecars, %d managers, backfill %t, sink %t, apart %t\n",
		p.Seed, recordings, len(p.Sessions), p.Duration.Round(time.Second), len(p.Deliveries), p.Sidecars, p.Managers, p.Backfill, p.Sink, p.Apart)
	for _, pipeline := range p.Pipelines {
		fmt.Fprintf(&text, "  pipeline %+v\n", pipeline)
	}
	for _, f := range p.Faults {
		fmt.Fprintf(&text, "  %s\n", f)
	}
	return text.String()
}
