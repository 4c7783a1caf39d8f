// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/receiver"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

const (
	// minSpoolBytes has room for a few of the largest webhooks.
	minSpoolBytes = 1 << 20
	// maxSpoolBytes is where somebody has mistaken the unit.
	maxSpoolBytes = 64 << 30
	// flushTimeout is how long the end waits for the API server to take what is
	// in the spool.
	flushTimeout = 5 * time.Second
)

// What --acknowledge says: who has to have an event before it is acknowledged.
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
	flags.StringVar(&o.directory, "spool-dir", "", "Directory on a local disk for events that the API server does not take in time; they are answered 202 and written later. Without it such webhooks are answered 503.")
	flags.Var(&o.maxBytes, "spool-max-bytes", "How much the events in --spool-dir may take together; the file takes up to twice that. More are answered 503.")
	flags.StringVar(&o.acknowledge, "acknowledge", acknowledgeAPI, "When an event is acknowledged: api, once it is in the object's status, or spool, once it is on the disk of --spool-dir, from where it is written within moments. spool answers sooner and writes less, but what is acknowledged and not written yet is lost with the disk.")
}

func (o *spoolOptions) validate() error {
	if o.maxBytes.Value() < minSpoolBytes || o.maxBytes.Value() > maxSpoolBytes {
		return errors.New("--spool-max-bytes must be from 1Mi to 64Gi")
	}
	switch {
	case o.acknowledge != acknowledgeAPI && o.acknowledge != acknowledgeSpool:
		return fmt.Errorf("--acknowledge must be %s or %s, not %q", acknowledgeAPI, acknowledgeSpool, o.acknowledge)
	case o.first() && o.directory == "":
		return errors.New("--acknowledge=spool needs --spool-dir, a directory on a disk that outlasts the sidecar")
	}
	return nil
}

// first tells whether events are acknowledged by the spool.
func (o *spoolOptions) first() bool { return o.acknowledge == acknowledgeSpool }

// announce tells what is promised less than by default.
func (o *spoolOptions) announce(log logr.Logger) {
	if o.first() {
		log.Info("webhooks are acknowledged once they are on the local disk, and written to the API server behind that (--acknowledge=spool): "+
			"if the disk is lost before that, so are they", "spool", o.directory)
	}
}

// acceptor is what makes events durable.
type acceptor interface {
	receiver.Recorder
	// Wait returns when no write is under way.
	Wait()
}

// spooler is the spool, with what works on it.
type spooler struct {
	store    *spool.Store
	spooling *outbox.Spooling
	control  *control
	log      logr.Logger
	cancel   context.CancelFunc
	workers  sync.WaitGroup
}

// openRecorder makes the recorder that the options ask for.
func (s *sidecar) openRecorder(write recorder.WriteFunc, registry prometheus.Registerer) error {
	if s.options.spool.directory == "" {
		s.outbox = outbox.NewQueue(write, s.options.writeTimeout)
		return nil
	}
	maxBytes := s.options.spool.maxBytes.Value()
	store, setAside, err := spool.Open(s.options.spool.directory, spool.Options{MaxBytes: maxBytes, Now: time.Now})
	if err != nil {
		return fmt.Errorf("--spool-dir must be a directory that the sidecar may write to, and no other one uses: %w", err)
	}
	if setAside != "" {
		s.log.Error(spool.ErrCorrupt, "spool set aside and a new one begun: keep the file if its events matter, delete it otherwise", "file", setAside)
	}
	if waiting := store.Stats(); waiting.Events > 0 {
		s.log.Info("events in the spool since the last run", "events", waiting.Events)
	}
	spooling := outbox.NewSpooling(outbox.SpoolingOptions{
		Write: write, Timeout: s.options.writeTimeout, Spool: store, MaxBytes: maxBytes, First: s.options.spool.first(),
		Metrics: outbox.NewSpoolMetrics(registry, store.Stats), Tracer: s.tracer, Log: s.log, Now: time.Now,
	})
	outbox.RegisterSpoolState(registry, store, maxBytes, time.Now)
	s.outbox = spooling
	s.readiness.Clear(noAPIServer) // webhooks can be taken without it
	s.spooler = &spooler{
		store: store, spooling: spooling, log: s.log,
		control: newControl(s.options.spool.directory, store, spooling.Wake),
	}
	return nil
}

// start has the spool replayed, and `sidecar spool` answered.
func (p *spooler) start() {
	var ctx context.Context
	ctx, p.cancel = context.WithCancel(context.Background())
	p.workers.Go(func() { p.spooling.Run(ctx) })
	if err := p.control.listen(ctx); err != nil {
		p.log.Error(err, "`sidecar spool` cannot be used while the sidecar runs")
		return
	}
	p.workers.Go(func() {
		if err := p.control.serve(); err != nil {
			p.log.Error(err, "`sidecar spool` cannot be used any more while the sidecar runs")
		}
	})
}

// stop ends the spool once nothing waits in it, or flushTimeout has passed.
// Nothing may be recorded meanwhile.
func (p *spooler) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	p.spooling.Flush(ctx)
	if left := p.store.Stats().Events; left > 0 {
		p.log.Info("events stay in the spool for the next run", "events", left)
	}
	err := p.control.close()
	p.cancel()
	p.workers.Wait()
	return errors.Join(err, p.close())
}

func (p *spooler) close() error {
	if err := p.store.Close(); err != nil {
		return fmt.Errorf("close the spool: %w", err)
	}
	return nil
}
