// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meetingops/meeting-recording-operator/internal/receiver"
)

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

// openCertificate reads the certificate, and returns nil if there is none.
func (s *sidecar) openCertificate(registry prometheus.Registerer) (*receiver.Certificate, error) {
	o := s.options.tls
	if o.certFile == "" {
		return nil, nil
	}
	c, err := receiver.OpenCertificate(receiver.CertificateOptions{
		CertFile: o.certFile, KeyFile: o.keyFile, Now: time.Now, OnError: s.reporter("TLS certificate not read again"),
		OnLoad: func(loaded *tls.Certificate) {
			s.log.Info("TLS certificate loaded", "names", loaded.Leaf.DNSNames, "expires", loaded.Leaf.NotAfter.UTC().Format(time.RFC3339))
		},
	})
	if err != nil {
		return nil, err
	}
	c.Register(registry)
	return c, nil
}
