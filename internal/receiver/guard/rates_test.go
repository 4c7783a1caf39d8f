// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
)

// TestClientsAreBounded: more addresses do not make the table grow.
func TestClientsAreBounded(t *testing.T) {
	now := time.Unix(1e9, 0)
	r := NewRates(RateLimits{Failures: 1, FailuresPerClient: 1}, func() time.Time { return now })
	seen := func(i int) {
		var address [4]byte
		binary.BigEndian.PutUint32(address[:], uint32(i))
		r.mu.Lock()
		defer r.mu.Unlock()
		r.client(netip.AddrFrom4(address))
	}
	for i := range 3 * maxClients {
		seen(i)
		seen(0) // is seen all the time, and so never forgotten
	}
	if r.clients.Len() != maxClients {
		t.Errorf("%d clients are remembered, want %d", r.clients.Len(), maxClients)
	}
	if !r.clients.Contains(netip.AddrFrom4([4]byte{})) {
		t.Error("the client that was seen last is forgotten")
	}
}

// TestRatesSurviveAClockThatGoesBack: it neither refuses for long nor forgets.
func TestRatesSurviveAClockThatGoesBack(t *testing.T) {
	now := time.Unix(1e9, 0)
	r := NewRates(RateLimits{Total: 1, PerClient: 1}, func() time.Time { return now })
	address := netip.MustParseAddr("192.0.2.1")
	for r.Admit(address, "") == 0 {
		continue
	}
	now = now.Add(-time.Hour)
	if wait := r.Admit(address, ""); wait > 2*time.Second {
		t.Errorf("wait %s", wait)
	}
	now = now.Add(2 * time.Second)
	if wait := r.Admit(address, ""); wait > 0 {
		t.Errorf("two seconds later still %s", wait)
	}
}
