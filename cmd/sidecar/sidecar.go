// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"k8s.io/client-go/rest"

	"github.com/meetingops/meeting-recording-operator/internal/diagnostics"
	"github.com/meetingops/meeting-recording-operator/internal/receiver"
	"github.com/meetingops/meeting-recording-operator/internal/receiver/guard"
	"github.com/meetingops/meeting-recording-operator/internal/routes"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
	"github.com/meetingops/meeting-recording-operator/internal/watchedfile"
)

const (
	// auxiliaryTimeout is how long probes and scrapes may take.
	auxiliaryTimeout = 10 * time.Second
	// probeInterval is the pause between attempts to become ready.
	probeInterval = time.Second
	// shutdownMargin is how long requests under way may take, beyond what a
	// write may, once the sidecar is told to end. It covers a body that is
	// still arriving.
	shutdownMargin = 15 * time.Second
	// namespaceShare is the share of --max-in-flight, as a divisor, that one
	// namespace of several may take.
	namespaceShare = 2
	// maxLongBodies bounds the memory of bodies that are longer than any webhook of the provider.
	maxLongBodies = 32
)

// Reasons not to be ready.
const (
	noAPIServer  = "the API server is not reachable yet, or does not allow reading meetingrecordings"
	noKey        = "the public key is not fetched yet"
	shuttingDown = "shutting down"
)

// wallClock is the time that events are received at. Only the chaos tests set another one.
var wallClock = time.Now

// sidecar is the program with its parts, listening.
type sidecar struct {
	options   options
	log       logr.Logger
	readiness *readiness
	shards    *shards
	routes    *routes.Table
	urlKeys   *videosdk.URLKeys // nil without --public-key-url
	// connections limits the connections of the webhook port.
	connections *guard.Connections
	// certificate is nil if webhooks come over plain HTTP.
	certificate *watchedfile.File[*tls.Certificate]
	tracer      *tracing.Tracer // nil where there are no traces

	webhooks, health, metrics *endpoint
	registry                  *prometheus.Registry
}

// endpoint is a server and where it listens.
type endpoint struct {
	server   *http.Server
	listener net.Listener
}

// newSidecar returns a sidecar that writes to the cluster of --kubeconfig, or to those of --shard.
func newSidecar(ctx context.Context, options options, home *rest.Config, log logr.Logger) (*sidecar, error) {
	s := &sidecar{options: options, log: log, readiness: newReadiness(noAPIServer)}
	registry := prometheus.NewRegistry()
	s.registry = registry
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	diagnostics.RegisterBuild(registry, "sidecar")
	counts := receiver.NewMetrics(registry)
	targets, err := options.shards.targets(home)
	if err != nil {
		return nil, err
	}
	if s.tracer, err = tracing.Start(ctx, "meeting-recording-sidecar", options.tracing, log.WithName("tracing")); err != nil {
		return nil, err
	}
	handler := &receiver.Handler{
		Metrics: counts, Log: log, Timeout: options.writeTimeout, Now: wallClock, Tracer: s.tracer,
		IgnoreIDs: options.ignoreIDs, Replays: receiver.NewReplays(options.windows.Redelivery / 2),
	}
	if handler.Verifier, err = s.verifier(); err != nil {
		return nil, err
	}
	if err := s.limit(handler, registry); err != nil {
		return nil, err
	}
	if err := s.openShards(targets, registry); err != nil {
		s.close()
		return nil, err
	}
	handler.Recorder = s.shards
	if s.certificate, err = s.openCertificate(registry); err != nil {
		s.close()
		return nil, err
	}
	s.connections = guard.NewConnections(options.overload.maxConnections, registry)
	scrapes, err := options.metrics.handler(registry, home, log)
	if err != nil {
		s.close()
		return nil, err
	}
	return s, s.listen(ctx, handler, scrapes)
}

