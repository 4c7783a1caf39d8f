// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealth(t *testing.T) {
	readiness := newReadiness("no key", "no API server")
	handler := newHealthHandler(readiness)
	check := func(path string, status int, body string) {
		t.Helper()
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != status || strings.TrimSpace(w.Body.String()) != body {
			t.Errorf("%s: %d %s, want %d %s", path, w.Code, w.Body, status, body)
		}
	}
	check("/healthz", 200, `{"status":"ok"}`)
	check("/readyz", 503, `{"status":"not ready","reasons":["no key","no API server"]}`)
	readiness.Clear("no key")
	check("/readyz", 503, `{"status":"not ready","reasons":["no API server"]}`)
	readiness.Clear("no API server")
	check("/readyz", 200, `{"status":"ok"}`)
	readiness.Set("shutting down")
	readiness.Set("shutting down")
	check("/readyz", 503, `{"status":"not ready","reasons":["shutting down"]}`)
	check("/healthz", 200, `{"status":"ok"}`)
}

// TestServerHasEveryTimeout: a limit of zero is none.
