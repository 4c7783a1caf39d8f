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
	figures = &report.ScaleFigures{Finished: r.finished, InFlight: r.flight}
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
	if err := r.scaleTable(ctx, none, full); err != nil {
		return nil, nil, err
	}
	if err := r.crowd(ctx, full, figures); err != nil {
		return nil, nil, err
	}
	rows = append(report.ScaleRows(*figures, r.legs), r.tables(slices.Max(r.senders))...)
	waits, err := throttled(filepath.Join(r.folder, "full"))
	return append(rows, report.ThrottleRow(waits)), figures, err
}

// timeStarts starts both managers again, each as often as there are rounds, and keeps the median. Sidecars are not started again: they have no
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
	var err error
	if figures.ManagerNone, err = none.ManagerMemory(ctx); err != nil {
		return err
	}
	figures.ManagerFull, err = full.ManagerMemory(ctx)
	return err
}

// scaleTable plays the table on the full control plane, and the operator's part on the other, in turns.
func (r *runner) scaleTable(ctx context.Context, none, full *stage.Stage) error {
	on := func(mode report.Mode) *stage.Stage {
		if mode == report.Empty {
			return none
		}
		return full
	}
	for _, senders := range r.senders {
		spec := stage.Spec{Scene: report.Lifecycle, Senders: senders, Recordings: min(r.recordings, perSender*senders)}
		if err := r.inTurns(ctx, spec, []report.Mode{report.Limit, report.Ours, report.Empty}, on); err != nil {
			return err
		}
	}
	return nil
}

// burst has many recordings in flight, and some of them end in the same second: each is sent on a connection of its own, at once.
func (r *runner) crowd(ctx context.Context, s *stage.Stage, figures *report.ScaleFigures) error {
	play := s.NextScript()
	play.Recordings, play.Senders, play.Events = r.flight, slices.Max(r.senders), script.Lifecycle
	spec := stage.Spec{Mode: report.Ours, Scene: report.Burst, Senders: play.Senders, Recordings: play.Recordings}
	r.out("begin %d recordings", r.flight)
	if err := s.Begin(ctx, spec, play); err != nil {
		return err
	}
	var err error
	if figures.ManagerInFlight, err = s.ManagerMemory(ctx); err != nil {
		return err
	}
	play.Recordings, play.Senders = r.stop, r.stop
	spec.Recordings, spec.Senders = r.stop, r.stop
	r.out("end %d of them at once", r.stop)
	figures.Crowd, err = s.End(ctx, spec, play)
	if err == nil {
		r.tell(figures.Crowd)
	}
	return err
}
