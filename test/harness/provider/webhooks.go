// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"time"
)

// Webhook is an event of a recording, or the end of a session.
type Webhook struct {
	Type      string
	Recording Recording
	// WithID adds the recording's id.
	WithID bool
}

// Body is the webhook as the provider sends it.
func (w Webhook) Body() []byte {
	r := w.Recording
	data := map[string]any{"meetingId": r.RoomID, "sessionId": r.SessionID}
	if w.WithID {
		data["id"] = r.ID
	}
	if w.Type == "recording-stopped" && !r.NoFile {
		data["filePath"], data["fileUrl"] = r.WebhookPath(), nil
		if url := r.FileURL(); url != "" {
			data["fileUrl"] = url
		}
		if r.Encrypted {
			data["encryption"] = encryptionJSON(&r)
		}
	}
	body, err := json.Marshal(map[string]any{"webhookType": w.Type, "data": data})
	if err != nil {
		panic(err) // never: they are strings
	}
	return body
}

// Webhooks returns the four webhooks of a recording that goes well, in order.
func Webhooks(r Recording) []Webhook {
	var all []Webhook
	for _, eventType := range []string{"recording-starting", "recording-started", "recording-stopping", "recording-stopped"} {
		all = append(all, Webhook{Type: eventType, Recording: r})
	}
	return all
}

// Delivery is one sending of a webhook.
type Delivery struct {
	Webhook Webhook
	// After is how much later than it should be it is sent.
	After time.Duration
}

// Losses are shares of webhooks, from 0 to 1.
type Losses struct {
	Seed                      uint64
	Lost, Duplicated, Delayed float64
	// MaxDelay bounds the delay of those that are delayed.
	MaxDelay time.Duration
}

// Deliveries returns how a webhook is sent: not at all, once or twice, at once
// or late. The same number has the same fate for the same seed.
func (l Losses) Deliveries(number int, webhook Webhook) []Delivery {
	random := rand.New(rand.NewPCG(l.Seed, uint64(number)))
	lost, duplicated, delayed := random.Float64() < l.Lost, random.Float64() < l.Duplicated, random.Float64() < l.Delayed
	if lost {
		return nil
	}
	first := Delivery{Webhook: webhook}
	if delayed && l.MaxDelay > 0 {
		first.After = time.Duration(random.Int64N(int64(l.MaxDelay)))
	}
	if !duplicated {
		return []Delivery{first}
	}
	return []Delivery{first, {Webhook: webhook, After: first.After}}
}

// Sender sends signed webhooks.
type Sender struct {
	URL    string
	Sign   func(body []byte) string
	Client *http.Client
	// Account, if not nil, keeps the ledger of what was sent.
	Account *Account
}

// Send sends a webhook once, as the provider does, and returns the HTTP status.
func (s Sender) Send(ctx context.Context, webhook Webhook) (int, error) {
	body := webhook.Body()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("videosdk-signature", s.Sign(body))
	client := s.Client
	if client == nil {
		client = http.DefaultClient
	}
	status := 0
	response, err := client.Do(request)
	if err == nil {
		status = response.StatusCode
		_, _ = io.Copy(io.Discard, response.Body)
		err = response.Body.Close()
	}
	if s.Account != nil {
		s.Account.Delivered(webhook.Recording.ID, webhook.Type, status/100 == 2)
	}
	return status, err
}
