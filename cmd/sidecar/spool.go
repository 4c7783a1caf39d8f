// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

const (
	// minSpoolBytes has room for a few of the largest webhooks.
	minSpoolBytes = 1 << 20
	// maxSpoolBytes catches a wrong unit.
	maxSpoolBytes = 64 << 30
	// flushTimeout is how long the end waits for the API server to accept what waits.
	flushTimeout = 5 * time.Second
)

// The values of --acknowledge: where an event must be before it is acknowledged.
const (
	acknowledgeAPI   = "api"
	acknowledgeSpool = "spool"
)

type spoolOptions struct {
	directory   string
	maxBytes    quantity
	acknowledge string
}

// quantity is a number of bytes, spelt as Kubernetes does.
type quantity struct{ resource.Quantity }

// Set parses a value.
func (q *quantity) Set(value string) (err error) {
	q.Quantity, err = resource.ParseQuantity(value)
	return err
}

func (o *spoolOptions) bind(flags *flag.FlagSet) {
	o.maxBytes = quantity{resource.MustParse("256Mi")}
	flags.StringVar(&o.directory, "spool-dir", "", "Directory on a local disk for events that the API server does not accept in time: 202 instead of 503.")
	flags.Var(&o.maxBytes, "spool-max-bytes", "Limit on the size of spooled events; files take up to twice that. Beyond it webhooks are answered 503.")
	flags.StringVar(&o.acknowledge, "acknowledge", acknowledgeAPI, "When to acknowledge an event: api, once it is in the status; or spool, once it is in --spool-dir, which is faster and less safe.")
}

func (o *spoolOptions) validate() error {
	if o.maxBytes.Value() < minSpoolBytes || o.maxBytes.Value() > maxSpoolBytes {
		return errors.New("--spool-max-bytes must be from 1Mi to 64Gi")
	}
	switch {
	case o.acknowledge != acknowledgeAPI && o.acknowledge != acknowledgeSpool:
		return fmt.Errorf("--acknowledge must be %s or %s, not %q", acknowledgeAPI, acknowledgeSpool, o.acknowledge)
	case o.first() && o.directory == "":
		return errors.New("--acknowledge=spool needs --spool-dir, on a disk that survives the sidecar")
	}
	return nil
}

// first reports whether events are acknowledged by the spool.
func (o *spoolOptions) first() bool { return o.acknowledge == acknowledgeSpool }

// announce warns if the sidecar promises less than by default.
func (o *spoolOptions) announce(log logr.Logger) {
	if o.first() {
		log.Info("WARNING: webhooks are acknowledged from disk", "spool", o.directory,
			"hint", "with --acknowledge=spool, an acknowledged event is lost with the disk until it is written to the API server")
	}
}

// spooler is the outbox of an API server, with its spool if it has one.
type spooler struct {
	*outbox.Outbox
	api     *recorder.RESTStore
	store   *spool.Store // nil without --spool-dir
	control *control
	waiting atomic.Int64 // senders
	log     logr.Logger
	workers sync.WaitGroup
}

// openSpool opens the spool of an outbox in a directory.
func (s *sidecar) openSpool(directory string, metrics *outbox.Metrics, log logr.Logger) (*spool.Store, error) {
	store, err := spool.Open(directory, spool.Options{
		MaxBytes: s.options.spool.maxBytes.Value(), Now: wallClock, OnDamage: func(file string, bytes int64) {
			metrics.Damaged()
			log.Error(spool.ErrDamaged, "Spool damaged, bytes set aside", "file", file, "bytes", bytes, "hint", "keep the file if its events matter, otherwise delete it")
		},
	})
	if err != nil {
		return nil, fmt.Errorf("--spool-dir must be a writable directory that no other sidecar uses: %w", err)
	}
	if waiting := store.Stats(); waiting.Events > 0 {
		log.Info("Spool has events from last run", "events", waiting.Events)
	}
	return store, nil
}

// listen opens the socket of `sidecar spool`. If that fails, the sidecar runs without it.
func (p *spooler) listen(ctx context.Context) {
	if p.control == nil {
		return
	}
	if err := p.control.listen(ctx); err != nil {
		p.log.Error(err, "Spool commands not available")
	}
}

// start replays the spool, and serves `sidecar spool`.
func (p *spooler) start() {
	if p.store == nil {
		return
	}
	if err := p.Start(); err != nil {
		p.log.Error(err, "Spool not read in full")
	}
	if p.control.listener == nil {
		return
	}
	p.workers.Go(func() {
		if err := p.control.serve(); err != nil {
			p.log.Error(err, "Spool commands not available")
		}
	})
}

// stop closes the outbox once it is empty, or after flushTimeout. Nothing may be recorded meanwhile.
func (p *spooler) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	p.Flush(ctx)
	p.Close(ctx)
	if p.store == nil {
		return nil
	}
	if left := p.store.Stats().Events; left > 0 {
		p.log.Info("Events left in the spool", "events", left)
	}
	err := p.control.close()
	p.workers.Wait()
	return errors.Join(err, p.close())
}

// close closes the spool.
func (p *spooler) close() error {
	if p.store == nil {
		return nil
	}
	if err := p.store.Close(); err != nil {
		return fmt.Errorf("close the spool: %w", err)
	}
	return nil
}

// bytesPerEvent is what memory holds for an event that waits on disk, and limitStep how coarsely the memory limit follows.
const (
	bytesPerEvent = 80
	limitStep     = 4 << 20
)

// growMemoryLimit has the Go runtime use as much more memory as so many spooled events need: a limit that it cannot keep would have it
// collect garbage all the time.
func growMemoryLimit(ctx context.Context, events func() int) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for before := int64(0); ; {
		if grown := int64(events()) * bytesPerEvent / limitStep * limitStep; grown != before {
			debug.SetMemoryLimit(memoryLimit + grown)
			before = grown
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}
