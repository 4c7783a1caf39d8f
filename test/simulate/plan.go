// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/chaos/plan"
)

// Plan is everything that a seed decides before a run: who there is, what the provider sends, and what goes wrong when. Shrinking takes
// sessions and faults out of it.
type Plan struct {
	Seed     uint64
	Duration time.Duration

	// Sidecars and Managers are how many replicas there are.
	Sidecars, Managers int
	// SpoolFirst is --acknowledge=spool.
	SpoolFirst bool
	// IDs say which id the provider's webhooks carry.
	IDs IDs
	// Backfill means that there is one.
	Backfill bool
	// Sink means that CloudEvents are delivered.
	Sink bool
	// Apart means that the recordings of a session are further apart than any window.
	Apart bool
	// Night means that two days pass at the end, after which retention deletes what is old.
	Night bool

	Pipelines  []Pipeline
	Sessions   []plan.Session
	Deliveries []plan.Delivery
	Faults     []Fault
}

// IDs are what webhooks carry as id.
type IDs int

// What webhooks may carry.
const (
	NoIDs       IDs = iota
	RightIDs        // the recording's
	PartlyIDs       // the recording's, or none
	ChangingIDs     // another one in each webhook
)

// Pipeline is a RecordingPipeline.
type Pipeline struct {
	Name          string
	Steps         []Step
	OnFailed      bool
	MaxConcurrent int
	KeepJobs      time.Duration
	KeepDays      int
	When          string
}

// Step is one of its steps.
type Step struct {
	Name    string
	Needs   []string
	Retries int
	Backoff time.Duration
}

// Kind is what goes wrong.
type Kind string

// The kinds of faults.
const (
	Refused        Kind = "refuses connections"
	Slow           Kind = "is slow"
	Errors         Kind = "answers with errors"
	LostAnswers    Kind = "loses answers"
	Throttled      Kind = "throttles"
	NoRights       Kind = "has no rights"
	QuotaFull      Kind = "rejects Jobs for their quota"
	BadStatus      Kind = "rejects status writes"
	CacheLag       Kind = "has a stale watch cache"
	WatchCut       Kind = "cuts watches"
	Compacted      Kind = "has compacted its history"
	Restored       Kind = "is restored from a backup"
	Killed         Kind = "is killed"
	KilledAtCall   Kind = "is killed at a call"
	Frozen         Kind = "is frozen"
	ClockJump      Kind = "has its clock set"
	Torn           Kind = "is killed in the middle of a disk write"
	Flipped        Kind = "is killed and a bit on its disk flips"
	DiskFull       Kind = "has a full disk"
	SinkDown       Kind = "is down"
	SinkPoison     Kind = "rejects an event"
	JobDeleted     Kind = "deletes a running Job"
	PodStuck       Kind = "cannot pull images"
	UserSuspends   Kind = "suspends a recording"
	UserReruns     Kind = "reruns a recording"
	UserHolds      Kind = "holds a recording"
	PipelineLate   Kind = "creates a pipeline late"
	PipelineEdited Kind = "edits a pipeline"
	NewerField     Kind = "writes fields of a newer version"
	ProviderFails  Kind = "fails its REST API"
	JobNameTaken   Kind = "creates a Job of a step's name"
	KeptByPolicy   Kind = "rejects the deletion of some recordings"
	SessionBroken  Kind = "fails each write of one session's recordings"
)

// kinds are all of them.
var kinds = []Kind{
	Refused, Slow, Errors, LostAnswers, Throttled, NoRights, QuotaFull, BadStatus, CacheLag, WatchCut, Compacted, Restored, Killed, KilledAtCall,
	Frozen, ClockJump, Torn, Flipped, DiskFull, SinkDown, SinkPoison, JobDeleted, PodStuck, UserSuspends, UserReruns, UserHolds, PipelineLate,
	PipelineEdited, NewerField, ProviderFails, JobNameTaken, KeptByPolicy, SessionBroken,
}

