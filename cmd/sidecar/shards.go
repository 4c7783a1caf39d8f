// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client/config"

	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/routes"
	"github.com/meetingops/meeting-recording-operator/internal/shard"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
	"github.com/meetingops/meeting-recording-operator/internal/tracecontext"
	"github.com/meetingops/meeting-recording-operator/internal/version"
)

// shardOptions are the clusters over which sessions are spread. Without any, there is the one of --kubeconfig.
type shardOptions struct{ names, kubeconfigs []string }

func (o *shardOptions) bind(flags *flag.FlagSet) {
	flags.Func("shard", "NAME=KUBECONFIG of a cluster that gets its share of the sessions. May be repeated; all sidecars and backfills need the same names.", func(value string) error {
		name, kubeconfig, _ := strings.Cut(value, "=")
		if kubeconfig == "" {
			return errors.New("must be NAME=KUBECONFIG")
		}
		names := append(slices.Clone(o.names), name)
		if err := shard.Check(names); err != nil {
			return err
		}
		o.names, o.kubeconfigs = names, append(o.kubeconfigs, kubeconfig)
		return nil
	})
}

// homeCluster returns the configuration for the API server of --kubeconfig. With shards it is only for --metrics-secure.
func homeCluster(o options) (*rest.Config, error) {
	if len(o.shards.names) > 0 && !o.metrics.secure {
		return nil, nil
	}
	home, err := config.GetConfig()
	if err != nil {
		return nil, fmt.Errorf("no API server: set --kubeconfig or KUBECONFIG outside a cluster: %w", err)
	}
	return home, nil
}

// target is an API server to write to. Its name is empty without --shard.
type target struct {
	name    string
	cluster *rest.Config
}

// targets returns the API servers of all shards, or the only one.
func (o *shardOptions) targets(home *rest.Config) ([]target, error) {
	targets := []target{{"", home}}
	if len(o.names) > 0 {
		targets = nil
	}
	for i, name := range o.names {
		cluster, err := clientcmd.BuildConfigFromFlags("", o.kubeconfigs[i])
		if err != nil {
			return nil, fmt.Errorf("--shard=%s=%s: %w", name, o.kubeconfigs[i], err)
		}
		targets = append(targets, target{name, cluster})
	}
	for i := range targets {
		targets[i].cluster = rest.CopyConfig(targets[i].cluster)
		targets[i].cluster.UserAgent = "meeting-recording-sidecar/" + version.String()
	}
	return targets, nil
}

// shards has an outbox for each shard, so that what waits for one of them delays no other. Without --shard there is one, of no name.
type shards struct {
	names   []string
	outbox  map[string]*spooler
	cancel  context.CancelFunc
	workers sync.WaitGroup
}

// Record implements receiver.Recorder.
func (s *shards) Record(ctx context.Context, ev recorder.Event) (recorder.Outcome, error) {
	return s.outbox[shard.Of(s.names, ev.SessionID)].Record(ctx, ev)
}

// openShards opens the outboxes. Close them also after an error.
func (s *sidecar) openShards(targets []target, registry prometheus.Registerer) error {
	s.shards = &shards{outbox: map[string]*spooler{}}
	for _, t := range targets {
		s.shards.names = append(s.shards.names, t.name)
	}
	directory := s.options.spool.directory
	if directory != "" {
		if err := checkStrays(directory, s.shards.names); err != nil {
			return err
		}
		s.readiness.Clear(noAPIServer) // webhooks can be accepted without it
	}
	requests, metrics := recorder.NewMetrics(registry), outbox.NewMetrics(registry)
	for _, t := range targets {
		log := s.log
		if t.name != "" {
			log = log.WithValues("shard", t.name)
		}
		p := &spooler{log: log}
		var err error
		if p.api, err = recorder.NewRESTStore(t.cluster, requests); err != nil {
			return err
		}
		p.api.ShareCache(len(targets))
		if s.tracer != nil {
			p.api.Traceparent = func() string { return tracecontext.Format(s.tracer.Begin()) }
		}
		writer := &recorder.Writer{Store: p.api, Windows: s.options.windows}
		options := outbox.Options{
			Write: writer.Write, Timeout: s.options.writeTimeout, SpoolFirst: s.options.spool.first(),
			Metrics: metrics, Tracer: s.tracer, Log: log, Now: wallClock,
		}
		own := filepath.Join(directory, t.name)
		if directory != "" {
			if p.store, err = s.openSpool(own, metrics, log); err != nil {
				return err
			}
			options.Spool = p.store
			outbox.RegisterSpool(labelled(registry, t.name), p.store, wallClock)
		}
		p.Outbox = outbox.New(options)
		s.shards.outbox[t.name] = p
		if directory != "" {
			p.control = newControl(own, localTool{p.store, func(session recorder.Session) bool {
				return shard.Of(s.shards.names, session.SessionID) == t.name
			}}, p.Start)
		}
	}
	return nil
}

