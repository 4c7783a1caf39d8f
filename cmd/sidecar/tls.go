// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meetingops/meeting-recording-operator/internal/watchedfile"
)

// tlsOptions say where the certificate of the webhooks' port is; none is plain
// HTTP.
type tlsOptions struct {
	certFile, keyFile string
}

func (o *tlsOptions) bind(flags *flag.FlagSet) {
	flags.StringVar(&o.certFile, "tls-cert-file", "", "PEM file with the certificate chain of --webhook-bind-address; reloaded on change. Plain HTTP without it.")
	flags.StringVar(&o.keyFile, "tls-key-file", "", "PEM file with the private key of --tls-cert-file; reloaded on change.")
}

func (o *tlsOptions) validate() error {
	if (o.certFile == "") != (o.keyFile == "") {
		return errors.New("--tls-cert-file and --tls-key-file go together: set both, or neither for plain HTTP")
	}
	return nil
}

// maxCertificateBytes limits the size of a certificate chain, or of a key.
const maxCertificateBytes = 256 << 10

// openCertificate reads the certificate of the webhook port, or returns nil if there is none. It is read again when its files change. If they
// cannot be used, or only one of them has been renewed yet, the last certificate stays in use. No error contains any of the key.
func (s *sidecar) openCertificate(registry prometheus.Registerer) (*watchedfile.File[*tls.Certificate], error) {
	o := s.options.tls
	if o.certFile == "" {
		return nil, nil
	}
	name := func(err error) error { return fmt.Errorf("--tls-cert-file and --tls-key-file: %w", err) }
	report := s.reporter("TLS certificate not reloaded")
	file, err := watchedfile.Open(func(files []watchedfile.Content) (*tls.Certificate, error) {
		loaded, err := watchedfile.ParseCertificate(files)
		if err == nil {
			s.log.Info("TLS certificate loaded", "names", loaded.Leaf.DNSNames, "expires", loaded.Leaf.NotAfter.UTC().Format(time.RFC3339))
		}
		return loaded, err
	}, watchedfile.Options{MaxBytes: maxCertificateBytes, OnError: func(err error) { report(name(err)) }}, o.certFile, o.keyFile)
	if err != nil {
		return nil, name(err)
	}
	// Reading the metrics reads the files again.
	registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "meetingrecording_webhook_certificate_expiry_timestamp_seconds",
			Help: "Expiry of the webhook port's certificate, in seconds since 1970.",
		}, func() float64 { return float64(file.Get().Leaf.NotAfter.Unix()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "meetingrecording_webhook_certificate_outdated",
			Help: "1 while new certificate files cannot be used and the last good certificate stays in use, else 0.",
		}, file.Outdated))
	return file, nil
}

// webhookTLS returns the configuration of the webhooks' port, for TLS 1.2 or newer and HTTP/1.1: the guard takes one request at a time on
// a connection for granted. It is nil without a certificate.
func (s *sidecar) webhookTLS() *tls.Config {
	if s.certificate == nil {
		return nil
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.certificate.Get(), nil },
	}
}
