// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"testing"
)

// TestDeletedChainIsNotGoneOn: a session whose recordings retention has deleted while they are remembered begins again, not behind what is gone.
func TestDeletedChainIsNotGoneOn(t *testing.T) {
	store := newMemoryStore()
	w := &Writer{Store: store, Windows: testWindows}
	first, second := testName, testName+"-2"
	writeAll(t, w, event(stopped, 0, "/a.mp4"))
	writeAll(t, w, event(stopped, 1000, "/b.mp4"))
	for _, name := range []string{first, second} {
		if len(store.objects[name]) == 0 {
			t.Fatalf("there is no %s", name)
		}
		store.objects[name] = append(store.objects[name], nil)
	}
	store.stale = func(versions int) int {
		if versions > 2 {
			return 1 // what was remembered
		}
		return 0
	}
	got := writeAll(t, w, event(starting, 1e6))
	if len(got) != 1 || got[0].Recording != "meetings/"+first {
		t.Errorf("%+v, want it in %s", got, first)
	}
}
