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
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client/config"

	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/routes"
	"github.com/meetingops/meeting-recording-operator/internal/shard"
	"github.com/meetingops/meeting-recording-operator/internal/tracecontext"
	"github.com/meetingops/meeting-recording-operator/internal/version"
)

// crowdShare is the share of --max-in-flight, as a divisor, of senders that may wait for API servers while others need slots.
const crowdShare = 4

// shardOptions are the clusters over which sessions are spread. Without any, all sessions go to the cluster of --kubeconfig.
type shardOptions struct{ names, kubeconfigs []string }

func (o *shardOptions) bind(flags *flag.FlagSet) {
	flags.Func("shard", "NAME=KUBECONFIG of a cluster that gets its share of the sessions. May be repeated; all sidecars and backfills need the same names.", func(value string) error {
		name, kubeconfig, _ := strings.Cut(value, "=")
		if kubeconfig == "" {
			return errors.New("must be NAME=KUBECONFIG")
		}
		if i := slices.Index(o.kubeconfigs, kubeconfig); i >= 0 {
			return fmt.Errorf("shard %s has the same kubeconfig: each shard needs its own cluster", o.names[i])
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
		cluster, err := readKubeconfig(o.kubeconfigs[i])
		if err != nil {
			return nil, fmt.Errorf("read the kubeconfig of --shard=%s=%s: %w", name, o.kubeconfigs[i], err)
		}
		targets = append(targets, target{name, cluster})
	}
	for i := range targets {
		targets[i].cluster = rest.CopyConfig(targets[i].cluster)
		targets[i].cluster.UserAgent = "meeting-recording-sidecar/" + version.String()
	}
	return targets, nil
}

// readKubeconfig returns the configuration of a kubeconfig's current context. An empty file is an error, and not the cluster of the Pod.
func readKubeconfig(path string) (*rest.Config, error) {
	kubeconfig, err := (&clientcmd.ClientConfigLoadingRules{ExplicitPath: path}).Load()
	if err != nil {
		return nil, err
	}
	cluster, err := clientcmd.NewDefaultClientConfig(*kubeconfig, &clientcmd.ConfigOverrides{}).ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		err = errors.New("it needs a current-context with a cluster and a user")
	}
	return cluster, err
}

// shards has an outbox for each shard, so that events that wait for one shard delay no other. Without --shard there is one, without a name.
type shards struct {
	names   []string
	outbox  map[string]*spooler
	waiting atomic.Int64 // senders
	cancel  context.CancelFunc
	workers sync.WaitGroup
}

// Record implements receiver.Recorder.
func (s *shards) Record(ctx context.Context, ev recorder.Event) (recorder.Outcome, error) {
	p := s.outbox[shard.Of(s.names, ev.SessionID)]
	for _, waiting := range []*atomic.Int64{&s.waiting, &p.waiting} {
		waiting.Add(1)
		defer waiting.Add(-1)
	}
	return p.Record(ctx, ev)
}

// crowd returns a function that reports whether so many senders wait for API servers that no more may wait for this shard's: shards that hang
// must leave slots to others. Each shard has its own share. All shares together are less than a namespace may have.
func (s *shards) crowd(p *spooler, maxInFlight int) func() bool {
	if maxInFlight == 0 || len(s.names) == 1 {
		return nil
	}
	shared, own := int64(maxInFlight/crowdShare), int64(max(1, maxInFlight/crowdShare/2/len(s.names)))
	return func() bool { return s.waiting.Load() > shared && p.waiting.Load() > own }
}

// openShards opens the outboxes. Close them also after an error.
func (s *sidecar) openShards(targets []target, registry prometheus.Registerer) error {
	s.shards = &shards{outbox: map[string]*spooler{}}
	for _, t := range targets {
		s.shards.names = append(s.shards.names, t.name)
	}
	requests, metrics := recorder.NewMetrics(registry), outbox.NewMetrics(registry)
	directory := s.options.spool.directory
	if directory != "" {
		if err := s.checkStrays(directory, metrics); err != nil {
			return err
		}
		s.readiness.Clear(noAPIServer) // webhooks can be accepted without it
	}
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
			IsCrowded: s.shards.crowd(p, s.options.overload.maxInFlight), Metrics: metrics, Tracer: s.tracer, Log: log, Now: wallClock,
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
			owns := func(session recorder.Session) bool { return shard.Of(s.shards.names, session.SessionID) == t.name }
			p.control = newControl(own, localTool{p.store, owns}, p.Start)
			if len(targets) == 1 {
				continue
			}
			if others := countOthers(p.store, owns); others > 0 {
				return fmt.Errorf("%s has %d events of other shards' sessions: keep the old names in --shard until they are written, or %s", own, others, moveAway)
			}
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
