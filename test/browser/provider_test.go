// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"testing"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// provider sends webhooks to a sidecar of its own.
type provider struct {
	*harness.Provider
	address string // of the sidecar
}

// newProvider starts a sidecar that takes the provider's webhooks for the world's namespace.
func newProvider(t testing.TB, w *world) *provider {
	t.Helper()
	p := &provider{Provider: harness.NewProvider(), address: harness.Address(t)}
	start(t, "sidecar", "--namespace", w.namespace, "--public-key-file", p.KeyFile(t), "--webhook-bind-address", p.address, "--metrics-bind-address", harness.Address(t))
	return p
}

// send sends one signed webhook, which must be accepted.
func (p *provider) send(t testing.TB, event, meeting, session string) {
	t.Helper()
	webhook := harness.Webhook{Type: event, MeetingID: meeting, SessionID: session}
	if event == "recording-stopped" {
		webhook.FilePath = "/encoded/videos/" + session + ".mp4"
	}
	p.MustSend(t, "http://"+p.address+harness.WebhookPath, webhook)
}