// apart are the kinds that leave the sidecars, and their way to the API server, alone.
var apart = []Kind{
	QuotaFull, BadStatus, SinkDown, SinkPoison, JobDeleted, PodStuck, UserSuspends, UserReruns, UserHolds, PipelineLate, PipelineEdited,
	ProviderFails, JobNameTaken, KeptByPolicy, SessionBroken,
}

// Fault is one thing that goes wrong, for a time.
type Fault struct {
	Kind Kind
	// Who is the process that it happens to: sidecar-1, manager-2, sink, user, or the API server for all.
	Who      string
	From, To time.Duration
	// Percent is how many calls it happens to.
	Percent int
	// Amount is what else there is to say: a latency, how far a clock jumps, how far back a backup is.
	Amount time.Duration
	// Nth says at which call of all since From.
	Nth int
}

// String is the fault in plain words.
func (f Fault) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s from %s to %s", f.Who, f.Kind, clockOf(f.From), clockOf(f.To))
	if f.Percent > 0 {
		fmt.Fprintf(&text, ", %d %% of calls", f.Percent)
	}
	if f.Amount != 0 {
		fmt.Fprintf(&text, ", by %s", f.Amount.Round(time.Millisecond))
	}
	if f.Nth > 0 {
		fmt.Fprintf(&text, ", at call %d", f.Nth)
	}
	return text.String()
}

func (f Fault) isOn(now time.Duration) bool {
	return f.Kind == KeptByPolicy || now >= f.From && now < f.To
}

// concerns reports whether it happens to a process.
func (f Fault) concerns(who string) bool { return f.Who == apiServer || f.Who == who }

const apiServer = "the API server"

// NewPlan draws what a seed decides.
func NewPlan(seed uint64, recordings int) Plan {
	r := newDice(seed).of("plan")
	p := Plan{
		Seed: seed, Duration: between(r, 20*time.Second, 5*time.Minute),
		Sidecars: pick(r, 1, 2, 2, 2), Managers: pick(r, 1, 1, 2), SpoolFirst: chance(r, 20), IDs: pick(r, NoIDs, RightIDs, PartlyIDs, ChangingIDs),
		Backfill: chance(r, 40), Sink: chance(r, 50), Night: chance(r, 25),
	}
	size := plan.Size{Seed: seed, Recordings: 1 + r.IntN(2*recordings-1), Duration: p.Duration, LostPercent: pick(r, 0, 0, 0, 5, 20)}
	p.Sessions, p.Deliveries = plan.Sessions(size)
	p.Pipelines = drawPipelines(r)
	for range pick(r, 0, 1, 2, 3, 4, 6, 8) {
		p.Faults = append(p.Faults, p.fault(r))
	}
	p.addRare(newDice(seed).of("rare"))
	p.choose(newDice(seed).of("chosen"))
	return p
}

// choose makes some runs one of a kind whose check needs that nothing else goes wrong.
func (p *Plan) choose(r *rand.Rand) {
	from := between(r, 0, p.Duration/2)
	switch r.IntN(24) {
	case 0:
		p.Faults = []Fault{{Kind: SessionBroken, Who: apiServer, From: from, To: from + between(r, time.Minute, 3*time.Minute), Percent: 30}}
		p.SpoolFirst = false
	case 1: // recordings that ended shortly before the pipeline was created
		p.Faults = []Fault{
			{Kind: PipelineLate, Who: "a user", From: from, To: from},
			{Kind: CacheLag, Who: apiServer, From: from - min(from, 10*time.Second), To: from + time.Minute, Amount: between(r, 2*time.Second, 8*time.Second)},
		}
	case 2: // writes that fail while the next event of the session waits
		to := from + between(r, 30*time.Second, 2*time.Minute)
		p.Faults = []Fault{
			{Kind: Slow, Who: apiServer, From: from, To: to, Percent: 100, Amount: between(r, 500*time.Millisecond, maxBriefly)},
			{Kind: Errors, Who: apiServer, From: from, To: to, Percent: 20 + r.IntN(40)},
		}
		p.SpoolFirst, p.Backfill, p.Sidecars, p.IDs = false, false, 1, NoIDs
		p.pack(r, from)
	case 3:
		p.spread(r)
	}
}

