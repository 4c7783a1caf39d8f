// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package signing signs outgoing events according to Standard Webhooks (https://www.standardwebhooks.com).
package signing

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// The bounds that the specification sets for a key, in bytes.
const (
	minKeyBytes = 24
	maxKeyBytes = 64
)

// ErrNoKey is returned if there is only white space.
var ErrNoKey = errors.New("no key to sign with")

// Keys are signing keys. During a rotation there are two, and each signs.
type Keys struct{ keys []*standardwebhooks.Webhook }

// Parse reads keys, each "whsec_" and 24 to 64 bytes in base64, separated by white space. Its errors contain nothing of the keys.
func Parse(text string) (Keys, error) {
	var parsed Keys
	for _, word := range strings.Fields(text) {
		encoded, ok := strings.CutPrefix(word, "whsec_")
		key, err := base64.StdEncoding.DecodeString(encoded)
		if !ok || err != nil || len(key) < minKeyBytes || len(key) > maxKeyBytes {
			return Keys{}, fmt.Errorf(
				`the secret must be "whsec_" followed by %d to %d bytes in base64, as in: echo "whsec_$(openssl rand -base64 32)"`, minKeyBytes, maxKeyBytes)
		}
		signer, err := standardwebhooks.NewWebhookRaw(key)
		if err != nil {
			return Keys{}, errors.New("the secret is not a key that can sign")
		}
		parsed.keys = append(parsed.keys, signer)
	}
	if parsed.keys == nil {
		return Keys{}, ErrNoKey
	}
	return parsed, nil
}

// Sign sets the three headers of Standard Webhooks for a body that is sent under an id.
func (k Keys) Sign(header http.Header, id string, body []byte, at time.Time) error {
	signatures := make([]string, len(k.keys))
	for i, key := range k.keys {
		signature, err := key.Sign(id, at, body)
		if err != nil {
			return errors.New("cannot sign the event")
		}
		signatures[i] = signature
	}
	header.Set(standardwebhooks.HeaderWebhookID, id)
	header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	header.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	return nil
}
