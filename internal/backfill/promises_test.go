// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backfill

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/harness/provider"
)

// TestI4 has every file that the provider lists end on exactly one object,
// whatever webhooks were lost, while the provider's API and the API server fail,
// entries repeat, are left out and reordered, replicas whose clocks differ run at
// once and are killed between any two calls.
func TestI4(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			w := newWorld()
			for number := range 60 {
				for _, r := range w.session(number, random.IntN(4), time.Duration(random.IntN(40*60))*time.Minute+time.Minute) {
					if random.IntN(10) > 0 {
						w.cluster.webhook(t, r)
					}
				}
			}
			w.account.MaxPerPage = 7
			w.account.Faults = &provider.Faults{Seed: seed, Rate: 0.1, Delay: time.Second, Kinds: []provider.Fault{
				provider.Unavailable, provider.RateLimited, provider.Slow, provider.Hangs, provider.Breaks, provider.HTML, provider.Renamed, provider.Repeats, provider.Skips, provider.Reorders,
			}}
			var mu sync.Mutex
			var kill context.CancelFunc
			w.cluster.before = func() error {
				mu.Lock()
				defer mu.Unlock()
				switch random.IntN(60) {
				case 0:
					return errAway
				case 1:
					kill()
				}
				return nil
			}
			for range 25 {
				var ctx context.Context
				mu.Lock()
				ctx, kill = context.WithCancel(t.Context())
				mu.Unlock()
				var replicas sync.WaitGroup
				for range 2 {
					mu.Lock()
					skew := []time.Duration{-5 * time.Minute, 0, 3 * time.Minute}[random.IntN(3)]
					readAll := []int{0, 10, readAllAfter}[random.IntN(3)]
					mu.Unlock()
					w.options.Now = func() time.Time { return time.Now().Add(skew) }
					b := w.start(t)
					b.readAllAfter = readAll
					replicas.Go(func() {
						for range 3 {
							_, _ = b.Round(ctx)
						}
					})
				}
				replicas.Wait()
				mu.Lock()
				kill()
				mu.Unlock()
				<-time.After(w.options.Interval)
			}
			w.cluster.before, w.account.Faults, w.options.Now = nil, nil, time.Now
			if _, err := w.start(t).Round(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := w.problems(); err != nil {
				t.Errorf("seed %d:\n%v", seed, err)
			}
		})
	}
}
