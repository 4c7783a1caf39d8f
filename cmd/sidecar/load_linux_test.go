// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const maxRSS = 64 << 20 // read from /proc, which is why this file is of Linux only

// TestForgedFlood sends forged webhooks as fast as they are answered, beside
// slow connections, and genuine webhooks in the middle of it: each of those is
// recorded, and the sidecar stays small. LOAD_FORGED and LOAD_GENUINE say how
// many there are at least, by default few enough for every test run.
func TestForgedFlood(t *testing.T) {
	want, genuine := fromEnv(t, "LOAD_FORGED", 10_000), fromEnv(t, "LOAD_GENUINE", 100)
	// The flood takes the API server's time too, on the same machine.
	p := startProcess(t, "--write-timeout=10s")
	begin := time.Now()
	f := startFlood(t, p.Webhooks, want)
	webhooks := newBatch(t, "http://"+p.Webhooks, genuine)
	webhooks.done.Wait()
	f.awaitEnough()
	rss := peakRSS(t, p.command.Process.Pid)
	answers := f.end()
	took := time.Since(begin)
	webhooks.end()
	forged := 0
	for _, count := range answers {
		forged += count
	}
	t.Logf("%d forged in %s (%.0f/s) answered %v, %d genuine recorded, slowest %s; RSS at most %.1f MiB",
		forged, took.Round(time.Millisecond), float64(forged)/took.Seconds(), answers, len(webhooks.sessions), webhooks.slowest.Round(time.Millisecond), float64(rss)/(1<<20))
	if rss > maxRSS {
		t.Errorf("RSS was %.1f MiB, more than %d", float64(rss)/(1<<20), maxRSS>>20)
	}
	if answers[http.StatusOK] > 0 {
		t.Errorf("%d forged webhooks were accepted", answers[http.StatusOK])
	}
	p.terminate()
	p.wait()
}

func fromEnv(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	value, err := strconv.Atoi(text)
	if err != nil || value < 1 {
		t.Fatalf("%s must be a positive number, not %q", name, text)
	}
	return value
}

// peakRSS is the most memory that a process has had, in bytes.
func peakRSS(t *testing.T, pid int) int64 {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		if size, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(size), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatal("no VmHWM in /proc")
	return 0
}

// batch is a number of genuine webhooks, sent by a few at once.
type batch struct {
	*sender
	slowest time.Duration
}

func newBatch(t *testing.T, url string, count int) *batch {
	t.Helper()
	b := &batch{sender: &sender{t: t, url: url, stop: func() {}, answered: make(chan struct{}, 1)}}
	var next atomic.Int64
	for range 4 {
		b.done.Go(func() {
			for i := next.Add(1); i <= int64(count); i = next.Add(1) {
				begin := time.Now()
				b.sendOne(newSessionID("g", int(i)))
				b.mu.Lock()
				b.slowest = max(b.slowest, time.Since(begin))
				b.mu.Unlock()
			}
		})
	}
	return b
}
