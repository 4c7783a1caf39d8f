// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package shards

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/shard"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
	"github.com/meetingops/meeting-recording-operator/test/harness/memoryapi"
)

var (
	errRefused = fmt.Errorf("dial tcp: %w", syscall.ECONNREFUSED)
	errLost    = errors.New("read tcp: connection reset by peer")
	errDead    = errors.New("the process is dead")
)

const (
	// writeTimeout is the default of --write-timeout.
	writeTimeout = 2 * time.Second
	spoolBytes   = 1 << 20
)

// receiver is one life of a receiver: an outbox, a recorder and a spool for each shard, as cmd/sidecar wires them.
type receiver struct {
	world     *world
	name      string
	directory string
	outboxes  map[string]*outbox.Outbox
	spools    map[string]*spool.Store
	ctx       context.Context
	stop      context.CancelFunc
	dead      atomic.Bool
	ending    atomic.Bool
}

// start starts a receiver whose disk has what is in a directory.
func (w *world) start(name, directory string) *receiver {
	r := &receiver{world: w, name: name, directory: directory, outboxes: map[string]*outbox.Outbox{}, spools: map[string]*spool.Store{}}
	r.ctx, r.stop = context.WithCancel(context.Background())
	for _, of := range w.plan.Shards {
		registry := prometheus.NewRegistry()
		store, err := spool.Open(filepath.Join(directory, of), spool.Options{MaxBytes: spoolBytes, Now: time.Now})
		if err != nil {
			w.broken("%s opens the spool of %s: %v", name, of, err)
			continue
		}
		transport := &memoryapi.Transport{Server: w.servers[of], Fault: func(call memoryapi.Call) memoryapi.Fault { return w.fault(r, of, call) }}
		objects, err := recorder.NewRESTStore(transport.Config(), recorder.NewMetrics(registry))
		if err != nil {
			w.broken("%s makes a client of %s: %v", name, of, err)
			continue
		}
		objects.ShareCache(len(w.plan.Shards))
		writer := &recorder.Writer{Store: objects, Windows: lifecycle.Windows{Reorder: time.Minute, Redelivery: 10 * time.Second}}
		r.spools[of] = store
		isCrowded := func() bool {
			now := time.Since(w.began)
			return w.plan.is(name, now, now, Crowded)
		}
		r.outboxes[of] = outbox.New(outbox.Options{
			IsCrowded: isCrowded,
			Write:     writer.Write, Timeout: writeTimeout, Spool: store, Metrics: outbox.NewMetrics(registry), Log: logr.Discard(), Now: time.Now,
		})
		if err := r.outboxes[of].Start(); err != nil {
			w.broken("%s reads the spool of %s: %v", name, of, err)
		}
	}
	return r
}

// record makes an event durable in its session's shard.
func (r *receiver) record(ctx context.Context, ev recorder.Event) (recorder.Outcome, error) {
	return r.outboxes[shard.Of(r.world.plan.Shards, ev.SessionID)].Record(ctx, ev)
}

// fault is what happens to a call of a receiver to a shard.
func (w *world) fault(from *receiver, to string, call memoryapi.Call) memoryapi.Fault {
	if from.dead.Load() {
		return memoryapi.Fault{Refused: errDead}
	}
	now := time.Since(w.began)
	r := random(w.plan.Seed, fmt.Sprint(from.name, to, call.Verb, call.Name, now))
	fault := memoryapi.Fault{Before: between(r, time.Millisecond, 5*time.Millisecond), After: between(r, time.Millisecond, 5*time.Millisecond)}
	is := func(kind Kind) bool { return w.plan.is(to, now, now, kind) }
	switch {
	case is(Refuses):
		fault.Refused = errRefused
	case is(Hangs):
		fault.Before = time.Hour
	case is(LosesAnswer) && r.IntN(2) == 0:
		fault.Lost = errLost
	case is(Slow):
		fault.Before += between(r, 0, 6*time.Second)
	}
	return fault
}

// restart ends a receiver, by kill or in order, and starts another one on what its disk has at that moment.
func (w *world) restart(name string, kind Kind, number int) {
	w.mu.Lock()
	old := w.receivers[name]
	w.mu.Unlock()
	directory := old.directory
	if kind == Killed {
		old.dead.Store(true)
		directory = filepath.Join(w.folder, fmt.Sprintf("%s-%d", name, number))
		if err := copySpools(old.directory, directory); err != nil {
			w.broken("copy the disk of %s: %v", name, err)
		}
	}
	old.end()
	again := w.start(name, directory)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.receivers[name] = again
}

// copySpools copies segments only: locks are of the process that is dead.
func copySpools(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".spool" {
			return err
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it was compacted
		}
		into := filepath.Join(to, strings.TrimPrefix(path, from))
		return errors.Join(err, os.MkdirAll(filepath.Dir(into), 0o700), os.WriteFile(into, content, 0o600))
	})
}

// end closes everything. One that was killed does nothing more.
func (r *receiver) end() {
	r.ending.Store(true)
	r.stop()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if r.dead.Load() {
		cancel()
	}
	for of, box := range r.outboxes {
		box.Close(ctx)
		if err := r.spools[of].Close(); err != nil {
			r.world.broken("%s closes the spool of %s: %v", r.name, of, err)
		}
	}
}
