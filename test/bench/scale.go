// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/bench/report"
	"github.com/meetingops/meeting-recording-operator/test/bench/script"
	"github.com/meetingops/meeting-recording-operator/test/bench/stage"
)

// scaleRun is `make bench-scale`: two control planes side by side, one with many finished recordings and one with none, so that both are
// measured in turns.
func (r *runner) scaleRun(ctx context.Context) (rows []report.Row, figures *report.ScaleFigures, err error) {
	figures = &report.ScaleFigures{Finished: r.finished, InFlight: r.flight, Stops: r.stop}
	none, err := r.start(ctx, "none")
	defer func() { err = errors.Join(err, none.Close()) }()
	if err != nil {
		return nil, nil, err
	}
	full, err := r.start(ctx, "full")
	defer func() { err = errors.Join(err, full.Close()) }()
	if err != nil {
		return nil, nil, err
	}
	template := full.Last(0)
	full.StopManager()
	r.out("put %d finished recordings into etcd", r.finished)
	if err := full.Fill(ctx, template, r.finished); err != nil {
		return nil, nil, err
	}
	if err := r.timeStarts(ctx, none, full, figures); err != nil {
		return nil, nil, err
	}
	if err := r.scaleTable(ctx, none, full, figures); err != nil {
		return nil, nil, err
	}
	if err := r.crowd(ctx, full, figures); err != nil {
		return nil, nil, err
	}
	rows = append(report.ScaleRows(*figures), r.tables(slices.Max(r.senders))...)
	waits, err := throttled(filepath.Join(r.folder, "full"))
	return append(rows, report.ThrottleRow(waits)), figures, err
}

// timeStarts starts both managers anew, each as often as there are rounds, and keeps the median. Sidecars are not started anew: they have no
// cache.
func (r *runner) timeStarts(ctx context.Context, none, full *stage.Stage, figures *report.ScaleFigures) error {
	var nones, fulls []time.Duration
	for range r.rounds {
		for _, one := range []struct {
			stage *stage.Stage
			times *[]time.Duration
		}{{none, &nones}, {full, &fulls}} {
			took, err := one.stage.TimeStart(ctx)
			if err != nil {
				return err
			}
			*one.times = append(*one.times, took)
		}
	}
	figures.StartNone, figures.StartFull = report.Percentile(nones, 50), report.Percentile(fulls, 50)
	r.out("manager start to first Job: %s with none, %s with all", figures.StartNone, figures.StartFull)
	manager, sidecar, err := none.Idle(ctx)
	if err != nil {
		return err
	}
	figures.ManagerIdleNone, figures.SidecarIdleNone = manager.RSS, sidecar.RSS
	manager, sidecar, err = full.Idle(ctx)
	figures.ManagerIdleFull, figures.SidecarIdleFull = manager.RSS, sidecar.RSS
	return err
}

// scaleTable plays the table on the full control plane, and the operator's part on the other, in turns.
func (r *runner) scaleTable(ctx context.Context, none, full *stage.Stage, figures *report.ScaleFigures) error {
	on := func(mode report.Mode) *stage.Stage {
		if mode == report.Empty {
			return none
		}
		return full
	}
	figures.AckP99None, figures.AckP99Full = map[int]time.Duration{}, map[int]time.Duration{}
	for _, senders := range r.senders {
		spec := stage.Spec{Scene: report.Lifecycle, Senders: senders, Recordings: min(r.recordings, perSender*senders)}
		if err := r.inTurns(ctx, spec, []report.Mode{report.Limit, report.Ours, report.Empty}, on); err != nil {
			return err
		}
		var managers, sidecars int64
		figures.AckP99None[senders], managers, sidecars = r.worst(report.Empty, senders)
		figures.ManagerPeakNone, figures.SidecarPeakNone = max(figures.ManagerPeakNone, managers), max(figures.SidecarPeakNone, sidecars)
		figures.AckP99Full[senders], managers, sidecars = r.worst(report.Ours, senders)
		figures.ManagerPeakFull, figures.SidecarPeakFull = max(figures.ManagerPeakFull, managers), max(figures.SidecarPeakFull, sidecars)
	}
	return nil
}

// worst returns the slowest hundredth of the acknowledgements of legs that are alike, and the most memory.
func (r *runner) worst(mode report.Mode, senders int) (ack time.Duration, manager, sidecar int64) {
	var acks []time.Duration
	for _, leg := range report.Select(r.legs, mode, report.Lifecycle, senders) {
		acks = append(acks, leg.Acks...)
		manager, sidecar = max(manager, leg.PeakRSS[report.Manager]), max(sidecar, leg.PeakRSS[report.Sidecar])
	}
	return report.Percentile(acks, 99), manager, sidecar
}

// crowd has many recordings in flight, and some of them end in the same second: each is sent on a connection of its own, at once.
func (r *runner) crowd(ctx context.Context, s *stage.Stage, figures *report.ScaleFigures) error {
	play := s.NextScript()
	play.Recordings, play.Senders, play.Events = r.flight, slices.Max(r.senders), script.Lifecycle
	spec := stage.Spec{Mode: report.Ours, Scene: report.Burst, Senders: play.Senders, Recordings: play.Recordings}
	r.out("begin %d recordings", r.flight)
	if err := s.Begin(ctx, spec, play); err != nil {
		return err
	}
	manager, _, err := s.Idle(ctx)
	if err != nil {
		return err
	}
	figures.ManagerInFlight = manager.RSS
	play.Recordings, play.Senders = r.stop, r.stop
	spec.Recordings, spec.Senders = r.stop, r.stop
	r.out("end %d of them at once", r.stop)
	leg, err := s.End(ctx, spec, play)
	if err != nil {
		return err
	}
	r.tell(leg)
	figures.LastAck, figures.LastJob, figures.Answers = leg.SendTime, leg.JobTime, leg.Answers
	figures.JobsSeen, figures.SidecarInFlight = len(leg.Jobs), leg.PeakRSS[report.Sidecar]
	r.legs = append(r.legs, leg)
	return nil
}
