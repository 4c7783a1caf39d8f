// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package progress tells people how far a long task is and how long it will take: by a bar on a terminal, and else by a
// line in the log every few seconds.
package progress

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// every is the time between two lines of the log.
const every = 5 * time.Second

// Unit is what a task counts.
type Unit int

// The units.
const (
	Bytes   Unit = iota // the log tells them as they are
	Seconds             // of the recording's time, counted in milliseconds
)

// Reporter makes tasks.
type Reporter struct {
	// Writer is where bars go, when it is a terminal.
	Writer io.Writer
	// Log gets lines when it is not.
	Log *slog.Logger
	// Now is the clock; nil: the system's.
	Now func() time.Time
}

// Task is one long task. The methods of a nil Task do nothing.
type Task struct {
	name    string
	unit    Unit
	total   int64
	bar     *progressbar.ProgressBar
	log     *slog.Logger
	now     func() time.Time
	started time.Time
	next    time.Time
}

// Start begins a task whose name ends in -ing, of so much in all; 0 or less: that is not known. A nil Reporter returns a
// nil Task.
func (r *Reporter) Start(name string, unit Unit, total int64) *Task {
	if r == nil {
		return nil
	}
	t := &Task{name: name, unit: unit, total: max(total, 0), log: r.Log, now: r.Now}
	if t.now == nil {
		t.now = time.Now
	}
	t.started = t.now()
	t.next = t.started.Add(every)
	if file, ok := r.Writer.(*os.File); ok && term.IsTerminal(int(file.Fd())) { //nolint:gosec // a descriptor is small
		t.bar = newBar(file, name, unit, total)
	}
	return t
}

func newBar(w io.Writer, name string, unit Unit, total int64) *progressbar.ProgressBar {
	if total <= 0 {
		total = -1 // a spinner
	}
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(name), progressbar.OptionShowBytes(unit == Bytes),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetPredictTime(true), progressbar.OptionFullWidth(),
		progressbar.OptionClearOnFinish())
}

// Set tells how much is done.
func (t *Task) Set(done int64) {
	switch {
	case t == nil:
	case t.bar != nil:
		if t.total > 0 {
			done = min(done, t.total)
		}
		_ = t.bar.Set64(done) // a terminal that is gone is no reason to stop
	default:
		if now := t.now(); !now.Before(t.next) {
			t.log.Info(t.name, t.attributes(done, now.Sub(t.started))...)
			t.next = now.Add(every)
		}
	}
}

// End takes the bar away.
func (t *Task) End() {
	if t != nil && t.bar != nil {
		_ = t.bar.Finish() // as above
	}
}

func (t *Task) attributes(done int64, elapsed time.Duration) []any {
	name, scale := "bytes", int64(1)
	if t.unit == Seconds {
		name, scale = "seconds", 1000
	}
	attributes := []any{name, done / scale}
	if t.total > 0 {
		done = min(done, t.total)
		attributes = append(attributes, "of", t.total/scale, "percent", done*100/t.total)
		if left, ok := Left(done, t.total, elapsed); ok {
			attributes = append(attributes, "left", left.String())
		}
	}
	return attributes
}

// Left returns how much longer a task takes that goes on as it did, to the second; false when that cannot be told.
func Left(done, total int64, elapsed time.Duration) (time.Duration, bool) {
	if done <= 0 || total < done {
		return 0, false
	}
	left := time.Duration(float64(elapsed) * float64(total-done) / float64(done))
	return left.Round(time.Second), true
}
