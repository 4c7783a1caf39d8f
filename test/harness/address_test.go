// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"net"
	"testing"
)

// TestFreeAddress: what is returned is free, and what is not is passed over.
func TestFreeAddress(t *testing.T) {
	seen := map[string]bool{}
	for range 10 {
		address, err := FreeAddress()
		if err != nil {
			t.Fatal(err)
		}
		if seen[address] {
			t.Fatalf("%s is returned twice", address)
		}
		seen[address] = true
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		taken.Add(-1) // the next one would be the same, were it free
		t.Cleanup(func() { _ = listener.Close() })
	}
}
