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
	mu     sync.Mutex            // guards all replays, too
	recent *cache.LRUExpireCache // of *replay, by the digest of namespace and body
}

// NewReplays returns one that counts for a window at a time. That is less than the redelivery window, so that the count is written as a redelivery.
func NewReplays(window time.Duration) *Replays {
	return &Replays{window: window, recent: cache.NewLRUExpireCache(maxReplayed)}
}

// replay is one webhook within one window.
type replay struct {
	passed  int     // deliveries that were not answered from memory
	answer  *answer // to the last that was durable; nil before
	skipped int32
	last    recorder.Event // the last that was skipped
}

// recordOnce records an event, unless it is a webhook that came several times within the window: then it is counted, and answered as before.
func (h *Handler) recordOnce(ctx context.Context, x *exchange) *answer {
	if h.Replays == nil || x.isClient {
		return h.record(ctx, x)
	}
	replay, a := h.next(x)
	if a != nil {
		return a
	}
	a = h.record(ctx, x)
	if a.status == http.StatusOK || a.status == http.StatusAccepted {
		h.Replays.keep(replay, *a)
	}
	return a
}

// next counts a delivery, and returns its answer, or nil if it is to be recorded itself.
func (h *Handler) next(x *exchange) (*replay, *answer) {
	digest := sha256.New()
	digest.Write([]byte(x.namespace + "\x00")) // a namespace has no such byte
	digest.Write(x.body)
	key := [sha256.Size]byte(digest.Sum(nil))
	h.Replays.mu.Lock()
	defer h.Replays.mu.Unlock()
	found, isKnown := h.Replays.recent.Get(key)
	if !isKnown {
		found = &replay{}
		h.Replays.recent.Add(key, found, h.Replays.window)
	}
	r := found.(*replay)
	if r.passed < maxReplayWrites || r.answer == nil {
		r.passed++
		return r, nil
	}
	if r.skipped++; r.skipped == 1 {
		time.AfterFunc(h.Replays.window, func() { h.recordSkipped(r) })
	}
	r.last = newEvent(x)
	again := *r.answer
	return r, &again
}

// keep keeps the answer to a delivery that is durable.
func (r *Replays) keep(of *replay, a answer) {
	a.trace = nil // nothing is written for the next one
	if a.outcome == outcomeRecorded {
		a.outcome, a.result = outcomeDuplicate, string(lifecycle.Duplicate)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	of.answer = &a
}

// recordSkipped adds the deliveries that were answered from memory to their event.
func (h *Handler) recordSkipped(r *replay) {
	h.Replays.mu.Lock()
	ev := r.last
	ev.Deliveries = r.skipped
	r.skipped = 0
	h.Replays.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), h.Timeout)
	defer cancel()
	if _, err := h.Recorder.Record(ctx, ev); err != nil {
		h.Log.Error(err, "Cannot count repeated webhooks", append(ev.LogValues(), "deliveries", ev.Deliveries)...)
	}
}
