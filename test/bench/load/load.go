// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package load sends webhooks as the provider does. They are signed before, so that signing takes nothing from what is measured.
package load

import (
	"bytes"
	"context"
	"crypto/rsa"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
	"github.com/meetingops/meeting-recording-operator/test/bench/script"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

const (
	// again is the pause before a webhook is sent again that was not taken.
	again = 50 * time.Millisecond
	// maxBroken is how many connections may break under one webhook until that is an error.
	maxBroken = 20
	// NoAnswer stands for the status of a webhook whose connection broke.
	NoAnswer = 0
)

// webhook is a request that is ready to be sent.
type webhook struct {
	body      []byte
	signature string
}

// Load is a script's webhooks, signed, and connections to send them on.
type Load struct {
	script   script.Script
	url      string
	webhooks []webhook // by recording, then event
	client   *http.Client

	mu      sync.Mutex
	answers map[int]int
}

// New signs a script's webhooks for an URL. It takes about a millisecond of CPU each.
func New(s script.Script, url string, key *rsa.PrivateKey) (*Load, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	l := &Load{
		script: s, url: url, webhooks: make([]webhook, 0, s.Recordings*len(s.Events)), answers: map[int]int{},
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: s.Senders, MaxConnsPerHost: s.Senders}, Timeout: time.Minute},
	}
	for i := range s.Recordings {
		recording := s.Recording(i)
		for _, event := range s.Events {
			body := recording.Body(event)
			l.webhooks = append(l.webhooks, webhook{body, harness.Sign(key, body)})
		}
	}
	return l, nil
}

// Warm opens the connections, with a webhook each that is not about recordings.
func (l *Load) Warm(ctx context.Context, key *rsa.PrivateKey) error {
	body := harness.Webhook{Type: "session-started", MeetingID: "m", SessionID: "s"}.Body()
	other := webhook{body, harness.Sign(key, body)}
	errs := make(chan error, l.script.Senders)
	for range l.script.Senders {
		go func() {
			code, err := l.send(ctx, other)
			if err == nil && code != http.StatusOK {
				err = fmt.Errorf("the sidecar answers %d to a webhook that is not about recordings, want 200", code)
			}
			errs <- err
		}()
	}
	for range l.script.Senders {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}

// Play sends everything, and returns when the last is acknowledged. A webhook that is refused for now (429, 503), or whose connection
// breaks, is sent again until it is taken, and its sample has all the time that took.
func (l *Load) Play(ctx context.Context) (script.Played, error) {
	samples, err := l.script.Play(ctx, func(ctx context.Context, recording, event int) error {
		for broken := 0; ; {
			code, err := l.send(ctx, l.webhooks[recording*len(l.script.Events)+event])
			if err != nil {
				if broken++; broken > maxBroken || ctx.Err() != nil {
					return err
				}
				code = NoAnswer
			}
			l.count(code)
			switch code {
			case http.StatusOK, http.StatusAccepted:
				return nil
			case http.StatusTooManyRequests, http.StatusServiceUnavailable, NoAnswer:
				if !harness.Sleep(ctx, again) {
					return ctx.Err()
				}
			default:
				return fmt.Errorf("the sidecar answers %d to a webhook", code)
			}
		}
	})
	return script.Played{Samples: samples, Answers: l.answers}, err
}

func (l *Load) count(code int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers[code]++
}

func (l *Load) send(ctx context.Context, w webhook) (code int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(w.body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(videosdk.SignatureHeader, w.signature)
	response, err := l.client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("send a webhook: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // it was read
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0, fmt.Errorf("read the answer to a webhook: %w", err)
	}
	return response.StatusCode, nil
}
