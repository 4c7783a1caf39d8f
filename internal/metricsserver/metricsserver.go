// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metricsserver serves a program's metrics over HTTPS to authorized clients. controller-runtime's server reads 1 MiB of headers on any
// number of connections before it authenticates them, and every Pod of the cluster may reach the port: 200 connections exceeded the manager's
// memory.
package metricsserver

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	certutil "k8s.io/client-go/util/cert"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/meetingops/meeting-recording-operator/internal/access"
	"github.com/meetingops/meeting-recording-operator/internal/receiver/guard"
)

const (
	// maxConnections is enough for a few readers.
	maxConnections = 32
	// timeout is how long a response may take, and requests in flight at the end: Prometheus' default.
	timeout = 10 * time.Second
)

// Add makes the manager serve the metrics at the address, unless it is 0, and the other handlers at their paths.
func Add(ctx context.Context, mgr manager.Manager, address string, others map[string]http.Handler) error {
	if address == "0" {
		return nil
	}
	reviewer, err := access.NewReviewer(mgr.GetConfig(), access.Options{Clock: clock.RealClock{}})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(metrics.Registry, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError}))
	for path, handler := range others {
		mux.Handle(path, handler)
	}
	server, err := listen(ctx, address, access.Protect(reviewer, mux, mgr.GetLogger().WithName("metrics")), mgr.GetLogger())
	if err != nil {
		return fmt.Errorf("serve metrics: %w", err)
	}
	return mgr.Add(server)
}

// listen opens the port, with a self-signed certificate.
func listen(ctx context.Context, address string, handler http.Handler, log logr.Logger) (*manager.Server, error) {
	certificate, key, err := certutil.GenerateSelfSignedCertKey("localhost", []net.IP{{127, 0, 0, 1}}, nil)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	server, shutdown := guard.NewServer(guard.Hold(handler), timeout, log), timeout
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	return &manager.Server{
		Name: "metrics", Server: server, Listener: guard.NewConnections(maxConnections, nil).Listen(server, listener, config), ShutdownTimeout: &shutdown,
	}, nil
}
