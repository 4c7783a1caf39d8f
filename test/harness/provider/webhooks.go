// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"encoding/json"
	"math/rand/v2"
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
