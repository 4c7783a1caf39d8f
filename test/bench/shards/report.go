// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	measured "github.com/meetingops/meeting-recording-operator/test/bench/report"
)

// The targets.
const (
	// targetCPU is how much more CPU time a recording may take with three shards than with one.
	targetCPU = 1.1
	// targetDelay is how much longer the others may wait while a shard is lost.
	targetDelay    = 1.5
	targetReceiver = 64 << 20
)

// report is what was measured.
type report struct {
	recordings int // of each number of shards
	// crowded is one shard with the load of three.
	one, three, crowded used
	// ratios are those of the rounds.
	ratios []float64
	// idle is what a control plane uses of a core when nothing happens.
	idle float64

	// before and while are the acknowledgements of the other shards, lost those of the lost one.
	before, while, lost []time.Duration
	// waited counts events of others that were not answered 200: before, while and after the loss. notSpooled counts those of the lost shard that
	// were not answered 202.
	waited     [3]int
	notSpooled int
	// spooled counts those that were acknowledged before waiting was read: events on disk, by shard.
	spooled int
	waiting map[string]int
	emptied time.Duration
	memory  int64

	// written counts events on recordings, repeated those that are there more than once, disordered those before an earlier one.
	events, written, repeated, disordered, misplaced int
}

// count counts the events of a recording.
func (r *report) count(events []v1alpha1.RecordingEvent) {
	var last time.Time
	for _, ev := range events {
		r.written++
		if ev.Deliveries != 1 {
			r.repeated++
		}
		if ev.ReceiveTime.Time.Before(last) {
			r.disordered++
		}
		last = ev.ReceiveTime.Time
	}
}

// print prints everything, and returns an error if a target is missed.
func (r *report) print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	missed := 0
	row := func(what string, value, target any, met bool) {
		verdict := "met"
		if !met {
			verdict, missed = "MISSED", missed+1
		}
		_, _ = fmt.Fprintf(table, "%s\t%v\t%v\t%s\n", what, value, target, verdict)
	}
	figure := func(what string, value any) { _, _ = fmt.Fprintf(table, "%s\t%v\t\t\n", what, value) }
	cpu := func(name string, u used) {
		figure("CPU time of a recording, "+name, fmt.Sprintf("%.1f ms", perRecording(u.total(), r.recordings)))
		figure("  API servers and etcd, managers, receiver", fmt.Sprintf("%.1f, %.1f, %.1f ms",
			perRecording(u.clusters, r.recordings), perRecording(u.managers, r.recordings), perRecording(u.receiver, r.recordings)))
	}
	_, _ = fmt.Fprintf(table, "%d recordings each on one shard and on %d\tmeasured\ttarget\t\n", r.recordings, len(names))
	cpu("one shard", r.one)
	cpu("three shards, the same load for each", r.three)
	slices.Sort(r.ratios)
	ratio := r.ratios[len(r.ratios)/2]
	row(fmt.Sprintf("  three divided by one, median of %.2f", r.ratios), fmt.Sprintf("%.2f", ratio), fmt.Sprintf("at most %.2f", targetCPU), ratio <= targetCPU)
	cpu("one shard with the load of three", r.crowded)
	figure("an idle control plane, of a core", fmt.Sprintf("%.3f", r.idle))

	at := func(times []time.Duration, percent float64) time.Duration {
		return measured.Percentile(times, percent).Round(100 * time.Microsecond)
	}
	before, while := at(r.before, 50), at(r.while, 50)
	row(fmt.Sprintf("acknowledgement of others, p50, before and while %s is lost", gone), fmt.Sprintf("%s, %s", before, while),
		fmt.Sprintf("at most %.1f times", targetDelay), float64(while) <= targetDelay*float64(before))
	figure("  p99", fmt.Sprintf("%s, %s", at(r.before, 99), at(r.while, 99)))
	row("events of others that were not written at once, before, while and after", fmt.Sprint(r.waited), "[0 0 0]", r.waited == [3]int{})
	row("events of the lost shard that were not spooled", fmt.Sprintf("%d of %d", r.notSpooled, len(r.lost)), 0, r.notSpooled == 0 && len(r.lost) > 0)
	slowest := time.Duration(0)
	if len(r.lost) > 0 {
		slowest = slices.Max(r.lost)
	}
	row("  acknowledgement p50, slowest", fmt.Sprintf("%s, %s", at(r.lost, 50), slowest.Round(time.Millisecond)), maxAnswer, slowest <= maxAnswer)
	others := 0
	for name, events := range r.waiting {
		if name != gone {
			others += events
		}
	}
	row("events on disk at the end of the loss, others", fmt.Sprintf("%d, %d", r.waiting[gone], others), fmt.Sprintf("at least %d, 0", r.spooled), r.waiting[gone] >= r.spooled && r.spooled > 0 && others == 0)
	row("spool empty after the shard is ready", r.emptied.Round(10*time.Millisecond), "", true)
	row("events written, of all shards", r.written, r.events, r.written == r.events)
	row("  more than once, out of order, on another shard", fmt.Sprintf("%d, %d, %d", r.repeated, r.disordered, r.misplaced), "0, 0, 0", r.repeated+r.disordered+r.misplaced == 0)
	row("peak RSS of the receiver, MiB", r.memory>>20, targetReceiver>>20, r.memory <= targetReceiver)
	if err := table.Flush(); err != nil {
		return err
	}
	if missed > 0 {
		return fmt.Errorf("%d targets are missed", missed)
	}
	return nil
}
