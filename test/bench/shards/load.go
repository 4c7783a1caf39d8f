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

// load is a steady one: so many recordings begin in a second, whatever the answers are.
type load struct {
	*bench
	receiver *ours.Sidecar
	play     script.Script
	between  time.Duration // two events of a recording

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

// newLoad starts a receiver of some shards, and returns the load for it.
func (b *bench) newLoad(ctx context.Context, name string, shards []string, recordings int, between time.Duration) (*load, error) {
	b.tags++
	receiver, err := b.startReceiver(ctx, name, shards)
	return &load{
		bench: b, receiver: receiver, between: between,
		play: script.Script{Tag: fmt.Sprintf("%08x", b.tags), Recordings: recordings},
	}, err
}

// send begins recordings at a steady rate, and sends the events of each one after the other.
func (l *load) send(ctx context.Context) error {
	begin := time.Now()
	failures := make([]error, l.play.Recordings)
	var senders sync.WaitGroup
	for i := range l.play.Recordings {
		senders.Go(func() {
			recording, at := l.play.Recording(i), begin.Add(time.Second*time.Duration(i)/perSecond)
			for _, event := range script.Lifecycle {
				if !harness.Sleep(ctx, time.Until(at)) {
					failures[i] = ctx.Err()
					return
				}
				if failures[i] = l.sendOne(ctx, recording, event); failures[i] != nil {
					return
				}
				at = at.Add(l.between)
			}
		})
	}
	senders.Wait()
	return errors.Join(failures...)
}

func (l *load) sendOne(ctx context.Context, recording script.Recording, event string) error {
	body := recording.Body(event)
	signature := harness.Sign(l.key, body)
	sent := time.Now()
	got, err := new(harness.Provider).Post(ctx, l.receiver.URL, body, signature)
	if err != nil {
		return fmt.Errorf("send a webhook: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers = append(l.answers, answer{shard.Of(names, recording.SessionID), sent, time.Since(sent), got.Status})
	return nil
}
