// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/cache"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
)

const (
	// maxReplayed limits the webhooks that are remembered, each of about 500 bytes.
	maxReplayed = 4096
	// maxReplayWrites is how many identical webhooks are written one by one within a window: as many as a provider may well repeat.
	maxReplayWrites = 4
)

// Replays answers identical webhooks from memory. No time is signed, so whoever has captured a webhook can send it forever; each would cost a
// write. Beyond maxReplayWrites in a window they are counted here, and one write adds the count.
type Replays struct {
	window time.Duration
	recent *cache.LRUExpireCache // of *replay, by the digest of namespace and body
	mu     sync.Mutex            // guards adding to recent
}

// NewReplays returns one that counts for a window at a time. That is less than the redelivery window, so that the count is written as a redelivery.
func NewReplays(window time.Duration, now func() time.Time) *Replays {
	return &Replays{window: window, recent: cache.NewLRUExpireCacheWithClock(maxReplayed, clock{now})}
}

// replay is one webhook within one window.
type replay struct {
	mu      sync.Mutex
	passed  int     // deliveries that were not answered from memory
	answer  *answer // to the last that was durable; nil before
	skipped int32
	last    recorder.Event // the last that was skipped
}

// clock tells the cache the time.
type clock struct{ now func() time.Time }

func (c clock) Now() time.Time { return c.now() }

func (r *Replays) of(x *exchange) *replay {
	digest := sha256.New()
	digest.Write([]byte(x.namespace + "\x00")) // a namespace has no such byte
	digest.Write(x.body)
	key := [sha256.Size]byte(digest.Sum(nil))
	r.mu.Lock()
	defer r.mu.Unlock()
	if found, ok := r.recent.Get(key); ok {
		return found.(*replay)
	}
	fresh := &replay{}
	r.recent.Add(key, fresh, r.window)
	return fresh
}

// recordOnce records an event, unless it is a webhook that came several times within the window: then it is counted, and answered as before.
func (h *Handler) recordOnce(ctx context.Context, x *exchange) *answer {
	if h.Replays == nil || x.isClient {
		return h.record(ctx, x)
	}
	replay, ev := h.Replays.of(x), newEvent(x)
	if a, isFirst := replay.skip(ev); a != nil {
		if isFirst {
			time.AfterFunc(h.Replays.window, func() { h.recordSkipped(replay) })
		}
		x.session = &ev.Session
		return a
	}
	a := h.record(ctx, x)
	replay.keep(a)
	return a
}

// skip counts a delivery and returns its answer, and whether it is the first since the count was written; nil if the delivery is to be
// recorded itself.
func (r *replay) skip(ev recorder.Event) (a *answer, isFirst bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.passed < maxReplayWrites || r.answer == nil {
		r.passed++
		return nil, false
	}
	r.skipped++
	r.last = ev
	again := *r.answer
	return &again, r.skipped == 1
}

// keep keeps the answer to a delivery that is durable.
func (r *replay) keep(a *answer) {
	if a.status != http.StatusOK && a.status != http.StatusAccepted {
		return
	}
	again := *a
	again.trace = nil // nothing is written for the next one
	if again.outcome == outcomeRecorded {
		again.outcome, again.result = outcomeDuplicate, string(lifecycle.Duplicate)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = &again
}

// recordSkipped adds the deliveries that were answered from memory to their event.
func (h *Handler) recordSkipped(r *replay) {
	r.mu.Lock()
	ev := r.last
	ev.Deliveries = r.skipped
	r.skipped = 0
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), h.Timeout)
	defer cancel()
	if _, err := h.Recorder.Record(ctx, ev); err != nil {
		h.Log.Error(err, "Cannot count repeated webhooks", append(ev.LogValues(), "deliveries", ev.Deliveries)...)
	}
}
