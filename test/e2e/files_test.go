// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// fileServer serves to Pods: one recorded file at every path that the provider reports, and a gate for each step of the tests' own
// pipelines. A step asks for /step/RECORDING/STEP, and is answered once its gate is open.
type fileServer struct {
	// host is HOST:PORT, and url the same with its scheme, as Pods reach it.
	host, url string
	content   []byte
	sha256    string
	server    *http.Server

	mu    sync.Mutex
	held  map[string]chan struct{}
	calls map[string]int
	posts []string
}

func serveFiles(host, file string) (*fileServer, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	listen := host
	if cluster.kind == existing {
		listen = "" // the address by which Pods come may be a router's
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", net.JoinHostPort(listen, os.Getenv("E2E_FILE_PORT")))
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(content)
	f := &fileServer{
		host: net.JoinHostPort(host, port), content: content, sha256: hex.EncodeToString(digest[:]),
		held: map[string]chan struct{}{}, calls: map[string]int{},
	}
	f.url = "http://" + f.host
	mux := http.NewServeMux()
	mux.HandleFunc("GET /encoded/videos/{file}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "video/mp4")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.content))
	})
	mux.HandleFunc("GET /step/{recording}/{step}", f.step)
	mux.HandleFunc("POST /events", f.event)
	f.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = f.server.Serve(listener) }()
	return f, nil
}

func (f *fileServer) close() { _ = f.server.Close() }

func (f *fileServer) step(w http.ResponseWriter, r *http.Request) {
	path := r.PathValue("recording") + "/" + r.PathValue("step")
	f.mu.Lock()
	f.calls[path]++
	gate := f.held[path]
	f.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-r.Context().Done():
			return
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

func (f *fileServer) event(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.posts = append(f.posts, string(body))
	w.WriteHeader(http.StatusNoContent)
}

// hold has a step of a recording wait until release is called, or the test ends.
func (f *fileServer) hold(t testing.TB, recording, step string) (release func()) {
	gate := make(chan struct{})
	f.mu.Lock()
	f.held[recording+"/"+step] = gate
	f.mu.Unlock()
	release = sync.OnceFunc(func() {
		f.mu.Lock()
		delete(f.held, recording+"/"+step)
		f.mu.Unlock()
		close(gate)
	})
	t.Cleanup(release)
	return release
}

// came returns how often a step of a recording was run.
func (f *fileServer) came(recording, step string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[recording+"/"+step]
}

// told returns how many events were posted that name a recording.
func (f *fileServer) told(recording string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.posts {
		if strings.Contains(p, recording) {
			n++
		}
	}
	return n
}

// awaitStep waits until a step of a recording is at work in its Pod.
func (f *fileServer) awaitStep(t testing.TB, recording, step string) {
	t.Helper()
	harness.Within(t, 2*time.Minute, "step "+step+" of "+recording+" is at work", func(context.Context) error {
		if f.came(recording, step) == 0 {
			return fmt.Errorf("its Pod has not called %s", f.url)
		}
		return nil
	})
}
