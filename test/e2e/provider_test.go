// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// answerTimeout is how long the provider waits for an answer.
const answerTimeout = 15 * time.Second

// provider signs and sends webhooks as VideoSDK does, each over a connection of its own, so that a Service spreads them.
type provider struct {
	*harness.Provider
	// url is where the Service takes webhooks.
	url string
}

func newProvider() *provider {
	p := &provider{Provider: harness.NewProvider()}
	p.Client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: answerTimeout}
	return p
}

// recorded are the webhooks of one new recording, in their order. Its name is that of its MeetingRecording.
type recorded struct {
	name, filePath string
	webhooks       []harness.Webhook
}

// newRecording makes a recording of a meeting, in a session of its own.
func newRecording(meeting string) recorded {
	session := harness.NewSession()
	webhooks := harness.Recording(meeting, session)
	webhooks[3].FileURL = files.url + webhooks[3].FilePath
	return recorded{name: meeting + "-" + session, filePath: webhooks[3].FilePath, webhooks: webhooks}
}

// newMeeting returns an id of the provider's shape.
func newMeeting() string {
	id := harness.NewSession()
	return id[:4] + "-" + id[4:8] + "-" + id[8:12]
}

// send sends a webhook once.
func (p *provider) send(ctx context.Context, w harness.Webhook) (harness.Answer, error) {
	return p.Send(ctx, p.url, w.Body())
}

// reaches returns an error unless a sidecar answers: it refuses what is not signed.
func (p *provider) reaches(ctx context.Context) error {
	got, err := p.Post(ctx, p.url, []byte("{}"), "")
	if err == nil && got.Status != http.StatusUnauthorized {
		err = fmt.Errorf("an unsigned webhook was answered %+v", got)
	}
	return err
}

// mustSend sends webhooks that must all be taken: recorded, or spooled where the API server is slow.
func (p *provider) mustSend(t testing.TB, webhooks ...harness.Webhook) {
	t.Helper()
	for _, w := range webhooks {
		got, err := p.send(t.Context(), w)
		if err != nil {
			t.Fatalf("send %s: %v", w.Type, err)
		}
		if got.Status/100 != 2 || got.Result == "ignored" {
			t.Fatalf("%s was answered %+v, want 200 recorded or 202 spooled", w.Type, got)
		}
	}
}
