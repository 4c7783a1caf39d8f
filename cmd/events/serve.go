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
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/access"
	"github.com/meetingops/meeting-recording-operator/internal/apicheck"
	"github.com/meetingops/meeting-recording-operator/internal/diagnostics"
	"github.com/meetingops/meeting-recording-operator/internal/follow"
	"github.com/meetingops/meeting-recording-operator/internal/metricsserver"
	"github.com/meetingops/meeting-recording-operator/internal/page"
	"github.com/meetingops/meeting-recording-operator/internal/receiver/guard"
	"github.com/meetingops/meeting-recording-operator/internal/stream/feed"
	"github.com/meetingops/meeting-recording-operator/internal/stream/server"
	"github.com/meetingops/meeting-recording-operator/internal/watchedfile"
)

// closeTimeout is how long requests in flight may take when the server ends.
const closeTimeout = 20 * time.Second

// serve sets everything up and serves until the context ends.
func serve(ctx context.Context, flags *flags, cfg *rest.Config, logger logr.Logger) error {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return fmt.Errorf("set up the scheme: %w", err)
	}
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme: scheme, Logger: logger, HealthProbeBindAddress: flags.healthAddress, Metrics: ctrlmetrics.Options{BindAddress: "0"},
	})
	if err != nil {
		return fmt.Errorf("set up: %w", err)
	}
	if err := metricsserver.Add(ctx, mgr, flags.metricsAddress, nil); err != nil {
		return err
	}
	recordings, err := client.NewWithWatch(cfg, client.Options{Scheme: scheme})
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	reviewer, err := access.NewReviewer(cfg, access.Options{Audiences: flags.tokenAudiences, Clock: clock.RealClock{}})
	if err != nil {
		return err
	}
	handler, err := page.Handler(page.Options{MediaHosts: flags.mediaHosts, LogsURL: flags.logsURL, Heartbeat: flags.heartbeat})
	if err != nil {
		return fmt.Errorf("set up the page: %w", err)
	}
	var feeds []*feed.Feed
	diagnostics.RegisterBuild(metrics.Registry, "events")
	counts := feed.NewMetrics(metrics.Registry)
	for _, namespace := range flags.served() {
		f := feed.New(follow.Source{Client: recordings, Namespace: namespace}, time.Now, logger.WithName("feed"), counts)
		feeds = append(feeds, f)
		if err := mgr.Add(manager.RunnableFunc(f.Run)); err != nil {
			return fmt.Errorf("set up a watch: %w", err)
		}
	}
	live := server.New(server.Options{
		Feeds: feeds, Recordings: recordings, Reviewer: reviewer, Audiences: flags.tokenAudiences, Page: handler, Heartbeat: flags.heartbeat,
		MaxStreams: flags.maxStreams, MaxStreamsPerUser: flags.maxStreamsPerUser, TrustedProxies: flags.trustedProxies, Origins: flags.origins,
		Metrics: server.NewMetrics(metrics.Registry), Log: logger.WithName("server"),
	})
	web := &web{live: live, http: server.NewHTTP(live.Handler(), logger), delay: flags.shutdownDelay, log: logger}
	if err := web.listen(ctx, flags); err != nil {
		return err
	}
	checker, err := apicheck.New(cfg, flags.namespaces, logger.WithName("namespaces"), v1alpha1.GroupVersion.WithResource("meetingrecordings"))
	if err != nil {
		return err
	}
	checker.Check(ctx)
	if err := errors.Join(mgr.Add(checker), mgr.Add(web), mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("recordings", web.ready)); err != nil {
		return fmt.Errorf("set up the server: %w", err)
	}
	return mgr.Start(ctx)
}

// maxCertificateBytes bounds what is read of a certificate's chain, or of a key.
const maxCertificateBytes = 256 << 10

// web is the public server.
type web struct {
	live        *server.Server
	http        *http.Server
	listener    net.Listener
	certificate *watchedfile.File[*tls.Certificate] // nil without TLS
	delay       time.Duration
	log         logr.Logger
	ending      chan struct{}
}

// listen begins to listen, so that an address that is taken is reported at once.
func (w *web) listen(ctx context.Context, flags *flags) error {
	w.ending = make(chan struct{})
	if flags.certFile != "" {
		var err error
		options := watchedfile.Options{MaxBytes: maxCertificateBytes, OnError: func(err error) { w.log.Error(err, "TLS certificate not reloaded") }}
		if w.certificate, err = watchedfile.Open(watchedfile.ParseCertificate, options, flags.certFile, flags.keyFile); err != nil {
			return fmt.Errorf("--tls-cert-file and --tls-key-file: %w", err)
		}
		w.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return w.certificate.Get(), nil
		}}
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", flags.address)
	if err != nil {
		return fmt.Errorf("listen at --bind-address: %w", err)
	}
	w.bound(listener, flags.connections())
	w.log.Info("Serving events", "address", w.listener.Addr().String(), "tls", w.certificate != nil)
	return nil
}

// bound limits the server's open connections; a stream's counts until the stream ends. Others wait in the kernel's queue, and replace one
// that has no request.
func (w *web) bound(listener net.Listener, limit int) {
	handler := w.http.Handler
	w.http.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		guard.ConnOf(r).SetBusy(true)
		handler.ServeHTTP(rw, r)
	})
	w.http.ConnState = func(conn net.Conn, state http.ConnState) {
		if over, ok := conn.(*tls.Conn); ok {
			conn = over.NetConn()
		}
		if held, ok := conn.(*guard.Conn); ok && state == http.StateIdle { // with HTTP/2, once it has no request left
			held.Answered()
		}
	}
	w.listener = guard.NewConnections(limit, nil).Listen(w.http, listener, w.http.TLSConfig)
}

// ready is the readiness check.
func (w *web) ready(*http.Request) error {
	select {
	case <-w.ending:
		return errors.New("shutting down")
	default:
	}
	return w.live.Ready()
}

// Start serves until the context ends, and then ends the streams.
func (w *web) Start(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() {
		failed <- w.http.Serve(w.listener)
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	close(w.ending)
	linger := time.NewTimer(w.delay)
	defer linger.Stop()
	<-linger.C
	w.live.Drain()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	defer w.live.Wait(closing)
	if err := w.http.Shutdown(closing); err != nil {
		w.log.Error(err, "Requests in flight cut off")
		return w.http.Close()
	}
	return nil
}

// NeedLeaderElection is false: every replica serves.
func (w *web) NeedLeaderElection() bool { return false }
