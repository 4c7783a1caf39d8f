// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
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
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/tracecontext"
	"github.com/meetingops/meeting-recording-operator/internal/tracing"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
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
)

// Reasons not to be ready.
const (
	noAPIServer  = "the API server was not reached yet, or does not let us read meetingrecordings"
	noKey        = "the public key could not be fetched yet"
	shuttingDown = "shutting down"
)

// sidecar is the program, wired and listening.
type sidecar struct {
	options   options
	log       logr.Logger
	readiness *receiver.Readiness
	outbox    acceptor
	spooler   *spooler // nil without --spool-dir
	store     *recorder.RESTStore
	routes    *receiver.Routes  // nil without --routes-file
	urlKeys   *videosdk.URLKeys // nil without --public-key-url
	guard     *receiver.Guard
	// certificate is nil where webhooks come over plain HTTP.
	certificate *receiver.Certificate
	tracer      *tracing.Tracer // nil where there are no traces

	webhooks, health, metrics *endpoint
}

// endpoint is a server and where it listens.
type endpoint struct {
	server   *http.Server
	listener net.Listener
}

func newSidecar(ctx context.Context, options options, cluster *rest.Config, log logr.Logger) (*sidecar, error) {
	s := &sidecar{options: options, log: log, readiness: receiver.NewReadiness(noAPIServer)}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	diagnostics.RegisterBuild(registry, "sidecar")
	counts := receiver.NewMetrics(registry)
	var err error
	if s.store, err = recorder.NewRESTStore(cluster, options.namespace, recorder.NewMetrics(registry)); err != nil {
		return nil, err
	}
	writer := recorder.Writer{Windows: options.windows}
	if err := s.startTracer(ctx, &writer); err != nil {
		return nil, err
	}
	handler := &receiver.Handler{
		Metrics: counts, Log: log, Timeout: options.writeTimeout, Now: time.Now, Tracer: s.tracer,
	}
	if handler.Verifier, err = s.verifier(); err != nil {
		return nil, err
	}
	if err := errors.Join(s.route(handler, registry), s.takeClients(handler)); err != nil {
		return nil, err
	}
	write := recorder.InNamespaces(options.namespace, func(namespace string) *recorder.Writer {
		w := writer
		w.Store = s.store.In(namespace)
		return &w
	})
	if err := s.openRecorder(write, registry); err != nil {
		return nil, err
	}
	handler.Recorder = s.outbox
	handler.Rates = receiver.NewRates(s.rates(), time.Now, log)
	if s.certificate, err = s.openCertificate(registry); err != nil {
		s.close()
		return nil, err
	}
	connections := receiver.NewConnections(options.overload.maxConnections, registry)
	s.guard = receiver.NewGuard(handler, options.overload.maxInFlight, connections, counts, log)
	scrapes, err := options.metrics.handler(registry, cluster, log)
	if err != nil {
		s.close()
		return nil, err
	}
	return s, s.listen(ctx, connections, scrapes)
}

// route has the handler know which webhooks it takes, and for which namespace.
func (s *sidecar) route(handler *receiver.Handler, registry prometheus.Registerer) (err error) {
	handler.Namespace = s.options.namespace
	switch {
	case s.options.routesFile != "":
		if s.routes, err = receiver.NewRoutes(s.options.routesFile, time.Now, s.reporter("routes not read again")); err != nil {
			return err
		}
		s.routes.Register(registry)
		handler.Routes = s.routes
		if limit := s.options.overload.maxInFlight; limit > 0 {
			handler.Shares = receiver.NewShares(max(1, limit/namespaceShare))
		}
	case s.options.tokenFile != "":
		handler.Token, err = receiver.NewEndpointToken(s.options.tokenFile, time.Now, s.reporter("endpoint token not read again"))
	}
	return err
}

// rates are the limits; one namespace has only those of all.
func (s *sidecar) rates() receiver.RateLimits {
	limits := s.options.overload.rates
	if s.routes == nil {
		limits.PerNamespace = 0
	}
	return limits
}

