// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// TestMemoryOfShards: with as many shards as docs/how-to/shards.md allows, and full caches, a sidecar stays as small as with one.
func TestMemoryOfShards(t *testing.T) {
	const shards, sessions = 32, 4500
	server := newTestShard(t, "all")
	args := []string{"--spool-dir=" + filepath.Join(t.TempDir(), "spool"), "--write-timeout=10s"}
	for i := range shards {
		kubeconfig := filepath.Join(t.TempDir(), fmt.Sprint(i))
		if err := os.Symlink(server.kubeconfig, kubeconfig); err != nil {
			t.Fatal(err)
		}
		args = append(args, fmt.Sprintf("--shard=shard-%d=%s", i, kubeconfig))
	}
	p := startProcess(t, args...)
	var next atomic.Int64
	var senders sync.WaitGroup
	for range 16 {
		senders.Go(func() {
			for i := next.Add(1); i <= sessions; i = next.Add(1) {
				status, got := ask(t, http.MethodPost, "http://"+p.Webhooks+"/webhooks/videosdk", body("recording-started", newSessionID("m", int(i))), true)
				if status != 200 {
					t.Errorf("%d %s", status, got)
				}
			}
		})
	}
	senders.Wait()
	rss := peakRSS(t, p.command.Process.Pid)
	t.Logf("RSS was at most %.1f MiB", float64(rss)/(1<<20))
	if rss > maxRSS {
		t.Errorf("RSS was %.1f MiB, more than %d", float64(rss)/(1<<20), maxRSS>>20)
	}
	p.terminate()
	p.wait()
}