// limit sets which requests the handler accepts, and how many.
func (s *sidecar) limit(handler *receiver.Handler, registry prometheus.Registerer) (err error) {
	s.routes, err = routes.Open(routes.Options{
		Namespace: s.options.namespace, EndpointTokenFile: s.options.tokenFile, ClientTokenFile: s.options.clients.tokenFile,
		RoutesFile: s.options.routesFile, Now: wallClock, OnError: s.reporter("Tokens not reloaded"),
	})
	if err != nil {
		return err
	}
	s.routes.Register(registry)
	limits := s.options.overload.rates
	if !s.routes.HasRoutes() {
		limits.PerNamespace = 0 // one namespace has only the limit of all
	}
	handler.Routes, handler.TrustedProxies = s.routes, s.options.overload.proxies
	handler.Rates = guard.NewRates(limits, wallClock)
	handler.ClientRates = guard.NewRates(guard.RateLimits{PerNamespace: s.options.clients.rate}, wallClock)
	handler.Origins = s.options.clients.origins
	handler.LongBodies = guard.NewShares(maxLongBodies)
	if limit := s.options.overload.maxInFlight; limit > 0 {
		handler.InFlight = guard.NewInFlight(limit)
		handler.ClientShares = guard.NewShares(max(1, limit/clientShare))
		if s.routes.HasRoutes() {
			handler.Shares = guard.NewShares(max(1, limit/namespaceShare))
		}
	}
	return nil
}

// verifier returns the signature verifier that the options select.
func (s *sidecar) verifier() (receiver.SignatureVerifier, error) {
	if s.options.skipSignature {
		return receiver.Unverified{}, nil
	}
	var sources []videosdk.KeySource
	if len(s.options.keyFiles) > 0 {
		files, err := openKeyFiles(s.options.keyFiles, wallClock, s.reporter("Public keys not reloaded"))
		if err != nil {
			return nil, err
		}
		sources = append(sources, files)
	}
	if s.options.keyURL != "" {
		var err error
		s.urlKeys, err = videosdk.NewURLKeys(s.options.keyURL, videosdk.URLKeysOptions{
			OnError: s.reporter("Public key not fetched"), CacheFile: s.options.keyCacheFile(), OnCacheError: s.reporter("Public key not cached"),
		})
		if err != nil {
			return nil, err
		}
		sources = append(sources, s.urlKeys)
	}
	if len(s.options.keyFiles) == 0 {
		s.readiness.Set(noKey)
	}
	return videosdk.NewVerifier(sources...), nil
}

func (s *sidecar) reporter(message string) func(error) {
	return func(err error) { s.log.Error(err, message) }
}

// listen opens the ports, so that the program fails at its start if one is in use.
func (s *sidecar) listen(ctx context.Context, webhooks, scrapes http.Handler) error {
	own, err := s.options.metrics.certificate()
	if err != nil {
		s.close()
		return err
	}
	var listen net.ListenConfig
	for _, e := range []struct {
		to          **endpoint
		flag        string
		address     string
		handler     http.Handler
		timeout     time.Duration
		connections *guard.Connections
		tls         *tls.Config
	}{
		{&s.webhooks, "--webhook-bind-address", s.options.webhookAddress, webhooks, s.options.writeTimeout, s.connections, s.webhookTLS()},
		{&s.health, "--health-probe-bind-address", s.options.healthAddress, guard.Hold(newHealthHandler(s.readiness)), auxiliaryTimeout, auxiliary(), nil},
		{&s.metrics, "--metrics-bind-address", s.options.metrics.address, guard.Hold(scrapes), auxiliaryTimeout, auxiliary(), own},
	} {
		listener, err := listen.Listen(ctx, "tcp", e.address)
		if err != nil {
			s.close()
			return fmt.Errorf("%s: %w", e.flag, err)
		}
		server := guard.NewServer(e.handler, e.timeout, s.log)
		*e.to = &endpoint{server, e.connections.Listen(server, listener, e.tls)}
	}
	s.shards.listen(ctx)
	return nil
}

func auxiliary() *guard.Connections {
	return guard.NewConnections(auxiliaryConnections, nil)
}

// close closes the ports and the spool.
func (s *sidecar) close() {
	for _, e := range []*endpoint{s.webhooks, s.health, s.metrics} {
		if e != nil {
			// Nothing was served on it.
			_ = e.listener.Close()
		}
	}
	if s.shards != nil {
		s.shards.close()
	}
}

