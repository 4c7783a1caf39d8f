// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/chaos/plan"
)

func get(t *testing.T, address string) error {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err == nil {
		_ = response.Body.Close()
	}
	return err
}

// TestLink: what is done to connections can be undone.
func TestLink(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	way, err := newLink("test", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer way.proxy.Stop()
	done := map[string]bool{"": true}
	for _, fault := range plan.Faults(plan.Size{Faults: 100, Duration: time.Hour}) {
		if done[fault.Toxic] {
			continue
		}
		done[fault.Toxic] = true
		undo, err := way.spoil(fault.Toxic, fault.Share)
		if err != nil {
			t.Fatalf("%s: %v", fault.Toxic, err)
		}
		if err := get(t, way.address()); err == nil && fault.Toxic == plan.Down {
			t.Error("a way that is down leads somewhere")
		}
		if err := undo(); err != nil {
			t.Fatalf("%s: %v", fault.Toxic, err)
		}
		if err := get(t, way.address()); err != nil {
			t.Errorf("after %s: %v", fault.Toxic, err)
		}
	}
	if _, err := way.spoil("no such", 100); err == nil {
		t.Error("a toxic that does not exist is added")
	}
}
