// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/shard"
	"github.com/meetingops/meeting-recording-operator/test/bench/ours"
	"github.com/meetingops/meeting-recording-operator/test/bench/script"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// load is webhooks for a receiver, and their answers.
type load struct {
	*bench
	receiver *ours.Sidecar
	script   script.Script

	mu      sync.Mutex
	answers []answer
}

// answer is a webhook's.
type answer struct {
	shard  string
	sent   time.Time
	took   time.Duration
	status int
}

func (b *bench) newLoad(receiver *ours.Sidecar, recordings int) *load {
	b.tags++
	return &load{bench: b, receiver: receiver, script: script.Script{Tag: fmt.Sprintf("%08x", b.tags), Recordings: recordings, Events: script.Lifecycle}}
}

// sendSteadily begins recordings at a steady rate, whatever the answers are, and sends the events of each one after the other.
func (l *load) sendSteadily(ctx context.Context) error {
	begin := time.Now()
	failures := make([]error, l.script.Recordings)
	var senders sync.WaitGroup
	for i := range l.script.Recordings {
		senders.Go(func() {
			at := begin.Add(time.Second * time.Duration(i) / perSecond)
			for event := range l.script.Events {
				if !harness.Sleep(ctx, time.Until(at)) {
					failures[i] = ctx.Err()
					return
				}
				if failures[i] = l.sendOne(ctx, i, event); failures[i] != nil {
					return
				}
				at = at.Add(between)
			}
		})
	}
	senders.Wait()
	return errors.Join(failures...)
}

func (l *load) sendOne(ctx context.Context, recording, event int) error {
	of := l.script.Recording(recording)
	body := of.Body(l.script.Events[event])
	signature := harness.Sign(l.key, body)
	sent := time.Now()
	got, err := new(harness.Provider).Post(ctx, l.receiver.URL, body, signature)
	if err != nil {
		return fmt.Errorf("send a webhook: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers = append(l.answers, answer{shard.Of(names, of.SessionID), sent, time.Since(sent), got.Status})
	return nil
}
