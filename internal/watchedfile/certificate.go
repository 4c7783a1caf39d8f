// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package watchedfile

import (
	"crypto/tls"
	"fmt"
)

// ParseCertificate is for Open with two files: a certificate with its chain, and
// its private key, both in PEM. No error contains any of the key.
func ParseCertificate(files []Content) (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair(files[0].Data, files[1].Data)
	if err != nil {
		return nil, fmt.Errorf("must be a certificate and its private key, both in PEM: %w", err)
	}
	return &pair, nil
}
