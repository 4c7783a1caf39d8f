// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

const (
	// maxInFlight is how many webhooks are sent at the same time.
	maxInFlight = 64
	// responseTimeout is how long a sidecar may take to respond.
	responseTimeout = 15 * time.Second
	// maxResponse is how much of a response is read.
	maxResponse = 1 << 16
)

// Sender sends the webhooks of a plan.
type Sender struct {
	// URL is the sidecar's, with its endpoint token.
	URL string
	Key *Key
	// Client sends; nil stands for one with a timeout.
	Client *http.Client
	// Report is called for each webhook, one at a time.
	Report func(Result)
}

// Result is what came of a webhook.
type Result struct {
	Delivery
	// Status and Response are the sidecar's; 0 where it was lost on purpose, or Err is set.
	Status   int
	Response []byte
	Err      error
}

// Accepted reports whether the sidecar has the event.
func (r Result) Accepted() bool { return r.Status/100 == 2 }

// Send sends the webhooks at their times until ctx is done, and waits for the responses. A session's webhooks are sent one
// after another, in the order of the plan.
func (s *Sender) Send(ctx context.Context, plan []Delivery) error {
	client := s.Client
	if client == nil {
		client = &http.Client{Timeout: responseTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: maxInFlight}}
		defer client.CloseIdleConnections()
	}
	var senders sync.WaitGroup
	defer senders.Wait()
	var reporting sync.Mutex
	report := func(r Result) {
		reporting.Lock()
		defer reporting.Unlock()
		s.Report(r)
	}
	slots := make(chan struct{}, maxInFlight)
	previous := map[string]chan struct{}{} // closed when the session's last webhook has its response
	start := time.Now()
	for _, delivery := range plan {
		if err := sleep(ctx, time.Until(start.Add(delivery.At))); err != nil {
			return err
		}
		if delivery.Lost {
			report(Result{Delivery: delivery})
			continue
		}
		// What a webhook waits for has its slot already, so that all slots cannot wait.
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		before, done := previous[delivery.Session], make(chan struct{})
		previous[delivery.Session] = done
		senders.Go(func() {
			defer close(done)
			defer func() { <-slots }()
			if before != nil {
				<-before
			}
			report(s.send(ctx, client, delivery))
		})
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Sender) send(ctx context.Context, client *http.Client, delivery Delivery) Result {
	result := Result{Delivery: delivery}
	result.Status, result.Response, result.Err = s.post(ctx, client, delivery.Body)
	return result
}

func (s *Sender) post(ctx context.Context, client *http.Client, body []byte) (status int, response []byte, err error) {
	signature, err := s.Key.Sign(body)
	if err != nil {
		return 0, nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(videosdk.SignatureHeader, signature)
	got, err := client.Do(request)
	if err != nil {
		return 0, nil, fmt.Errorf("send a webhook: %w", err)
	}
	defer func() { err = errors.Join(err, got.Body.Close()) }()
	response, err = io.ReadAll(io.LimitReader(got.Body, maxResponse))
	return got.StatusCode, bytes.TrimSpace(response), err
}
