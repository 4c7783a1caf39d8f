// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientNetwork is the length of the IPv6 prefix that counts as one client:
// who has an address of it mostly has all.
const clientNetwork = 64

// clientAddress is where a request comes from: the connection's address, or
// when that is a trusted proxy's, the right-most address of X-Forwarded-For
// that is not. What stands left of that was written by the client, and counts
// for nothing. IPv6 addresses are cut to their /64.
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	client, ok := parseHop(r.RemoteAddr)
	if !ok {
		return netip.Addr{}
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !isTrusted(client, trusted) {
			break
		}
		address, ok := parseHop(strings.TrimSpace(hop))
		if !ok {
			break
		}
		client = address
	}
	if client.Is4() {
		return client
	}
	network, err := client.Prefix(clientNetwork)
	if err != nil {
		return client
	}
	return network.Addr()
}

func isTrusted(address netip.Addr, trusted []netip.Prefix) bool {
	return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(address) })
}

// parseHop reads an address with or without a port.
func parseHop(hop string) (netip.Addr, bool) {
	if withPort, err := netip.ParseAddrPort(hop); err == nil {
		return withPort.Addr().Unmap().WithZone(""), true
	}
	address, err := netip.ParseAddr(strings.Trim(hop, "[]"))
	if err != nil {
		return netip.Addr{}, false
	}
	return address.Unmap().WithZone(""), true
}
