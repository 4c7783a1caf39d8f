// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package spooled measures a sidecar at two limits of its spool: filled to --spool-max-bytes with one event per session, and while the API
// server takes three seconds for a write.
package spooled

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
	"github.com/meetingops/meeting-recording-operator/test/bench/ours"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// Full is what a sidecar with a full spool does.
type Full struct {
	Sessions         int
	Response, Scrape time.Duration // the longest
	RSS              int64         // bytes, at most
}

// requests is how often a full sidecar is asked.
const requests = 40

// MeasureFull fills a spool to maxBytes, starts a sidecar on it whose API server is unavailable, and asks it.
func MeasureFull(ctx context.Context, p ours.Programs, maxBytes int64) (full Full, err error) {
	const name = "sidecar-full"
	if full.Sessions, err = fill(filepath.Join(p.Folder, name+"-spool"), maxBytes); err != nil {
		return full, fmt.Errorf("fill the spool: %w", err)
	}
	if p.Kubeconfig, err = kubeconfig(p.Folder, name, "http://127.0.0.1:9"); err != nil {
		return full, err
	}
	sidecar, err := p.StartSidecar(ctx, name, fmt.Sprintf("--spool-max-bytes=%d", maxBytes))
	if err != nil {
		return full, err
	}
	defer sidecar.Stop()
	for n := range requests {
		took, _, err := send(ctx, p, sidecar, fmt.Sprintf("full-%d", n))
		if err != nil {
			return full, err
		}
		full.Response = max(full.Response, took)
		begin := time.Now()
		if _, err := scrape(ctx, sidecar); err != nil {
			return full, err
		}
		full.Scrape = max(full.Scrape, time.Since(begin))
	}
	full.RSS, err = peakRSS(sidecar.PID())
	return full, err
}

// fill fills a spool with one event per session, and returns how many there are.
func fill(directory string, maxBytes int64) (sessions int, err error) {
	store, err := spool.Open(directory, spool.Options{MaxBytes: maxBytes, Now: time.Now})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	const atOnce = 1000
	for {
		records := make([]spool.Record, atOnce)
		for i := range records {
			records[i] = outbox.SpooledEvent{Event: recorder.Event{
				Session: recorder.Session{Namespace: "meetings", MeetingID: "hstr-afz3-tt4f", SessionID: fmt.Sprintf("%024x", sessions+i)},
				Event:   lifecycle.Event{Type: v1alpha1.EventStarted, Source: v1alpha1.EventSourceWebhook, ReceivedAt: time.Now()},
			}}.Record(spool.Waiting)
		}
		switch err := spool.AppendNow(store, records); {
		case errors.Is(err, spool.ErrFull):
			return sessions, nil
		case err != nil:
			return sessions, err
		}
		sessions += atOnce
	}
}

// Slow is what a sidecar does while a write takes long.
type Slow struct {
	Events, Written int           // Written counts deliveries in status: one for each event
	Refused         int           // answers that are neither 200 nor 202
	Response        time.Duration // the longest
}

// MeasureSlow sends events, each of a session of its own, while the API server takes so long for each write.
func MeasureSlow(ctx context.Context, p ours.Programs, events int, delay time.Duration) (slow Slow, err error) {
	const name = "sidecar-slow"
	slow.Events = events
	server := newSlowServer(delay)
	defer server.Close()
	if p.Kubeconfig, err = kubeconfig(p.Folder, name, server.URL); err != nil {
		return slow, err
	}
	sidecar, err := p.StartSidecar(ctx, name)
	if err != nil {
		return slow, err
	}
	defer sidecar.Stop()
	var mu sync.Mutex
	var senders sync.WaitGroup
	for n := range events {
		senders.Go(func() {
			took, status, sendErr := send(ctx, p, sidecar, fmt.Sprintf("slow-%d", n))
			mu.Lock()
			defer mu.Unlock()
			err = errors.Join(err, sendErr)
			slow.Response = max(slow.Response, took)
			if status != http.StatusOK && status != http.StatusAccepted {
				slow.Refused++
			}
		})
		harness.Sleep(ctx, 100*time.Millisecond)
	}
	senders.Wait()
	if err != nil {
		return slow, err
	}
	err = harness.Await(ctx, 5*time.Minute, "everything is written", func(ctx context.Context) error {
		metrics, err := scrape(ctx, sidecar)
		if err == nil && !strings.Contains(metrics, "\nmeetingrecording_spool_events 0\n") {
			err = errors.New("events wait in the spool")
		}
		return err
	})
	slow.Written = server.deliveries()
	return slow, err
}

// kubeconfig writes one for an API server without credentials.
func kubeconfig(folder, name, server string) (string, error) {
	path := filepath.Join(folder, name+".kubeconfig")
	return path, os.WriteFile(path, fmt.Appendf(nil, `{"apiVersion":"v1","kind":"Config","current-context":"x",
"clusters":[{"name":"x","cluster":{"server":%q}}],"users":[{"name":"x","user":{}}],"contexts":[{"name":"x","context":{"cluster":"x","user":"x"}}]}`, server), 0o600)
}

func send(ctx context.Context, p ours.Programs, sidecar *ours.Sidecar, session string) (took time.Duration, status int, err error) {
	body, err := json.Marshal(map[string]any{"webhookType": "recording-started", "data": map[string]string{"meetingId": "hstr-afz3-tt4f", "sessionId": session}})
	if err != nil {
		return 0, 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, sidecar.URL, bytes.NewReader(body))
	if err != nil {
		return 0, 0, err
	}
	request.Header.Set(videosdk.SignatureHeader, harness.Sign(p.Key, body))
	begin := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, 0, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return time.Since(begin), response.StatusCode, errors.Join(err, response.Body.Close())
}

func scrape(ctx context.Context, sidecar *ours.Sidecar) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, sidecar.Metrics, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(response.Body)
	return string(content), errors.Join(err, response.Body.Close())
}

// peakRSS is the most memory that a process has had, in bytes.
func peakRSS(pid int) (int64, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(content), "VmHWM:")
	var kib int64
	_, err = fmt.Sscanf(after, "%d kB", &kib)
	return kib << 10, err
}
