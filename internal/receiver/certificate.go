// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"crypto/tls"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/meetingops/meeting-recording-operator/internal/watchedfile"
)

// maxCertificateBytes bounds what is read of a certificate's chain, or of a key.
const maxCertificateBytes = 256 << 10

// Certificate is what a server of webhooks presents. It is read from files, and
// again when these change. Files that can no longer be used leave the last
// certificate in use, also if only one of the two is renewed yet.
type Certificate struct {
	file *watchedfile.File[*tls.Certificate]
}

// CertificateOptions are what a Certificate is made of. All are required.
type CertificateOptions struct {
	// CertFile has the certificate and its chain, KeyFile its private key, both
	// in PEM.
	CertFile, KeyFile string
	Now               func() time.Time
	// OnLoad is called for each certificate that comes into use, and OnError once
	// for each reason why the files cannot be used later.
	OnLoad  func(*tls.Certificate)
	OnError func(error)
}

// OpenCertificate reads a certificate. No error contains any of the key.
func OpenCertificate(o CertificateOptions) (*Certificate, error) {
	parse := func(files []watchedfile.Content) (*tls.Certificate, error) {
		pair, err := watchedfile.ParseCertificate(files)
		if err == nil {
			o.OnLoad(pair)
		}
		return pair, err
	}
	name := func(err error) error { return fmt.Errorf("--tls-cert-file and --tls-key-file: %w", err) }
	onError := func(err error) { o.OnError(name(err)) }
	file, err := watchedfile.Open(parse, watchedfile.Options{MaxBytes: maxCertificateBytes, Now: o.Now, OnError: onError}, o.CertFile, o.KeyFile)
	if err != nil {
		return nil, name(err)
	}
	return &Certificate{file}, nil
}

// Register registers the certificate's metrics. Who reads them has the files read.
func (c *Certificate) Register(registry prometheus.Registerer) {
	registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "meetingrecording_webhook_certificate_expiry_timestamp_seconds",
			Help: "When the certificate of the webhooks' port expires, in seconds since 1970.",
		}, func() float64 { return float64(c.file.Get().Leaf.NotAfter.Unix()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "meetingrecording_webhook_certificate_outdated",
			Help: "1 while the files of the webhooks' certificate cannot be used, so that the last good one is in force; else 0.",
		}, func() float64 { return outdated(c.file.Failure()) }))
}

// Config returns a configuration for TLS 1.2 or newer and HTTP/1.1: the guard
// takes one request at a time on a connection for granted.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.file.Get(), nil },
	}
}
