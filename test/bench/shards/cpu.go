// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/shard"
	"github.com/meetingops/meeting-recording-operator/test/bench/ours"
	"github.com/meetingops/meeting-recording-operator/test/bench/proc"
	"github.com/meetingops/meeting-recording-operator/test/bench/standin"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

const (
	// warmUp is how many recordings are played on all shards before anything is measured.
	warmUp = 60
	// senders is how many recordings are played at once on each shard. What one costs depends on it: an API server and etcd that have more to
	// do at once use less for each.
	senders = 8
	// idle is how long the programs are left alone to see what they use then.
	idle = 5 * time.Second
	// settle is how long all programs may write behind the last outcome.
	settle = 2 * time.Second
)

// used is the CPU time of the programs of a leg.
type used struct{ clusters, managers, receiver time.Duration }

func (u used) total() time.Duration { return u.clusters + u.managers + u.receiver }

func (u used) add(other used, sign time.Duration) used {
	return used{u.clusters + sign*other.clusters, u.managers + sign*other.managers, u.receiver + sign*other.receiver}
}

// measureCPU plays recordings to a receiver of one shard and to one of three, in turns, with the same load for each shard. For comparison
// one shard also gets the load of three. All programs run all the time, so that only where recordings go differs. Rounds are short, and
// their median counts: what else the machine does changes from one to the next.
func (b *bench) measureCPU(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	jobs := map[string]*standin.Standin{}
	for _, name := range names {
		var err error
		if jobs[name], err = standin.Start(ctx, b.clusters[name].Config, namespace, true); err != nil {
			return err
		}
	}
	one := &leg{shards: names[:1], senders: senders, used: &b.report.one}
	crowded := &leg{shards: names[:1], senders: senders * len(names), used: &b.report.crowded}
	three := &leg{shards: names, senders: senders * len(names), used: &b.report.three}
	legs := []*leg{one, three, crowded}
	for i, l := range legs {
		receiver, err := b.startReceiver(ctx, fmt.Sprintf("receiver-%d", i), l.shards)
		if err != nil {
			return err
		}
		defer receiver.Stop()
		legs[i].receiver, legs[i].jobs = receiver, jobs
	}
	// Each warms up all that it uses.
	for _, l := range legs {
		if _, err := b.playLeg(ctx, l, warmUp); err != nil {
			return err
		}
	}
	if err := b.measureIdle(ctx, legs); err != nil {
		return err
	}
	for range b.rounds {
		took := map[*leg]time.Duration{}
		for _, l := range legs {
			used, err := b.playLeg(ctx, l, b.recordings)
			if err != nil {
				return err
			}
			*l.used, took[l] = l.used.add(used, 1), used.total()
		}
		b.report.ratios = append(b.report.ratios, float64(took[three])/float64(max(took[one], 1)))
		slices.Reverse(legs)
	}
	b.report.recordings = b.recordings * b.rounds
	return nil
}

// leg is a receiver, its shards, and what their recordings have used.
type leg struct {
	shards   []string
	senders  int
	receiver *ours.Sidecar
	jobs     map[string]*standin.Standin
	used     *used
}

func (b *bench) measureIdle(ctx context.Context, legs []*leg) error {
	before, err := b.usage(legs)
	if err != nil {
		return err
	}
	if !harness.Sleep(ctx, idle) {
		return ctx.Err()
	}
	after, err := b.usage(legs)
	b.report.idle = float64(after.add(before, -1).clusters) / float64(idle) / float64(len(names))
	return err
}

// playLeg plays recordings to a receiver, and returns what all programs used until each was processed.
func (b *bench) playLeg(ctx context.Context, l *leg, recordings int) (used, error) {
	play := b.newLoad(l.receiver, recordings)
	play.script.Senders = l.senders
	finished := map[string]int{} // by shard
	for i := range recordings {
		finished[shard.Of(l.shards, play.script.Recording(i).SessionID)]++
	}
	for _, name := range l.shards {
		b.clusters[name].finished += finished[name]
	}
	before, err := b.usage([]*leg{l})
	if err != nil {
		return used{}, err
	}
	began := time.Now()
	if _, err := play.script.Play(ctx, play.sendOne); err != nil {
		return used{}, err
	}
	for _, name := range l.shards {
		if _, err := l.jobs[name].AwaitFinished(ctx, b.clusters[name].finished); err != nil {
			return used{}, fmt.Errorf("shard %s: %w", name, err)
		}
	}
	took := time.Since(began)
	if !harness.Sleep(ctx, settle) {
		return used{}, ctx.Err()
	}
	after, err := b.usage([]*leg{l})
	if err != nil {
		return used{}, err
	}
	played := after.add(before, -1)
	tell("%d recordings, %d at once, on %d shards in %.1f s, %.1f ms of CPU each", recordings, l.senders, len(l.shards), took.Seconds(), perRecording(played.total(), recordings))
	return played, nil
}

func perRecording(d time.Duration, recordings int) float64 {
	return float64(d) / float64(time.Millisecond) / float64(max(1, recordings))
}

// usage is what all programs have used so far, with the receivers of some legs.
func (b *bench) usage(legs []*leg) (used, error) {
	var u used
	var failures []error
	read := func(to *time.Duration, pids ...int) {
		for _, pid := range pids {
			usage, err := proc.ReadUsage(pid)
			*to += usage.CPU
			failures = append(failures, err)
		}
	}
	for _, c := range b.clusters {
		read(&u.clusters, c.APIServer.PID(), c.Etcd.PID())
		read(&u.managers, c.manager.PID())
	}
	for _, l := range legs {
		read(&u.receiver, l.receiver.PID())
	}
	return u, errors.Join(failures...)
}
