// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Sample is one event that was played.
type Sample struct {
	// Recording and Event are positions in the script.
	Recording int `json:"r"`
	Event     int `json:"e"`
	// Sent is when it was sent, in nanoseconds of Unix time, and Took how long it took until it was durable, in nanoseconds.
	Sent int64 `json:"s"`
	Took int64 `json:"t"`
}

// Played is what came of a script.
type Played struct {
	Samples []Sample `json:"samples"`
	// Answers counts the answers by HTTP status, those included after which the same event was sent again.
	Answers map[int]int `json:"answers,omitempty"`
}

// Act makes one event of a recording durable.
type Act func(ctx context.Context, recording, event int) error

// Play has the script's senders play all recordings, and returns when the last event is durable, or with the first error.
func (s Script) Play(ctx context.Context, act Act) ([]Sample, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	samples := make([]Sample, s.Recordings*len(s.Events))
	var next atomic.Int64
	var senders sync.WaitGroup
	for range s.Senders {
		senders.Go(func() {
			for ctx.Err() == nil {
				recording := int(next.Add(1) - 1)
				if recording >= s.Recordings {
					return
				}
				for event := range s.Events {
					sent := time.Now()
					if err := act(ctx, recording, event); err != nil {
						cancel(err)
						return
					}
					samples[recording*len(s.Events)+event] = Sample{recording, event, sent.UnixNano(), int64(time.Since(sent))}
				}
			}
		})
	}
	senders.Wait()
	return samples, context.Cause(ctx)
}
