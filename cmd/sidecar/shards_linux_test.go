// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// TestMemoryOfShards: with as many shards as docs/how-to/shards.md allows, and full caches, a sidecar stays as small as with one, also while half
// of the shards hang.
func TestMemoryOfShards(t *testing.T) {
	const shards, sessions = 32, 4500
	servers := []*testShard{newTestShard(t, "works"), newTestShard(t, "hangs")}
	args := []string{"--spool-dir=" + filepath.Join(t.TempDir(), "spool"), "--write-timeout=10s"}
	for i := range shards {
		kubeconfig := filepath.Join(t.TempDir(), fmt.Sprint(i))
		if err := os.Symlink(servers[i%2].kubeconfig, kubeconfig); err != nil {
			t.Fatal(err)
		}
		args = append(args, fmt.Sprintf("--shard=shard-%d=%s", i, kubeconfig))
	}
	p := startProcess(t, args...)
	send := func(eventType string, atOnce int, want ...int) {
		var next atomic.Int64
		var senders sync.WaitGroup
		for range atOnce {
			senders.Go(func() {
				for i := next.Add(1); i <= sessions; i = next.Add(1) {
					status, got := ask(t, http.MethodPost, "http://"+p.Webhooks+"/webhooks/videosdk", body(eventType, fmt.Sprintf("m-%d", i)), true)
					if !slices.Contains(want, status) {
						t.Errorf("%d %s", status, got)
					}
				}
			})
		}
		senders.Wait()
		rss := peakRSS(t, p.command.Process.Pid)
		t.Logf("after %s RSS was at most %.1f MiB", eventType, float64(rss)/(1<<20))
		if rss > maxRSS {
			t.Errorf("after %s RSS was %.1f MiB, more than %d", eventType, float64(rss)/(1<<20), maxRSS>>20)
		}
	}
	send("recording-started", 16, 200)
	servers[1].state.Store(hangs)
	send("recording-stopping", 200, 200, 202, 503) // 503 where a busy disk takes longer than it may
	servers[1].state.Store(works)
	p.terminate()
	p.wait()
}
