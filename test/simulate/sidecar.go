// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

// spoolBytes is the size of a sidecar's spool.
const spoolBytes = 1 << 20

// sidecar is one life of a sidecar: its outbox, recorder and spool, as cmd/sidecar wires them, without HTTP.
type sidecar struct {
	*process
	outbox    *outbox.Outbox
	store     *recorder.RESTStore
	spool     *spool.Store
	directory string
	isEnding  atomic.Bool
}

// windows are the sidecar's defaults.
var windows = lifecycle.Windows{Reorder: reorderWindow, Redelivery: redeliveryWindow}

// startSidecar starts one whose disk has what is in a directory.
func (w *World) startSidecar(name, directory string) *sidecar {
	s := &sidecar{process: w.newProcess(name), directory: directory}
	var err error
	if s.store, err = recorder.NewRESTStore(s.config(), recorder.NewMetrics(prometheus.NewRegistry())); err != nil {
		w.broken("set up %s: %v", name, err)
		return s
	}
	if s.spool, err = spool.Open(directory, spool.Options{MaxBytes: spoolBytes, Now: s.now, OnDamage: func(file string, bytes int64) {
		w.story.tell("%s finds %d damaged bytes in its spool", name, bytes)
		w.damaged.Store(true)
	}}); err != nil {
		w.broken("open the spool of %s: %v", name, err)
		return s
	}
	writer := &recorder.Writer{Store: s.store, Windows: windows}
	s.outbox = outbox.New(outbox.Options{
		Write: writer.Write, Timeout: 2 * time.Second, Spool: &disk{s.spool, s}, SpoolFirst: w.plan.SpoolFirst,
		Metrics: outbox.NewMetrics(prometheus.NewRegistry()), Log: w.logger(name), Now: s.now,
	})
	if err := s.outbox.Start(); err != nil {
		w.broken("read the spool of %s: %v", name, err)
	}
	return s
}

// end ends it: in order, or as if it was killed, after which calls of its own do nothing.
func (s *sidecar) end() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if s.isDead() {
		cancel()
	}
	s.outbox.Close(ctx)
	if err := s.spool.Close(); err != nil {
		s.world.broken("close the spool of %s: %v", s.name, err)
	}
	s.cancel()
}

// crash returns a directory with what is on the disk at this moment.
func (s *sidecar) crash(f Fault) string {
	into := filepath.Join(s.world.folder, fmt.Sprintf("%s-%d", s.name, s.world.lives(s.name)))
	if err := os.MkdirAll(into, 0o700); err != nil {
		s.world.broken("copy a spool: %v", err)
		return into
	}
	files, err := filepath.Glob(filepath.Join(s.directory, "*.spool"))
	for i, file := range files {
		content, readError := os.ReadFile(file)
		if i == len(files)-1 {
			content = s.world.damage(f, s.name, content)
		}
		err = errors.Join(err, readError, os.WriteFile(filepath.Join(into, filepath.Base(file)), content, 0o600))
	}
	if err != nil {
		s.world.broken("copy a spool: %v", err)
	}
	return into
}

// damage is what a crash of the machine does to the last file of a spool.
func (w *World) damage(f Fault, name string, content []byte) []byte {
	r := w.dice.of(draw(name, "damage"))
	switch f.Kind {
	case Torn: // a write that nobody was reported
		half := slices.Clone(content[:min(len(content), 32+r.IntN(400))])
		if len(half) < 32 || chance(r, 30) {
			return append(content, make([]byte, 16*(1+r.IntN(40)))...)
		}
		return append(content, half[:32+r.IntN(len(half)-31)/2]...)
	case Flipped:
		if len(content) > 0 {
			w.damaged.Store(true)
			content[r.IntN(len(content))] ^= 1 << r.IntN(8)
		}
	}
	return content
}

// disk is a spool whose disk may be full.
type disk struct {
	*spool.Store
	sidecar *sidecar
}

// Append implements outbox.Spool.
func (d *disk) Append(records []spool.Record, done func(error)) error {
	full := d.sidecar.world.weather.is(d.sidecar.name, DiskFull)
	if len(full) == 0 {
		return d.Store.Append(records, done)
	}
	d.sidecar.world.weather.applied(full[0])
	d.sidecar.world.story.tell("%s cannot write to its disk", d.sidecar.name)
	return fmt.Errorf("%w: no space left on device", spool.ErrFull)
}
