// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"net"
	"net/http"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/client-go/rest"
	certutil "k8s.io/client-go/util/cert"
	"k8s.io/utils/clock"

	"github.com/meetingops/meeting-recording-operator/internal/access"
)

// metricsOptions configure the metrics endpoint.
type metricsOptions struct {
	address string
	secure  bool
}

func (o *metricsOptions) bind(flags *flag.FlagSet) {
	flags.StringVar(&o.address, "metrics-bind-address", "127.0.0.1:8082", "Address of /metrics, over plain HTTP without --metrics-secure.")
	flags.BoolVar(&o.secure, "metrics-secure", false,
		"Serve metrics over HTTPS to clients with RBAC for nonResourceURLs /metrics; needs create on tokenreviews and subjectaccessreviews.")
}

// handler serves the metrics, behind authentication with --metrics-secure.
func (o *metricsOptions) handler(registry *prometheus.Registry, cluster *rest.Config, log logr.Logger) (http.Handler, error) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	if !o.secure {
		return mux, nil
	}
	reviewer, err := access.NewReviewer(cluster, access.Options{Clock: clock.RealClock{}})
	if err != nil {
		return nil, fmt.Errorf("--metrics-secure: %w", err)
	}
	return access.Protect(reviewer, mux, log.WithName("metrics")), nil
}

// certificate returns the configuration for HTTPS, with a certificate that it
// signs itself, as the manager does for its metrics; nil for plain HTTP.
func (o *metricsOptions) certificate() (*tls.Config, error) {
	if !o.secure {
		return nil, nil
	}
	host, _, err := net.SplitHostPort(o.address)
	if err != nil {
		return nil, fmt.Errorf("--metrics-bind-address: %w", err)
	}
	if host == "" {
		host = "localhost"
	}
	certificate, key, err := certutil.GenerateSelfSignedCertKey(host, nil, []string{"localhost"})
	if err != nil {
		return nil, fmt.Errorf("--metrics-secure: make a certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("--metrics-secure: make a certificate: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}, nil
}

// announce warns if anyone who reaches the port can read the metrics.
func (o *metricsOptions) announce(log logr.Logger, address net.Addr) {
	if tcp, ok := address.(*net.TCPAddr); o.secure || (ok && tcp.IP.IsLoopback()) {
		return
	}
	log.Info("WARNING: metrics are not protected", "address", address.String(),
		"hint", "anyone who reaches the port can read them; set --metrics-secure, or a loopback address for --metrics-bind-address")
}
