// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package loopback

import "testing"

func TestIsHost(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "[::1]": true, "::ffff:127.0.0.1": true,
		"": false, "0.0.0.0": false, "::": false, "10.0.0.1": false, "localhost.example.com": false, "127.0.0.1.nip.io": false, "2130706433": false,
	} {
		if got := IsHost(host); got != want {
			t.Errorf("IsHost(%q) = %v", host, got)
		}
	}
}

func TestIsAddress(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:8080": true, "[::1]:8080": true, "localhost:0": true,
		":8080": false, "0.0.0.0:8080": false, "127.0.0.1": false, "10.0.0.1:8080": false,
	} {
		if got := IsAddress(address); got != want {
			t.Errorf("IsAddress(%q) = %v", address, got)
		}
	}
}
