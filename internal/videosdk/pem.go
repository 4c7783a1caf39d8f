// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// Sizes of keys that are accepted, in bits. Shorter ones can be forged; longer
// ones only make forged signatures costly to refuse.
const (
	minKeyBits = 2048
	maxKeyBits = 8192
)

// maxKeyBytes bounds the key endpoint's answer, and what is kept of it. A key of
// maxKeyBits has about 1.5 KiB of PEM.
const maxKeyBytes = 64 << 10

// ParsePublicKeys returns the public keys of all PEM blocks of data: "PUBLIC KEY",
// "RSA PUBLIC KEY" or "CERTIFICATE", of which only the key counts. Text around
// the blocks is ignored. It fails if there is no block, if one is incomplete
// or of another type, and on keys that are not RSA or of a refused size.
func ParsePublicKeys(data []byte) ([]*rsa.PublicKey, error) {
	var keys []*rsa.PublicKey
	begun := bytes.Count(data, []byte("-----BEGIN "))
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		key, err := parseBlock(block)
		if err != nil {
			return nil, fmt.Errorf("PEM block %d: %w", len(keys)+1, err)
		}
		keys = append(keys, key)
	}
	switch {
	case begun == 0:
		return nil, errors.New("no PEM block found; expected -----BEGIN PUBLIC KEY-----")
	case len(keys) < begun:
		// pem.Decode skips what it cannot read.
		return nil, fmt.Errorf("%d of %d PEM blocks are incomplete or damaged", begun-len(keys), begun)
	}
	return keys, nil
}

func parseBlock(block *pem.Block) (*rsa.PublicKey, error) {
	var parsed any
	var err error
	switch {
	case block.Type == "PUBLIC KEY":
		parsed, err = x509.ParsePKIXPublicKey(block.Bytes)
	case block.Type == "RSA PUBLIC KEY":
		parsed, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case block.Type == "CERTIFICATE":
		var certificate *x509.Certificate
		if certificate, err = x509.ParseCertificate(block.Bytes); err == nil {
			parsed = certificate.PublicKey
		}
	case strings.Contains(block.Type, "PRIVATE KEY"):
		return nil, errors.New("is a private key; only public keys belong here, so remove it")
	default:
		return nil, fmt.Errorf("has type %.40q, expected PUBLIC KEY", block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", block.Type, err)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("is a key of another kind (%T), expected RSA", parsed)
	}
	return key, checkKey(key)
}

func checkKey(key *rsa.PublicKey) error {
	switch bits := key.N.BitLen(); {
	case bits < minKeyBits:
		return fmt.Errorf("is an RSA key of %d bits, at least %d are needed", bits, minKeyBits)
	case bits > maxKeyBits:
		return fmt.Errorf("is an RSA key of %d bits, at most %d are accepted", bits, maxKeyBits)
	case key.E < 3 || key.E%2 == 0:
		return fmt.Errorf("is an RSA key with the unsafe exponent %d", key.E)
	}
	return nil
}
