// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/bench/report"
	"github.com/meetingops/meeting-recording-operator/test/bench/stage"
)

const (
	// perSender bounds the recordings of a leg with few senders.
	perSender = 125
	// warmUp is how many recordings are played before anything is measured.
	warmUp = 40
)

// runner makes a run.
type runner struct {
	settings
	out  func(format string, args ...any)
	legs []report.Leg
}

func (r *runner) run(ctx context.Context) (report.Result, error) {
	result := report.Result{Commit: r.commit, Began: time.Now()}
	var err error
	if result.Machine, err = describe(ctx, r.assets, r.folder); err != nil {
		return result, err
	}
	if r.scale {
		result.Rows, result.Scale, err = r.scaleRun(ctx)
	} else {
		result.Rows, err = r.tableRun(ctx)
	}
	result.Legs = r.legs
	return result, err
}

func (r *runner) options(name string) stage.Options {
	return stage.Options{Root: r.root, Assets: r.assets, Folder: filepath.Join(r.folder, name), LimitEvents: r.limitEvents}
}

// tableRun is `make bench`.
func (r *runner) tableRun(ctx context.Context) (rows []report.Row, err error) {
	s, err := r.start(ctx, "table")
	defer func() {
		if closed := s.Close(); err == nil {
			err = closed
		}
	}()
	if err != nil {
		return nil, err
	}
	for _, senders := range r.senders {
		modes := []report.Mode{report.Limit, report.Ours}
		if senders == slices.Max(r.senders) {
			modes = append(modes, report.Spool)
		}
		spec := stage.Spec{Scene: report.Lifecycle, Senders: senders, Recordings: min(r.recordings, perSender*senders)}
		if err := r.inTurns(ctx, spec, modes, func(report.Mode) *stage.Stage { return s }); err != nil {
			return nil, err
		}
	}
	if r.burst > 0 {
		spec := stage.Spec{Scene: report.Burst, Senders: slices.Max(r.senders), Recordings: r.burst}
		if err := r.inTurns(ctx, spec, []report.Mode{report.Limit, report.Ours}, func(report.Mode) *stage.Stage { return s }); err != nil {
			return nil, err
		}
	}
	strangers, err := s.Strangers(ctx, r.strangers)
	if err != nil {
		return nil, err
	}
	rows = append(r.tables(slices.Max(r.senders)), report.StrangersRows(strangers)...)
	atLimits, err := s.SpoolAtItsLimits(ctx)
	if err != nil {
		return nil, err
	}
	rows = append(rows, atLimits...)
	waits, err := throttled(filepath.Join(r.folder, "table"))
	return append(rows, report.ThrottleRow(waits)), err
}

// start sets a stage up, warms it and checks that the limit writes what the operator writes.
func (r *runner) start(ctx context.Context, name string) (*stage.Stage, error) {
	r.out("start a control plane and the operator (%s)", name)
	s, err := stage.New(ctx, r.options(name))
	if err != nil {
		return s, err
	}
	if err := s.StartManager(ctx); err != nil {
		return s, err
	}
	return s, s.CheckSame(ctx, warmUp)
}

// inTurns plays legs that are alike in each mode, round after round, every second one the other way about, so that what the machine does
// meanwhile falls on all of them.
func (r *runner) inTurns(ctx context.Context, spec stage.Spec, modes []report.Mode, on func(report.Mode) *stage.Stage) error {
	rounds := r.rounds
	if spec.Scene == report.Burst {
		rounds = (rounds + 1) / 2
	}
	for spec.Round = range rounds {
		for _, mode := range modes {
			spec.Mode = mode
			if mode == report.Empty {
				spec.Mode = report.Ours
			}
			leg, err := on(mode).Leg(ctx, spec)
			if err != nil {
				return err
			}
			leg.Mode = mode
			r.legs = append(r.legs, leg)
			r.tell(leg)
		}
		slices.Reverse(modes)
	}
	return nil
}

func (r *runner) tell(leg report.Leg) {
	r.out("%-5s %s, %d senders, round %d: %d webhooks in %.1f s, acknowledgement p50 %.1f ms, p99 %.1f ms; stop to Job p50 %.0f ms; all done after %.1f s",
		leg.Mode, leg.Scene, leg.Senders, leg.Round+1, leg.Webhooks, leg.SendTime.Seconds(), milliseconds(report.Percentile(leg.Acks, 50)),
		milliseconds(report.Percentile(leg.Acks, 99)), milliseconds(report.Percentile(leg.Jobs, 50)), max(leg.WholeTime, leg.JobTime).Seconds())
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// tables are those of the legs so far.
func (r *runner) tables(most int) []report.Row {
	var rows []report.Row
	for _, senders := range report.Senders(r.legs, report.Lifecycle) {
		rows = append(rows, report.LifecycleRows(r.legs, senders)...)
	}
	return append(append(rows, report.BurstRows(r.legs)...), report.SpoolRows(r.legs, most)...)
}

// throttled counts how often client-go has logged that it waited for a rate limit of its own.
func throttled(folder string) (int, error) {
	logs, err := filepath.Glob(filepath.Join(folder, "*.log"))
	if err != nil {
		return 0, err
	}
	waits := 0
	for _, log := range logs {
		if !slices.Contains([]string{"manager.log", "sidecar.log", "sidecar-spool.log"}, filepath.Base(log)) {
			continue
		}
		content, err := os.ReadFile(log)
		if err != nil {
			return 0, fmt.Errorf("look for rate limits: %w", err)
		}
		waits += bytes.Count(content, []byte("client-side throttling"))
	}
	return waits, nil
}
