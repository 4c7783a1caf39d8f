// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
)

// readiness holds the reasons why the receiver should get no webhooks. A reason that was cleared can be set again.
type readiness struct {
	mu      sync.Mutex
	reasons []string
}

// newReadiness returns a readiness with these reasons.
func newReadiness(reasons ...string) *readiness {
	return &readiness{reasons: slices.Clone(reasons)}
}

// Set adds a reason.
func (r *readiness) Set(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.reasons, reason) {
		r.reasons = append(r.reasons, reason)
	}
}

// Clear removes a reason.
func (r *readiness) Clear(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reasons = slices.DeleteFunc(r.reasons, func(other string) bool { return other == reason })
}

// Reasons returns the reasons, none if the receiver is ready.
func (r *readiness) Reasons() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.reasons)
}

// newHealthHandler serves the probes' port: /healthz, which answers 200 while the program runs, and /readyz, which answers 503 and the
// reasons while it should get no webhooks.
func newHealthHandler(readiness *readiness) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeHealth(w, http.StatusOK, "ok", nil)
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if reasons := readiness.Reasons(); len(reasons) > 0 {
			writeHealth(w, http.StatusServiceUnavailable, "not ready", reasons)
			return
		}
		writeHealth(w, http.StatusOK, "ok", nil)
	})
	return mux
}

func writeHealth(w http.ResponseWriter, status int, state string, reasons []string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The prober is gone if this fails; it asks again.
	_ = json.NewEncoder(w).Encode(struct {
		Status  string   `json:"status"`
		Reasons []string `json:"reasons,omitempty"`
	}{state, reasons})
}
