// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// The bounds that the Standard Webhooks specification sets for a key, in bytes.
const (
	minKeyBytes = 24
	maxKeyBytes = 64
)

// Secret signs events. While one key replaces another it has both, and signs with each.
type Secret struct{ keys []*standardwebhooks.Webhook }

// ParseSecret reads keys, each "whsec_" and 24 to 64 bytes in base64, with white space between them. It returns an
// ExitError (Usage) that tells nothing of them.
func ParseSecret(text string) (Secret, error) {
	var s Secret
	for _, word := range strings.Fields(text) {
		encoded, ok := strings.CutPrefix(word, "whsec_")
		key, err := base64.StdEncoding.DecodeString(encoded)
		if !ok || err != nil || len(key) < minKeyBytes || len(key) > maxKeyBytes {
			return Secret{}, sysexits.New(sysexits.Usage, nil,
				`the secret must be "whsec_" followed by %d to %d bytes in base64, as in: echo "whsec_$(openssl rand -base64 32)"`, minKeyBytes, maxKeyBytes)
		}
		signer, err := standardwebhooks.NewWebhookRaw(key)
		if err != nil {
			return Secret{}, sysexits.New(sysexits.Usage, nil, "the secret is no key that can sign")
		}
		s.keys = append(s.keys, signer)
	}
	if s.keys == nil {
		return Secret{}, sysexits.New(sysexits.Usage, nil, "no secret to sign with: set --secret-file or NOTIFY_SECRET")
	}
	return s, nil
}

// sign sets the three headers of Standard Webhooks.
func (s Secret) sign(header http.Header, event Event, at time.Time) error {
	signatures := make([]string, len(s.keys))
	for i, key := range s.keys {
		signature, err := key.Sign(event.ID, at, event.body)
		if err != nil {
			return sysexits.New(sysexits.Software, nil, "cannot sign the event")
		}
		signatures[i] = signature
	}
	header.Set(standardwebhooks.HeaderWebhookID, event.ID)
	header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	header.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	return nil
}