// labelled returns where a shard registers its metrics.
func labelled(registry prometheus.Registerer, shard string) prometheus.Registerer {
	if shard == "" {
		return registry
	}
	return prometheus.WrapRegistererWith(prometheus.Labels{"shard": shard}, registry)
}

// checkStrays returns an error if events wait in a folder of no shard: nobody would write them.
func checkStrays(directory string, names []string) error {
	strays := map[string]bool{}
	for _, pattern := range []string{"*.spool", filepath.Join("*", "*.spool")} {
		files, err := filepath.Glob(filepath.Join(directory, pattern))
		if err != nil {
			return fmt.Errorf("--spool-dir: %w", err)
		}
		for _, file := range files {
			strays[filepath.Dir(file)] = true
		}
	}
	for _, name := range names {
		delete(strays, filepath.Join(directory, name))
	}
	for stray := range strays {
		store, err := spool.Open(stray, spool.Options{MaxBytes: maxSpoolBytes, Now: wallClock})
		if err != nil {
			return fmt.Errorf("look for events of other shards: %w", err)
		}
		stats := store.Stats()
		if err := store.Close(); err != nil {
			return fmt.Errorf("look for events of other shards: %w", err)
		}
		if left := stats.Events + stats.DeadLetters; left > 0 {
			return fmt.Errorf("%s has %d events of a shard that is not given: give it with --shard until they are written, or move them with `sidecar spool export` and `import`", stray, left)
		}
	}
	return nil
}

func (s *shards) listen(ctx context.Context) {
	for _, p := range s.outbox {
		p.listen(ctx)
	}
}

// start replays the spools.
func (s *shards) start() {
	var ctx context.Context
	ctx, s.cancel = context.WithCancel(context.Background())
	for _, p := range s.outbox {
		p.start()
	}
	if s.outbox[s.names[0]].store != nil {
		s.workers.Go(func() { growMemoryLimit(ctx, s.events) })
	}
}

// events counts those that wait on disk.
func (s *shards) events() (total int) {
	for _, p := range s.outbox {
		if p.store != nil {
			total += p.store.Stats().Events
		}
	}
	return total
}

// stop stops all outboxes at the same time.
func (s *shards) stop() error {
	failures := make([]error, len(s.names))
	var stopping sync.WaitGroup
	for i, name := range s.names {
		stopping.Go(func() { failures[i] = s.outbox[name].stop() })
	}
	stopping.Wait()
	s.cancel()
	s.workers.Wait()
	return errors.Join(failures...)
}

// close closes the spools of outboxes that were not started.
func (s *shards) close() {
	for _, p := range s.outbox {
		_ = p.close() // nothing was put into it
	}
}

// reach returns nil once the API server lets us read in one of the routes' namespaces, or in the only one there is. One tenant's mistake
// does not delay the others.
func (p *spooler) reach(ctx context.Context, table *routes.Table) error {
	var failures []error
	for _, namespace := range table.Namespaces() {
		err := p.api.Ping(ctx, namespace)
		if err == nil {
			return nil
		}
		failures = append(failures, fmt.Errorf("namespace %s: %w", namespace, err))
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failures...)
}