// maxBriefly is how long a call takes at most that is no reason to try it again.
const maxBriefly = 1800 * time.Millisecond

// pack sends each webhook once, in order, and has each recording of a session begin just after the one before: while the end of one cannot be
// written, the beginning of the next waits.
func (p *Plan) pack(r *rand.Rand, from time.Duration) {
	p.Deliveries = nil
	for i := range p.Sessions {
		at := from + between(r, 0, 30*time.Second)
		for number, recording := range p.Sessions[i].Recordings {
			for n, kind := range recording.Events {
				d := plan.Delivery{At: at, Session: i, Recording: number, Type: kind}
				if kind == plan.Stopped {
					d.FilePath = recording.FilePath
				}
				p.Deliveries = append(p.Deliveries, d)
				at += between(r, 50*time.Millisecond, 2*time.Second)
				if n == 0 {
					at += redeliveryWindow + 5*time.Second
				}
			}
		}
	}
	slices.SortStableFunc(p.Deliveries, func(a, b plan.Delivery) int { return cmp.Compare(a.At, b.At) })
}

// spread has the recordings of each session be apart. The last of some is only known by its failure.
func (p *Plan) spread(r *rand.Rand) {
	p.Apart = true
	const apart = 100 * time.Second
	for i := range p.Sessions {
		recordings := slices.Clone(p.Sessions[i].Recordings)
		for number := range recordings {
			recordings[number].EndsAt += time.Duration(number) * apart
		}
		p.Sessions[i].Recordings = recordings
		last := len(recordings) - 1
		if last == 0 || chance(r, 40) {
			continue
		}
		recordings[last].FilePath, recordings[last].Events = "", []string{plan.Failed}
		p.Deliveries = slices.DeleteFunc(p.Deliveries, func(d plan.Delivery) bool { return d.Session == i && d.Recording == last })
		p.Deliveries = append(p.Deliveries, plan.Delivery{
			At: recordings[last].EndsAt - time.Duration(last)*apart, Session: i, Recording: last, Type: plan.Failed, Retries: true,
		})
	}
	for i := range p.Deliveries {
		p.Deliveries[i].At += time.Duration(p.Deliveries[i].Recording) * apart
	}
	slices.SortStableFunc(p.Deliveries, func(a, b plan.Delivery) int { return cmp.Compare(a.At, b.At) })
}

// addRare adds a fault of those kinds that change a whole run.
func (p *Plan) addRare(r *rand.Rand) {
	f := Fault{Who: apiServer, From: between(r, 0, p.Duration)}
	switch r.IntN(18) {
	case 0:
		f.Kind, f.To, f.Amount = Restored, f.From+between(r, 10*time.Second, 20*time.Second), between(r, 30*time.Second, 3*time.Minute)
	case 1:
		f.Kind, f.To, f.Percent, p.Night = KeptByPolicy, f.From, 30, true
	case 2:
		f.Kind, f.To, p.SpoolFirst = SessionBroken, f.From+between(r, 20*time.Second, 2*time.Minute), false
	default:
		return
	}
	p.Faults = append(p.Faults, f)
}

func drawPipelines(r *rand.Rand) []Pipeline {
	keep := func() time.Duration { return pick(r, 0, 10*time.Second, time.Minute, time.Hour) }
	archive := Pipeline{Name: "archive", Steps: []Step{{Name: "copy"}}, KeepJobs: keep(), KeepDays: pick(r, 0, 1, 2)}
	switch r.IntN(8) {
	case 0:
		archive.Steps = []Step{{Name: "probe"}, {Name: "copy", Needs: []string{"probe"}, Retries: 1, Backoff: 5 * time.Second}}
	case 1:
		archive.MaxConcurrent = 1 + r.IntN(3)
	case 2:
		archive.Steps[0].Retries, archive.Steps[0].Backoff = 2, 20*time.Second
	case 3:
		return []Pipeline{archive, {Name: "report", OnFailed: true, Steps: []Step{{Name: "tell"}}, KeepJobs: keep(), KeepDays: pick(r, 0, 1)}}
	case 4:
		archive.OnFailed = true
	case 5:
		archive.When = "recording.segment < 3"
	}
	return []Pipeline{archive}
}

