// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// sender sends webhooks, each of another session, one after another over
// connections that it keeps, until stopped.
type sender struct {
	t    *testing.T
	url  string
	stop context.CancelFunc
	done sync.WaitGroup

	mu       sync.Mutex
	sessions []string // that were recorded
	problems []string // every answer but 200, and every error
	answered chan struct{}
}

func newSender(t *testing.T, url string, workers int) *sender {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	s := &sender{t: t, url: url, stop: stop, answered: make(chan struct{}, 1)}
	for worker := range workers {
		s.done.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				s.sendOne(newSessionID(fmt.Sprintf("s%d-", worker), i))
			}
		})
	}
	t.Cleanup(func() { stop(); s.done.Wait() })
	return s
}

func (s *sender) sendOne(sessionID string) {
	problem := s.post(sessionID)
	s.mu.Lock()
	defer s.mu.Unlock()
	if problem == "" {
		s.sessions = append(s.sessions, sessionID)
	} else {
		s.problems = append(s.problems, problem)
	}
	select {
	case s.answered <- struct{}{}:
	default:
	}
}

func (s *sender) post(sessionID string) (problem string) {
	request, err := webhookOf(s.t, sessionID).request(s.url)
	if err != nil {
		return err.Error()
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	content, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return err.Error()
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Sprintf("%d %s", response.StatusCode, content)
	}
	return ""
}

// await returns once that many more were answered.
func (s *sender) await(more int) {
	s.t.Helper()
	timeout := time.After(patience)
	for range more {
		select {
		case <-s.answered:
		case <-timeout:
			s.t.Fatal("webhooks are not answered any more")
		}
	}
}

// end stops sending, and expects that nothing was refused and that everything
// that was acknowledged is in the API server.
func (s *sender) end() {
	s.t.Helper()
	s.stop()
	s.done.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, problem := range s.problems {
		if i == 10 {
			break
		}
		s.t.Errorf("a webhook was refused: %s", problem)
	}
	for _, sessionID := range s.sessions {
		var object v1alpha1.MeetingRecording
		if err := cluster.Get(s.t.Context(), client.ObjectKey{Namespace: "default", Name: lifecycle.Name(meetingID, sessionID, 1)}, &object); err != nil {
			s.t.Errorf("acknowledged, but lost: %v", err)
		} else if len(object.Status.Recording.Events) != 1 {
			s.t.Errorf("%s has the events %+v", object.Name, object.Status.Recording.Events)
		}
	}
	s.t.Logf("%d webhooks acknowledged, %d refused", len(s.sessions), len(s.problems))
}

// TestShutdownDelay: told to end, it is not ready and takes webhooks all the
// same, until the delay is over.
func TestShutdownDelay(t *testing.T) {
	p := startProcess(t, "--shutdown-delay=2s")
	load := newSender(t, "http://"+p.Webhooks, 4)
	load.await(20)
	begin := time.Now()
	p.terminate()
	p.becomes(t, 503, "shutting down")
	load.await(20)
	if status, _ := ask(t, http.MethodGet, "http://"+p.Health+"/readyz", "", false); status != http.StatusServiceUnavailable {
		t.Errorf("/readyz: %d", status)
	}
	load.end()
	p.wait()
	if took := time.Since(begin); took < 2*time.Second || took > 10*time.Second {
		t.Errorf("ended after %s", took)
	}
}

// TestRollingRestart replaces two sidecars, one after the other, behind a
// balancer that follows /readyz: nothing is lost, nothing refused.
func TestRollingRestart(t *testing.T) {
	one, two := startProcess(t, "--shutdown-delay=1s"), startProcess(t, "--shutdown-delay=1s")
	b := newBalancer(t, one.addresses, two.addresses)
	load := newSender(t, b.server.URL, 4)
	load.await(20)
	for _, old := range []*process{one, two} {
		next := startProcess(t, "--shutdown-delay=1s")
		b.add(next.addresses)
		old.terminate()
		old.wait()
		load.await(20)
	}
	load.end()
}

// balancer sends each request to the next sidecar that was ready when it last
// looked, as a Service does.
type balancer struct {
	server *httptest.Server

	mu       sync.Mutex
	backends []addresses
	ready    map[addresses]bool
	next     int
}

func newBalancer(t *testing.T, backends ...addresses) *balancer {
	t.Helper()
	b := &balancer{ready: map[addresses]bool{}}
	for _, backend := range backends {
		b.add(backend)
	}
	b.server = httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: b.pick()})
	}})
	ctx, cancel := context.WithCancel(context.Background())
	var looking sync.WaitGroup
	looking.Go(func() { b.follow(ctx) })
	t.Cleanup(func() { cancel(); looking.Wait(); b.server.Close() })
	return b
}

func (b *balancer) add(backend addresses) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.backends = append(b.backends, backend)
	b.ready[backend] = true
}

func (b *balancer) pick() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range b.backends {
		b.next++
		if backend := b.backends[b.next%len(b.backends)]; b.ready[backend] {
			return backend.Webhooks
		}
	}
	return "127.0.0.1:1" // which refuses, and so fails the test
}

func (b *balancer) follow(ctx context.Context) {
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
		b.mu.Lock()
		backends := append([]addresses{}, b.backends...)
		b.mu.Unlock()
		for _, backend := range backends {
			response, err := http.Get("http://" + backend.Health + "/readyz")
			ready := err == nil && response.StatusCode == http.StatusOK
			if err == nil {
				_ = response.Body.Close()
			}
			b.mu.Lock()
			b.ready[backend] = ready
			b.mu.Unlock()
		}
	}
}
