// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"errors"
	"net/http"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/signing"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// Secret signs events. During a rotation it has two keys, and signs with each.
type Secret struct{ keys signing.Keys }

// ParseSecret reads keys, each "whsec_" and 24 to 64 bytes in base64, separated by white space. It returns an
// ExitError (Usage) that reveals nothing of them.
func ParseSecret(text string) (Secret, error) {
	keys, err := signing.Parse(text)
	if errors.Is(err, signing.ErrNoKey) {
		return Secret{}, sysexits.New(sysexits.Usage, nil, "no secret to sign with: set --secret-file or NOTIFY_SECRET")
	}
	if err != nil {
		return Secret{}, sysexits.New(sysexits.Usage, nil, "%s", err.Error())
	}
	return Secret{keys}, nil
}

// sign sets the three headers of Standard Webhooks.
func (s Secret) sign(header http.Header, event Event, at time.Time) error {
	if err := s.keys.Sign(header, event.ID, event.body, at); err != nil {
		return sysexits.New(sysexits.Software, nil, "%s", err.Error())
	}
	return nil
}
