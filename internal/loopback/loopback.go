// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package loopback recognises addresses of this machine, or of this Pod.
package loopback

import (
	"net"
	"net/netip"
	"strings"
)

// IsHost reports whether a host is this machine: localhost, or an address such as 127.0.0.1 or ::1.
func IsHost(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && address.Unmap().IsLoopback()
}

// IsAddress reports whether only this machine can reach an address with a port.
func IsAddress(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && IsHost(host)
}
