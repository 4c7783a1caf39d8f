// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	maxRSS = 64 << 20 // read from /proc, which is why this file is of Linux only
	// forgers send forged webhooks over a connection each, another one in
	// hugeForgers with a body of the greatest size; silent connections send
	// half a body and then nothing.
	forgers     = 200
	hugeForgers = 20
	silent      = 350
)

// TestForgedFlood sends forged webhooks as fast as they are answered, beside
// slow connections, and genuine webhooks in the middle of it: each of those is
// recorded, and the sidecar stays small. LOAD_FORGED and LOAD_GENUINE say how
// many there are at least, by default few enough for every test run.
func TestForgedFlood(t *testing.T) {
	want, genuine := int64(fromEnv(t, "LOAD_FORGED", 10_000)), fromEnv(t, "LOAD_GENUINE", 100)
	// The flood takes the API server's time too, on the same machine.
	p := startProcess(t, "--write-timeout=10s")
	f := &flood{t: t, address: p.Webhooks, stop: make(chan struct{}), answers: map[int]int{}}
	f.start()
	begin := time.Now()
	webhooks := newBatch(t, "http://"+p.Webhooks, genuine)
	webhooks.done.Wait()
	for f.count.Load() < want {
		if time.Since(begin) > 20*time.Minute {
			t.Fatal("the flood does not come to an end")
		}
		<-time.After(10 * time.Millisecond)
	}
	took := time.Since(begin)
	rss := peakRSS(t, p.command.Process.Pid)
	close(f.stop)
	f.done.Wait()
	webhooks.end()
	t.Logf("%d forged in %s (%.0f/s) answered %v, %d genuine recorded, slowest %s; RSS at most %.1f MiB",
		f.count.Load(), took.Round(time.Millisecond), float64(f.count.Load())/took.Seconds(), f.answers, len(webhooks.sessions), webhooks.slowest.Round(time.Millisecond), float64(rss)/(1<<20))
	if rss > maxRSS {
		t.Errorf("RSS was %.1f MiB, more than %d", float64(rss)/(1<<20), maxRSS>>20)
	}
	if f.answers[http.StatusOK] > 0 {
		t.Errorf("%d forged webhooks were accepted", f.answers[http.StatusOK])
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

// flood is all that a stranger can send.
type flood struct {
	t       *testing.T
	address string
	stop    chan struct{}
	done    sync.WaitGroup
	count   atomic.Int64 // forged requests that were answered

	mu      sync.Mutex
	answers map[int]int // by status
}

func (f *flood) start() {
	small, huge := forgedRequest(f.t, 600), forgedRequest(f.t, 64<<10)
	for i := range forgers {
		request := small
		if i%hugeForgers == 0 {
			request = huge
		}
		f.done.Go(func() { f.repeat(func(conn net.Conn) bool { return f.exchange(conn, request) }) })
	}
	for range silent {
		f.done.Go(func() {
			f.repeat(func(conn net.Conn) bool {
				if _, err := conn.Write(huge[:len(huge)/2]); err != nil {
					return false
				}
				_, _ = io.Copy(io.Discard, conn) // until it is cut
				return false
			})
		})
	}
}

func forgedRequest(t *testing.T, size int) []byte {
	t.Helper()
	signature := make([]byte, 256)
	if _, err := rand.Read(signature); err != nil {
		t.Fatal(err)
	}
	content := strings.Replace(body("recording-started", "forged"), "{", "{"+strings.Repeat(" ", size-100), 1)
	return fmt.Appendf(nil, "POST /webhooks/videosdk HTTP/1.1\r\nHost: x\r\nvideosdk-signature: %s\r\nContent-Length: %d\r\n\r\n%s",
		base64.StdEncoding.EncodeToString(signature), len(content), content)
}

// repeat connects, and does something until it returns false; then again.
func (f *flood) repeat(something func(net.Conn) bool) {
	for !f.stopped() {
		conn, err := net.Dial("tcp", f.address)
		if err != nil {
			continue
		}
		ended := make(chan struct{})
		go func() { // ends whatever waits when the flood ends
			select {
			case <-f.stop:
			case <-ended:
			}
			_ = conn.Close()
		}()
		for !f.stopped() && something(conn) {
			continue
		}
		close(ended)
	}
}

func (f *flood) stopped() bool {
	select {
	case <-f.stop:
		return true
	default:
		return false
	}
}

func (f *flood) exchange(conn net.Conn, request []byte) (again bool) {
	if _, err := conn.Write(request); err != nil {
		return false
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return false
	}
	f.count.Add(1)
	f.mu.Lock()
	f.answers[response.StatusCode]++
	f.mu.Unlock()
	return !response.Close
}
