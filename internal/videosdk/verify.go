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

// What Verify answers. The first three are the sender's to mend, the last is
// ours.
var (
	// ErrMissingSignature tells that the header is absent or blank.
	ErrMissingSignature = errors.New("the signature is missing: send it in the " + SignatureHeader + " header")
	// ErrMalformedSignature tells that the header is not standard, padded
	// base64, or too long to be a signature.
	ErrMalformedSignature = errors.New("the signature is malformed: " + SignatureHeader + " must be standard, padded base64")
	// ErrBadSignature tells that no known key has signed these bytes.
	ErrBadSignature = errors.New("the signature does not belong to this body: it must be over the raw bytes, by the provider's key")
	// ErrNoKey tells that the signature could not be judged, because some
	// source has no key yet and no other source's key has signed the body.
	// Trying again later may succeed. It wraps the source's reason.
	ErrNoKey = errors.New("no public key to verify the signature with")
)

// KeySource holds public keys of the provider. All methods may be called
// concurrently.
type KeySource interface {
	// Keys returns the keys in force, at least one unless the error is set. A
	// source returns the same pointers until its keys change.
	Keys(ctx context.Context) ([]*rsa.PublicKey, error)
	// Refresh is called when none of the keys has signed a body. It looks for
	// newer ones, as often as the source allows; Keys then returns them. On a
	// failure the keys stay as they were, and the source reports it itself.
	Refresh(ctx context.Context)
	// Verified tells the source that key, one of its own, has signed a body.
	Verified(key *rsa.PublicKey)
}

// Verifier verifies the provider's signatures. It is safe for concurrent use.
type Verifier struct {
	sources []KeySource
}

// NewVerifier returns a Verifier that accepts what a key of any source has
// signed. The sources are asked in their order, so those that never wait, such
// as FileKeys, belong before those that may. Without a source it accepts
// nothing, and answers ErrNoKey.
func NewVerifier(sources ...KeySource) *Verifier {
	return &Verifier{sources: slices.Clone(sources)}
}

// Verify returns nil if signature, the value of SignatureHeader, is the
// provider's over body, which must be the request's raw bytes. White space
// around the signature is tolerated, the URL-safe alphabet and missing padding
// are not.
//
// The error is, by errors.Is, one of ErrMissingSignature,
// ErrMalformedSignature, ErrBadSignature and ErrNoKey. A signature that no
// known key made may wait for the sources to refresh, until ctx is done.
func (v *Verifier) Verify(ctx context.Context, body []byte, signature string) error {
	raw, err := decodeSignature(signature)
	if err != nil {
		return err
	}
	attempt := attempt{digest: sha256.Sum256(body), signature: raw}
	if attempt.try(ctx, v.sources) == nil {
		return nil
	}
	for _, source := range v.sources {
		source.Refresh(ctx)
	}
	return attempt.try(ctx, v.sources)
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

// attempt is the verification of one body, over one or more tries.
type attempt struct {
	digest    [sha256.Size]byte
	signature []byte
	tried     []*rsa.PublicKey
}

// try tries the sources' keys that were not tried before.
func (a *attempt) try(ctx context.Context, sources []KeySource) error {
	if len(sources) == 0 {
		return ErrNoKey
	}
	var missing error
	for _, source := range sources {
		keys, err := source.Keys(ctx)
		if err != nil {
			missing = fmt.Errorf("%w: %w", ErrNoKey, err)
			continue
		}
		if key := a.signer(keys); key != nil {
			source.Verified(key)
			return nil
		}
	}
	if missing != nil {
		return missing
	}
	return ErrBadSignature
}

// signer returns the key that has made the signature, or nil.
func (a *attempt) signer(keys []*rsa.PublicKey) *rsa.PublicKey {
	for _, key := range keys {
		if slices.Contains(a.tried, key) {
			continue
		}
		if rsa.VerifyPKCS1v15(key, crypto.SHA256, a.digest[:], a.signature) == nil {
			return key
		}
		a.tried = append(a.tried, key)
	}
	return nil
}