// fault draws one.
func (p Plan) fault(r *rand.Rand) Fault { //nolint:gocyclo // one case for each kind
	sidecar := func() string { return fmt.Sprintf("sidecar-%d", 1+r.IntN(p.Sidecars)) }
	manager := func() string { return fmt.Sprintf("manager-%d", 1+r.IntN(p.Managers)) }
	process := func() string { return pick(r, sidecar(), sidecar(), manager(), manager()) }
	f := Fault{From: between(r, 0, p.Duration)}
	f.To = f.From + between(r, 500*time.Millisecond, pick(r, 5*time.Second, 30*time.Second, 2*time.Minute))
	switch r.IntN(31) {
	case 0, 1:
		f.Kind, f.Who, f.Percent = Refused, pick(r, apiServer, process()), 100
	case 2, 3:
		f.Kind, f.Who, f.Percent, f.Amount = Slow, pick(r, apiServer, process()), 20+r.IntN(81), between(r, 100*time.Millisecond, 20*time.Second)
	case 4, 5:
		f.Kind, f.Who, f.Percent = Errors, pick(r, apiServer, process()), 5+r.IntN(60)
	case 6, 7, 8:
		f.Kind, f.Who, f.Percent = LostAnswers, pick(r, apiServer, process()), 5+r.IntN(50)
	case 9:
		f.Kind, f.Who, f.Percent = Throttled, pick(r, apiServer, process()), 10+r.IntN(91)
	case 10:
		f.Kind, f.Who, f.Percent = NoRights, process(), 100
	case 11:
		f.Kind, f.Who, f.Percent = QuotaFull, apiServer, 20+r.IntN(81)
	case 12:
		f.Kind, f.Who, f.Percent = BadStatus, manager(), 50+r.IntN(51)
	case 13, 14:
		f.Kind, f.Who, f.Amount = CacheLag, apiServer, between(r, 100*time.Millisecond, 8*time.Second)
	case 15:
		f.Kind, f.Who, f.Percent = WatchCut, apiServer, 2+r.IntN(30)
	case 16:
		f.Kind, f.Who = Compacted, apiServer
	case 17:
		f.Kind, f.Who = Killed, process()
	case 18:
		f.Kind, f.Who, f.Nth = KilledAtCall, process(), 1+r.IntN(40)
	case 19:
		f.Kind, f.Who = Frozen, process()
	case 20:
		f.Kind, f.Who = ClockJump, process()
		f.Amount = pick[time.Duration](r, -1, 1) * between(r, time.Second, pick(r, time.Minute, 3*time.Hour, 72*time.Hour))
	case 21:
		f.Kind, f.Who = pick(r, Torn, Flipped), sidecar()
	case 22:
		f.Kind, f.Who = DiskFull, sidecar()
	case 23:
		f.Kind, f.Who = pick(r, SinkDown, SinkPoison), "the sink"
		f.Percent = 10 + r.IntN(91)
	case 24:
		f.Kind, f.Who, f.Percent = JobDeleted, "a user", 10+r.IntN(40)
	case 25:
		f.Kind, f.Who, f.Percent = PodStuck, "the kubelet", 30
	case 26:
		f.Kind, f.Who, f.Percent = pick(r, UserSuspends, UserReruns, UserHolds), "a user", 20
	case 27:
		f.Kind, f.Who = pick(r, PipelineLate, PipelineEdited), "a user"
	case 28:
		f.Kind, f.Who, f.Percent = NewerField, "a newer version", 50
	case 29:
		f.Kind, f.Who, f.Percent = ProviderFails, "the provider", 30+r.IntN(71)
	default:
		f.Kind, f.Who, f.Percent = JobNameTaken, "a user", 20
	}
	return f
}

// clockOf is a time of the run.
func clockOf(d time.Duration) string { return fmt.Sprintf("%.3fs", d.Seconds()) }