// reachAny returns nil once the API server lets us read in one of the routes'
// namespaces, or in the only one there is. One tenant's mistake keeps none of
// the others waiting.
func (s *sidecar) reachAny(ctx context.Context) error {
	if s.routes == nil {
		return s.store.Ping(ctx)
	}
	var failures []error
	for _, namespace := range s.routes.Namespaces() {
		err := s.store.In(namespace).Ping(ctx)
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

// startTracer has recordings traced from their first event on, if the options ask for it.
func (s *sidecar) startTracer(ctx context.Context, writer *recorder.Writer) (err error) {
	s.tracer, err = tracing.Start(ctx, "meeting-recording-sidecar", s.options.tracing, s.log.WithName("tracing"))
	if s.tracer == nil {
		return err
	}
	writer.Now = time.Now
	s.store.Traceparent = func() string { return tracecontext.Format(s.tracer.Begin()) }
	return nil
}

// verifier makes the judge of signatures that the options ask for.
func (s *sidecar) verifier() (receiver.SignatureVerifier, error) {
	if s.options.skipSignature {
		return receiver.Unverified{}, nil
	}
	var sources []videosdk.KeySource
	if len(s.options.keyFiles) > 0 {
		files, err := receiver.OpenKeyFiles(s.options.keyFiles, time.Now, s.reporter("Public key file unusable"))
		if err != nil {
			return nil, err
		}
		sources = append(sources, files)
	}
	if s.options.keyURL != "" {
		var err error
		s.urlKeys, err = videosdk.NewURLKeys(s.options.keyURL, videosdk.URLKeysOptions{
			OnError: s.reporter("Public key not fetched"), CacheFile: s.options.keyCacheFile(), OnCacheError: s.reporter("Public key not kept"),
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

// listen takes the ports, so that one in use is found out at the start.
func (s *sidecar) listen(ctx context.Context, connections *receiver.Connections, scrapes http.Handler) error {
	var listen net.ListenConfig
	for _, e := range []struct {
		to          **endpoint
		flag        string
		address     string
		handler     http.Handler
		timeout     time.Duration
		connections *receiver.Connections
	}{
		{&s.webhooks, "--webhook-bind-address", s.options.webhookAddress, s.guard, s.options.writeTimeout, connections},
		{&s.health, "--health-probe-bind-address", s.options.healthAddress, receiver.NewHealthHandler(s.readiness), auxiliaryTimeout, auxiliary()},
		{&s.metrics, "--metrics-bind-address", s.options.metrics.address, scrapes, auxiliaryTimeout, auxiliary()},
	} {
		listener, err := listen.Listen(ctx, "tcp", e.address)
		if err != nil {
			s.close()
			return fmt.Errorf("%s: %w", e.flag, err)
		}
		if e.to == &s.webhooks && s.certificate != nil {
			listener = s.certificate.Listener(listener)
		}
		server := receiver.NewServer(e.handler, e.timeout, s.log)
		*e.to = &endpoint{server, e.connections.Guard(server, listener)}
	}
	encrypted, err := s.options.metrics.encrypt(s.metrics.listener)
	if err != nil {
		s.close()
		return err
	}
	s.metrics.listener = encrypted
	return nil
}

func auxiliary() *receiver.Connections {
	return receiver.NewConnections(auxiliaryConnections, nil)
}

// close gives up the ports that were taken, and the spool.
func (s *sidecar) close() {
	for _, e := range []*endpoint{s.webhooks, s.health, s.metrics} {
		if e != nil {
			// Nothing was served on it.
			_ = e.listener.Close()
		}
	}
	if s.spooler != nil {
		// Nothing was put into it.
		_ = s.spooler.close()
	}
}

// run serves until told is done or a server fails; then it finishes what is
// under way, and returns why it ended unless it was told to.
func (s *sidecar) run(told context.Context) error {
	ctx, cancel := context.WithCancelCause(told)
	defer cancel(nil)
	var background sync.WaitGroup
	for name, e := range map[string]*endpoint{"webhooks": s.webhooks, "health": s.health, "metrics": s.metrics} {
		background.Go(func() {
			if err := e.server.Serve(e.listener); !errors.Is(err, http.ErrServerClosed) {
				cancel(fmt.Errorf("serve %s: %w", name, err))
			}
		})
	}
	background.Go(func() { s.becomeReady(ctx, noAPIServer, s.reachAny) })
	if s.urlKeys != nil {
		background.Go(func() { s.becomeReady(ctx, noKey, s.urlKeys.Prefetch) })
	}
	if s.spooler != nil {
		s.spooler.start()
	}
	s.announce()

	<-ctx.Done()
	err := s.shutdown(told.Err() != nil)
	background.Wait()
	if told.Err() == nil {
		err = errors.Join(context.Cause(ctx), err)
	}
	return err
}

func (s *sidecar) announce() {
	if s.options.skipSignature {
		s.log.Info("WARNING: signatures are not verified, anybody can write recordings; start with --public-key-url or --public-key-file instead of --insecure-skip-signature")
	}
	s.options.overload.announce(s.log)
	var routes []string
	if s.routes != nil {
		routes = s.routes.Namespaces()
	}
	s.options.metrics.announce(s.log, s.metrics.listener.Addr())
	s.options.spool.announce(s.log)
	s.log.Info("sidecar started",
		"namespace", s.options.namespace, "routes", routes, "webhooks", s.webhooks.listener.Addr().String(),
		"health", s.health.listener.Addr().String(), "metrics", s.metrics.listener.Addr().String(),
		"endpointToken", s.options.tokenFile != "", "clientEvents", s.options.clients.tokenFile != "" || (s.routes != nil && s.routes.TakeClients()), "tls", s.tlsVersions(), "spool", s.options.spool.directory)
}

func (s *sidecar) tlsVersions() string {
	if s.certificate == nil {
		return "off"
	}
	return "1.2 or newer"
}

// becomeReady tries until try succeeds, and then clears the reason.
func (s *sidecar) becomeReady(ctx context.Context, reason string, try func(context.Context) error) {
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
			s.log.Error(err, "sidecar waits", "reason", reason, "ready", len(s.readiness.Reasons()) == 0)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(probeInterval):
		}
	}
}

// shutdown tells that no more webhooks should come, takes those that do until
// the word has spread, answers what is under way, waits for its writes, and
// closes. Unless orderly, which is when a server has failed, it does not linger.
func (s *sidecar) shutdown(orderly bool) error {
	s.readiness.Set(shuttingDown)
	s.guard.Drain()
	s.log.Info("sidecar shuts down", "delay", s.options.shutdownDelay.String())
	if orderly {
		<-time.After(s.options.shutdownDelay)
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.options.writeTimeout+shutdownMargin)
	defer cancel()
	err := s.webhooks.server.Shutdown(ctx)
	if err != nil {
		err = fmt.Errorf("requests were cut off: %w", errors.Join(err, s.webhooks.server.Close()))
	}
	s.outbox.Wait()
	if s.spooler != nil {
		err = errors.Join(err, s.spooler.stop())
	}
	if err := s.tracer.Stop(); err != nil {
		s.log.Error(err, "the last spans are lost")
	}
	return errors.Join(err, s.health.server.Close(), s.metrics.server.Close())
}
