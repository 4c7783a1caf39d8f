// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"time"

	"github.com/schollz/progressbar/v3"
)

// Unit is the unit of a task's progress.
type Unit int

// The units.
const (
	Bytes        Unit = iota
	Milliseconds      // of a recording's time; told in seconds
)

// Task is one of the long tasks of a step. The methods of a nil Task do nothing.
type Task struct {
	console *Console
	name    string
	unit    Unit
	total   int64
	bar     *progressbar.ProgressBar
	now     func() time.Time
	started time.Time
	next    time.Time
}

// Start begins a task, whose name ends in -ing, with its total; 0 or less means unknown. On a terminal it has a bar, and in a log lines with
// the time left, at most one in 5 s. A nil Console returns a nil Task.
func (c *Console) Start(name string, unit Unit, total int64) *Task {
	if c == nil {
		return nil
	}
	t := &Task{console: c, name: name, unit: unit, total: max(total, 0), now: c.Now}
	if t.now == nil {
		t.now = time.Now
	}
	t.started = t.now()
	t.next = t.started.Add(lineEvery)
	if c.terminal {
		if total <= 0 {
			total = -1 // a spinner
		}
		options := []progressbar.Option{
			progressbar.OptionSetWriter(c.out), progressbar.OptionSetDescription(name), progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(barEvery), progressbar.OptionSetWidth(30),
		}
		if unit == Bytes {
			options = append(options, progressbar.OptionShowBytes(true), progressbar.OptionShowCount(),
				progressbar.OptionUseIECUnits(true), progressbar.OptionShowTotalBytes(true))
		}
		t.bar = progressbar.NewOptions64(total, options...)
		c.mu.Lock()
		c.bar = t.bar
		c.mu.Unlock()
	}
	return t
}

// Set sets how much is done.
func (t *Task) Set(done int64) {
	switch {
	case t == nil:
	case t.bar != nil:
		if t.total > 0 {
			done = min(done, t.total)
		}
		t.console.mu.Lock()
		defer t.console.mu.Unlock()
		_ = t.bar.Set64(done) // a terminal that is gone is no reason to stop
	default:
		if now := t.now(); !now.Before(t.next) {
			t.console.log.Info(t.name, t.attributes(done, now.Sub(t.started))...)
			t.next = now.Add(lineEvery)
		}
	}
}

// End ends the task and removes its bar.
func (t *Task) End() {
	if t != nil {
		t.console.done()
	}
}

func (t *Task) attributes(done int64, elapsed time.Duration) []any {
	name, scale := "bytes", int64(1)
	if t.unit == Milliseconds {
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

// Left estimates how much longer a task takes, to the second; false if that is unknown.
func Left(done, total int64, elapsed time.Duration) (time.Duration, bool) {
	if done <= 0 || total < done {
		return 0, false
	}
	left := time.Duration(float64(elapsed) * float64(total-done) / float64(done))
	return left.Round(time.Second), true
}