// run serves until the parent context is done or a server fails. Then it
// finishes requests in flight, and returns the failure, if any.
func (s *sidecar) run(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	var background sync.WaitGroup
	for name, e := range map[string]*endpoint{"webhooks": s.webhooks, "health": s.health, "metrics": s.metrics} {
		background.Go(func() {
			if err := e.server.Serve(e.listener); !errors.Is(err, http.ErrServerClosed) {
				cancel(fmt.Errorf("serve %s: %w", name, err))
			}
		})
	}
	for _, p := range s.shards.outbox {
		background.Go(func() {
			s.becomeReady(ctx, p.log, noAPIServer, func(ctx context.Context) error { return p.reach(ctx, s.routes) })
		})
	}
	if s.urlKeys != nil {
		background.Go(func() { s.becomeReady(ctx, s.log, noKey, s.urlKeys.Prefetch) })
	}
	s.shards.start()
	s.announce()

	<-ctx.Done()
	err := s.shutdown(parent.Err() != nil)
	background.Wait()
	if parent.Err() == nil {
		err = errors.Join(context.Cause(ctx), err)
	}
	return err
}

func (s *sidecar) announce() {
	if s.options.skipSignature {
		s.log.Info("WARNING: signatures are not verified", "hint", "anyone can write recordings; set --public-key-url or --public-key-file instead of --insecure-skip-signature")
	}
	if !s.routes.NeedsToken() {
		s.log.Info("WARNING: webhooks need no token", "hint", "any VideoSDK customer can send them; set --endpoint-token-file or --routes-file")
	}
	s.options.overload.announce(s.log)
	var routes []string
	if s.routes.HasRoutes() {
		routes = s.routes.Namespaces()
	}
	s.options.metrics.announce(s.log, s.metrics.listener.Addr())
	s.options.spool.announce(s.log)
	s.log.Info("Sidecar started",
		"namespace", s.options.namespace, "routes", routes, "shards", s.options.shards.names, "webhooks", s.webhooks.listener.Addr().String(),
		"health", s.health.listener.Addr().String(), "metrics", s.metrics.listener.Addr().String(),
		"endpointToken", s.options.tokenFile != "", "clientEvents", s.routes.TakesClients(), "tls", s.tlsVersions(), "spool", s.options.spool.directory)
}

func (s *sidecar) tlsVersions() string {
	if s.certificate == nil {
		return "off"
	}
	return "1.2 or newer"
}

// becomeReady tries until try succeeds, and then clears the reason.
func (s *sidecar) becomeReady(ctx context.Context, log logr.Logger, reason string, try func(context.Context) error) {
	var reported string
	for {
		attempt, cancel := context.WithTimeout(ctx, auxiliaryTimeout)
		err := try(attempt)
		cancel()
		if err == nil {
			s.readiness.Clear(reason)
			return
		}
		if ctx.Err() != nil {
			return
		}
		if err.Error() != reported {
			reported = err.Error()
			log.Error(err, "Startup check failed, retrying", "reason", reason, "ready", len(s.readiness.Reasons()) == 0)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(probeInterval):
		}
	}
}

// shutdown becomes not ready, accepts webhooks for --shutdown-delay, answers requests in flight, waits for their writes, and closes. After
// the failure of a server it is not orderly and skips the delay.
func (s *sidecar) shutdown(orderly bool) error {
	s.readiness.Set(shuttingDown)
	s.connections.Drain()
	s.log.Info("Shutting down", "delay", s.options.shutdownDelay.String())
	if orderly {
		<-time.After(s.options.shutdownDelay)
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.options.writeTimeout+shutdownMargin)
	defer cancel()
	err := s.webhooks.server.Shutdown(ctx)
	if err != nil {
		err = fmt.Errorf("requests were cut off: %w", errors.Join(err, s.webhooks.server.Close()))
	}
	err = errors.Join(err, s.shards.stop())
	if err := s.tracer.Stop(); err != nil {
		s.log.Error(err, "Last spans not exported")
	}
	return errors.Join(err, s.health.server.Close(), s.metrics.server.Close())
}
