// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package clientaddress finds the address that a request comes from, even behind proxies.
package clientaddress

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

const (
	// clientNetwork is the length of the IPv6 prefix that counts as one client: an
	// owner of one address usually owns the prefix.
	clientNetwork = 64
	// maxHops is how many trusted proxies a request may have come through.
	maxHops = 16
)

// Of returns where a request comes from: the connection's address, or
// if that is a trusted proxy's, the right-most address of X-Forwarded-For that
// is not. What is left of that was written by the client, so it is not read.
// IPv6 addresses are cut to their /64.
func Of(r *http.Request, trusted []netip.Prefix) netip.Addr {
	client, ok := parseHop(r.RemoteAddr)
	if !ok {
		return netip.Addr{}
	}
	if isTrusted(client, trusted) {
		client = forwardedFor(r.Header.Values("X-Forwarded-For"), client, trusted)
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

// forwardedFor reads the header backwards, no further than it is believed.
func forwardedFor(values []string, proxy netip.Addr, trusted []netip.Prefix) netip.Addr {
	hops := 0
	for _, rest := range slices.Backward(values) {
		for more := true; more; hops++ {
			comma := strings.LastIndexByte(rest, ',')
			address, ok := parseHop(strings.TrimSpace(rest[comma+1:]))
			if !ok || hops == maxHops {
				return proxy
			}
			if !isTrusted(address, trusted) {
				return address
			}
			proxy = address
			if more = comma >= 0; more {
				rest = rest[:comma]
			}
		}
	}
	return proxy
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
