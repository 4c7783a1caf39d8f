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
	"github.com/meetingops/meeting-recording-operator/test/bench/proc"
	"github.com/meetingops/meeting-recording-operator/test/bench/standin"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

const (
	// warmUp is how many recordings are played on all shards before anything is measured.
	warmUp = 60
	// idle is how long the programs are left alone to see what they use then.
	idle = 5 * time.Second
	// settle is how long all programs may write behind the last outcome.
	settle = 3 * time.Second
)

// used is the CPU time of the programs of a leg.
type used struct{ clusters, managers, receiver time.Duration }

func (u used) total() time.Duration { return u.clusters + u.managers + u.receiver }

func (u used) add(other used, sign time.Duration) used {
	return used{u.clusters + sign*other.clusters, u.managers + sign*other.managers, u.receiver + sign*other.receiver}
}

// measureCPU sends the same load to one shard and to three, in turns. The same programs run in both, and for the same time, so that only
// where recordings go differs.
func (b *bench) measureCPU(ctx context.Context) error {
	if _, err := b.leg(ctx, "warm-up", names, warmUp); err != nil {
		return err
	}
	before, err := b.usage(0)
	if err != nil {
		return err
	}
	if !harness.Sleep(ctx, idle) {
		return ctx.Err()
	}
	after, err := b.usage(0)
	if err != nil {
		return err
	}
	b.report.idle = float64(after.add(before, -1).clusters) / float64(idle) / float64(len(names))
	legs := [][]string{names[:1], names}
	for round := range b.rounds {
		for _, shards := range legs {
			leg, err := b.leg(ctx, fmt.Sprintf("receiver-%d-of-%d", round, len(shards)), shards, b.recordings)
			if err != nil {
				return err
			}
			if len(shards) == 1 {
				b.report.one = b.report.one.add(leg, 1)
			} else {
				b.report.three = b.report.three.add(leg, 1)
			}
		}
		slices.Reverse(legs)
	}
	b.report.recordings = b.recordings * b.rounds
	return nil
}

// leg sends recordings to a receiver of some shards, and returns what all programs used until each was processed.
func (b *bench) leg(ctx context.Context, name string, shards []string, recordings int) (leg used, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l, err := b.newLoad(ctx, name, shards, recordings, 0)
	if err != nil {
		return leg, err
	}
	defer l.receiver.Stop()
	expected := map[string]int{}
	for i := range recordings {
		expected[shard.Of(shards, l.play.Recording(i).SessionID)]++
	}
	jobs := map[string]*standin.Standin{}
	for _, shard := range shards {
		if jobs[shard], err = standin.Start(ctx, b.clusters[shard].Config, namespace, true); err != nil {
			return leg, err
		}
	}
	before, err := b.usage(l.receiver.PID())
	if err != nil {
		return leg, err
	}
	began := time.Now()
	if err := l.send(ctx); err != nil {
		return leg, err
	}
	for _, shard := range shards {
		if _, err := jobs[shard].AwaitFinished(ctx, expected[shard]); err != nil {
			return leg, fmt.Errorf("shard %s: %w", shard, err)
		}
	}
	took := time.Since(began)
	if !harness.Sleep(ctx, settle) {
		return leg, ctx.Err()
	}
	after, err := b.usage(l.receiver.PID())
	if err != nil {
		return leg, err
	}
	leg = after.add(before, -1)
	tell("%s: %d recordings on %d shards in %.1f s, %.1f ms of CPU each", name, recordings, len(shards), took.Seconds(), perRecording(leg.total(), recordings))
	return leg, nil
}

func perRecording(d time.Duration, recordings int) float64 {
	return float64(d) / float64(time.Millisecond) / float64(max(1, recordings))
}

// usage is what all programs have used so far.
func (b *bench) usage(receiver int) (used, error) {
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
	if receiver != 0 {
		read(&u.receiver, receiver)
	}
	return u, errors.Join(failures...)
}
