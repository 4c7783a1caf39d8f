// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// SignatureHeader is the HTTP header that carries the signature: standard,
// padded base64 of RSA-SHA256 (PKCS #1 v1.5) over the raw request body.
const SignatureHeader = "videosdk-signature"

// maxSignatureLength bounds the header's value, in bytes of base64. That of
// the largest key that is accepted has 1,368.
const maxSignatureLength = 2048

// The errors of Verify. The sender has to fix the first three, the receiver the
// last.
var (
	// ErrMissingSignature means that the header is absent or blank.
	ErrMissingSignature = errors.New("the signature is missing: send it in the " + SignatureHeader + " header")
	// ErrMalformedSignature means that the header is not standard, padded
	// base64, or too long to be a signature.
	ErrMalformedSignature = errors.New("the signature is malformed: " + SignatureHeader + " must be standard, padded base64")
	// ErrBadSignature means that no key has signed these bytes, and that every
	// source was asked for its keys since the body arrived.
	ErrBadSignature = errors.New("the signature does not belong to this body: it must be over the raw bytes, by the provider's key")
	// ErrCannotVerify means that no key in use has signed the body, and that a
	// source could not be asked whether it has newer ones. The same body may
	// verify later. It wraps the source's reason.
	ErrCannotVerify = errors.New("cannot check the signature")
)

// KeySource holds public keys of the provider. All methods may be called
// concurrently.
type KeySource interface {
	// Keys returns the keys in use, possibly none, without waiting.
	Keys() []*rsa.PublicKey
	// Refresh looks for newer keys, which Keys then returns. It is called when no
	// key in use has signed a body. An error means that it is not known whether
	// there are newer keys.
	Refresh(ctx context.Context) error
}

// StaticKeys is a KeySource whose keys never change.
type StaticKeys []*rsa.PublicKey

// Keys returns the keys.
func (k StaticKeys) Keys() []*rsa.PublicKey { return k }

// Refresh does nothing.
func (StaticKeys) Refresh(context.Context) error { return nil }

// Verifier verifies the provider's signatures. It is safe for concurrent use.
type Verifier struct {
	sources []KeySource
}

// NewVerifier returns a Verifier that accepts what a key of any source has
// signed. Sources are refreshed in their order, so those that never wait, such
// as files, belong before those that may. Without a source it accepts nothing,
// and answers ErrCannotVerify.
func NewVerifier(sources ...KeySource) *Verifier {
	return &Verifier{sources: slices.Clone(sources)}
}

// Verify returns nil if signature, the value of SignatureHeader, is the
// provider's over body, which must be the request's raw bytes. White space
// around the signature is tolerated, the URL-safe alphabet and missing padding
// are not.
//
// The error is, by errors.Is, one of ErrMissingSignature,
// ErrMalformedSignature, ErrBadSignature and ErrCannotVerify. A signature that no
// key in use has made may wait for the sources to refresh, until ctx is done.
func (v *Verifier) Verify(ctx context.Context, body []byte, signature string) error {
	raw, err := decodeSignature(signature)
	if err != nil {
		return err
	}
	attempt := attempt{digest: sha256.Sum256(body), signature: raw}
	for _, source := range v.sources {
		if attempt.verifies(source.Keys()) {
			return nil
		}
	}
	var failures []error
	for _, source := range v.sources {
		err := source.Refresh(ctx)
		if attempt.verifies(source.Keys()) {
			return nil
		}
		if err != nil {
			failures = append(failures, err)
		}
	}
	if len(failures) > 0 {
		return fmt.Errorf("%w: %w", ErrCannotVerify, errors.Join(failures...))
	}
	if len(v.sources) == 0 {
		return fmt.Errorf("%w: there is no public key", ErrCannotVerify)
	}
	return ErrBadSignature
}

func decodeSignature(header string) ([]byte, error) {
	encoded := strings.TrimSpace(header)
	if encoded == "" {
		return nil, ErrMissingSignature
	}
	// The decoder skips line breaks by itself, which a header cannot have.
	if len(encoded) > maxSignatureLength || strings.ContainsAny(encoded, "\r\n") {
		return nil, ErrMalformedSignature
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil, ErrMalformedSignature
	}
	return raw, nil
}

// attempt is the verification of one body, over one or more sets of keys.
type attempt struct {
	digest    [sha256.Size]byte
	signature []byte
	tried     []*rsa.PublicKey
}

// verifies reports whether one of the keys has made the signature. A key that
// was tried before is not tried again.
func (a *attempt) verifies(keys []*rsa.PublicKey) bool {
	for _, key := range keys {
		if slices.Contains(a.tried, key) {
			continue
		}
		if rsa.VerifyPKCS1v15(key, crypto.SHA256, a.digest[:], a.signature) == nil {
			return true
		}
		a.tried = append(a.tried, key)
	}
	return false
}
