// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
	certmetrics "sigs.k8s.io/controller-runtime/pkg/certwatcher/metrics"
)

// certificateInterval is how often the files are read, beside when the kernel
// tells of a change: it does not of every kind of volume.
const certificateInterval = 10 * time.Second

// tlsOptions say where the certificate of the webhooks' port is; none is plain
// HTTP.
type tlsOptions struct {
	certFile, keyFile string
}

func (o *tlsOptions) bind(flags *flag.FlagSet) {
	flags.StringVar(&o.certFile, "tls-cert-file", "", "PEM file with the certificate of --webhook-bind-address, and its chain; read again when it changes. Without it webhooks are received over plain HTTP.")
	flags.StringVar(&o.keyFile, "tls-key-file", "", "PEM file with the private key of --tls-cert-file; read again when it changes.")
}

func (o *tlsOptions) validate() error {
	if (o.certFile == "") != (o.keyFile == "") {
		return errors.New("--tls-cert-file and --tls-key-file go together: give both, or neither for plain HTTP")
	}
	return nil
}

// certificate is that of the webhooks' port. A new one that cannot be used
// leaves the last one in force, which the watcher logs.
type certificate struct {
	*certwatcher.CertWatcher
	expires atomic.Int64 // seconds since 1970
}

// openCertificate reads the certificate, and returns nil if there is none.
func (s *sidecar) openCertificate(registry prometheus.Registerer) (*certificate, error) {
	o := s.options.tls
	if o.certFile == "" {
		return nil, nil
	}
	watcher, err := certwatcher.New(o.certFile, o.keyFile)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert-file and --tls-key-file must be a certificate and its private key, both in PEM: %w", err)
	}
	c := &certificate{CertWatcher: watcher.WithWatchInterval(certificateInterval)}
	c.RegisterCallback(func(loaded tls.Certificate) {
		c.expires.Store(loaded.Leaf.NotAfter.Unix())
		s.log.Info("TLS certificate loaded", "names", loaded.Leaf.DNSNames, "expires", loaded.Leaf.NotAfter.UTC().Format(time.RFC3339))
	})
	registry.MustRegister(certmetrics.ReadCertificateErrors, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "meetingrecording_webhook_certificate_expiry_timestamp_seconds",
		Help: "When the certificate of the webhooks' port expires, in seconds since 1970.",
	}, func() float64 { return float64(c.expires.Load()) }))
	return c, nil
}

// listener speaks TLS 1.2 or newer on another one. It is HTTP/1.1 only: the
// bounds of connections take one request at a time for granted.
func (c *certificate) listener(plain net.Listener) net.Listener {
	return tls.NewListener(plain, &tls.Config{
		MinVersion: tls.VersionTLS12, GetCertificate: c.GetCertificate, NextProtos: []string{"http/1.1"},
	})
}

// followCertificate reads the files when they change, until ctx is done.
func (s *sidecar) followCertificate(ctx context.Context) {
	err := s.certificate.Start(ctx)
	if ctx.Err() != nil {
		return
	}
	s.log.Error(err, "TLS certificate is not watched, only read now and then: raise fs.inotify.max_user_watches", "interval", certificateInterval.String())
	report := once(s.reporter("TLS certificate not read again"))
	again := time.NewTicker(certificateInterval)
	defer again.Stop()
	for {
		select {
		case <-again.C:
			report(s.certificate.ReadCertificate())
		case <-ctx.Done():
			return
		}
	}
}

// once reports an error that is not the same as the one before.
func once(report func(error)) func(error) {
	var before string
	return func(err error) {
		if err == nil {
			before = ""
			return
		}
		if err.Error() != before {
			before = err.Error()
			report(err)
		}
	}
}
