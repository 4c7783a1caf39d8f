// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package progress shows the progress of a step: as a bar on a terminal, otherwise as lines in the log.
package progress

import (
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

const (
	lineEvery = 5 * time.Second
	barEvery  = 100 * time.Millisecond
)

// Console gets a program's log and progress. It is safe for concurrent use.
type Console struct {
	// Now is the clock of the tasks' lines; nil: the system's.
	Now func() time.Time

	mu       sync.Mutex
	out      io.Writer
	terminal bool
	bar      *progressbar.ProgressBar
	log      *slog.Logger
}

// New returns a console on out, with a bar if that is a terminal.
func New(out io.Writer) *Console {
	file, ok := out.(*os.File)
	c := &Console{out: out, terminal: ok && term.IsTerminal(int(file.Fd()))}
	c.log = slog.New(slog.NewTextHandler(c, nil))
	return c
}

// Logger returns a log on the console, whose lines go above the bar.
func (c *Console) Logger() *slog.Logger { return c.log }

// Write writes lines above the bar.
func (c *Console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bar == nil {
		return c.out.Write(p)
	}
	_ = c.bar.Clear() // a terminal that cannot be written to shows nothing
	n, err := c.out.Write(p)
	_ = c.bar.RenderBlank()
	return n, err
}

// done removes the bar.
func (c *Console) done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bar != nil {
		_ = c.bar.Clear()
		c.bar = nil
	}
}
