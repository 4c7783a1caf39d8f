// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"crypto/sha256"
	"math"
	"net/http"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

const (
	// maxReplayed limits the webhooks that are cached, each of about 300 bytes.
	maxReplayed = 4096
	// maxReplayWrites is how many identical webhooks are written one by one within a window: more than a provider would repeat.
	maxReplayWrites = 4
)

// Replays answers identical webhooks from memory. Signatures cover no time, so a captured webhook can be sent forever, and each would cost a
// write. Beyond maxReplayWrites in a window they are counted here, and the next one that is written adds the count. So a webhook is
// written only when one arrives, and never behind those that follow it.
type Replays struct {
	window time.Duration
	mu     sync.Mutex                           // guards all replays, too
	recent *lru.LRU[[sha256.Size]byte, *replay] // by the digest of namespace and body
}

// NewReplays returns Replays with windows of the given length.
func NewReplays(window time.Duration) *Replays {
	recent, _ := lru.NewLRU[[sha256.Size]byte, *replay](maxReplayed, nil) // it only fails for a size of 0
	return &Replays{window: window, recent: recent}
}

// replay is one webhook within one window.
type replay struct {
	since   time.Time
	written int     // deliveries that were written, or are being written
	answer  *answer // to the last that was durable; nil before
	skipped int32   // deliveries that were answered from memory and are not written yet, of any window
}

// recordOnce records an event, unless it is a webhook that came several times within the window: then it is counted, and answered as before.
func (h *Handler) recordOnce(ctx context.Context, x *exchange) *answer {
	if h.Replays == nil || x.isClient {
		return h.record(ctx, x)
	}
	replay, a := h.Replays.next(x)
	if a != nil {
		return a
	}
	a = h.record(ctx, x)
	h.Replays.written(replay, x, *a)
	return a
}

// next counts a delivery, and returns its answer, or nil if it must be recorded. Then it includes the skipped ones.
func (r *Replays) next(x *exchange) (*replay, *answer) {
	digest := sha256.New()
	digest.Write([]byte(x.namespace + "\x00")) // never part of a namespace
	digest.Write(x.body)
	key := [sha256.Size]byte(digest.Sum(nil))
	r.mu.Lock()
	defer r.mu.Unlock()
	of, isKnown := r.recent.Get(key)
	if !isKnown {
		of = new(replay)
		r.recent.Add(key, of)
	}
	if time.Since(of.since) >= r.window { // senders choose how long a request takes to arrive, and clocks jump
		*of = replay{since: time.Now(), skipped: of.skipped}
	}
	if of.written < maxReplayWrites || of.answer == nil {
		of.written++
		if of.skipped > 0 {
			x.deliveries, of.skipped = 1+of.skipped, 0
		}
		return of, nil
	}
	of.skipped = min(of.skipped, math.MaxInt32-2) + 1
	again := *of.answer
	return of, &again
}

// written stores the answer to a durable delivery. A delivery that is not durable leaves its place and its count to the next.
func (r *Replays) written(of *replay, x *exchange, a answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a.status != http.StatusOK && a.status != http.StatusAccepted {
		of.written = max(of.written-1, 0)
		of.skipped += max(x.deliveries-1, 0)
		return
	}
	a.trace, a.isQuiet = nil, true // nothing is written for the next one
	if a.outcome == outcomeRecorded {
		a.outcome, a.result = outcomeDuplicate, string(lifecycle.Duplicate)
	}
	of.answer = &a
}
