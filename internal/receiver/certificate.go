// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// maxCertificateBytes bounds what is read of a certificate's chain, or of a key.
const maxCertificateBytes = 256 << 10

// Certificate is what a server of webhooks presents. It is read from files, and
// again when those change; files that can no longer be used, be it because only
// one of the two is renewed yet, leave the last certificate in force.
type Certificate struct {
	CertificateOptions

	mu        sync.Mutex
	digest    [sha256.Size]byte // of the files that were read last
	current   *tls.Certificate
	failure   error // of those files; nil if they are in force
	reported  string
	checkedAt time.Time
}

// CertificateOptions are what a Certificate is made of. All are required.
type CertificateOptions struct {
	// CertFile has the certificate and its chain, KeyFile its private key, both
	// in PEM.
	CertFile, KeyFile string
	Now               func() time.Time
	// OnLoad is told of each certificate that comes into force, and OnError, once
	// for each reason, when the files become unusable later.
	OnLoad  func(*tls.Certificate)
	OnError func(error)
}

// NewCertificate reads a certificate. No error holds any of the key.
func NewCertificate(options CertificateOptions) (*Certificate, error) {
	c := &Certificate{CertificateOptions: options, checkedAt: options.Now()}
	if c.read(); c.failure != nil {
		return nil, c.failure
	}
	c.OnLoad(c.current)
	return c, nil
}

// Register registers the certificate's metrics. Whoever reads them has the files
// looked at.
func (c *Certificate) Register(registry prometheus.Registerer) {
	registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "meetingrecording_webhook_certificate_expiry_timestamp_seconds",
			Help: "When the certificate of the webhooks' port expires, in seconds since 1970.",
		}, func() float64 { return float64(c.inForce().Leaf.NotAfter.Unix()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "meetingrecording_webhook_certificate_outdated",
			Help: "1 while the files of the webhooks' certificate cannot be used, so that the last good one is in force; else 0.",
		}, func() float64 {
			c.inForce()
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.failure != nil {
				return 1
			}
			return 0
		}))
}

// Listener speaks TLS 1.2 or newer on another one. It is HTTP/1.1 only:
// [Connections] take one request at a time for granted.
func (c *Certificate) Listener(plain net.Listener) net.Listener {
	return tls.NewListener(plain, &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.inForce(), nil },
	})
}

// inForce returns the certificate, after a look at the files if it is time.
func (c *Certificate) inForce() *tls.Certificate {
	current, loaded, failure := c.reload()
	if loaded {
		c.OnLoad(current)
	}
	if failure != nil {
		c.OnError(failure)
	}
	return current
}

// reload is inForce without the reports: what it returns is to be reported.
func (c *Certificate) reload() (current *tls.Certificate, loaded bool, failure error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.Now()
	if now.Sub(c.checkedAt) < tokenCheckInterval {
		return c.current, false, nil
	}
	c.checkedAt = now
	before := c.current
	c.read()
	switch {
	case c.failure == nil:
		c.reported = ""
	case c.failure.Error() != c.reported:
		c.reported = c.failure.Error()
		failure = fmt.Errorf("%w; the last good certificate stays in force", c.failure)
	}
	return c.current, c.current != before, failure
}

// read reads the files and, if they can be used, puts them into force. It is
// called with mu held.
func (c *Certificate) read() {
	chain, err := readRegularFile(c.CertFile, maxCertificateBytes)
	if err != nil {
		c.failure, c.digest = fmt.Errorf("--tls-cert-file: %w", err), [sha256.Size]byte{}
		return
	}
	key, err := readRegularFile(c.KeyFile, maxCertificateBytes)
	if err != nil {
		c.failure, c.digest = fmt.Errorf("--tls-key-file: %w", err), [sha256.Size]byte{}
		return
	}
	one, other := sha256.Sum256(chain), sha256.Sum256(key)
	digest := sha256.Sum256(append(one[:], other[:]...))
	if digest == c.digest {
		return
	}
	c.digest, c.failure = digest, nil
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		c.failure = fmt.Errorf("--tls-cert-file and --tls-key-file must be a certificate and its private key, both in PEM: %w", err)
		return
	}
	c.current = &pair
}
