// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"net/netip"
	"syscall"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// refused are the networks that recordings are not fetched from, with descriptions: the entries of IANA's special-purpose
// address registries that are not globally reachable, multicast, and the metadata addresses of clouds outside of them.
var refused = []struct {
	prefix netip.Prefix
	what   string
}{
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local, where clouds keep credentials"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "shared (carrier-grade NAT)"},
	{netip.MustParsePrefix("168.63.129.16/32"), "a cloud's metadata service"},
	{netip.MustParsePrefix("0.0.0.0/8"), "unspecified"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},
	{netip.MustParsePrefix("192.0.0.0/24"), "reserved"},
	{netip.MustParsePrefix("192.0.2.0/24"), "reserved for documentation"},
	{netip.MustParsePrefix("198.51.100.0/24"), "reserved for documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "reserved for documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "reserved"},
	{netip.MustParsePrefix("198.18.0.0/15"), "reserved for benchmarks"},

	{netip.MustParsePrefix("::1/128"), "loopback"},
	{netip.MustParsePrefix("::/128"), "unspecified"},
	{netip.MustParsePrefix("fe80::/10"), "link-local"},
	{netip.MustParsePrefix("fc00::/7"), "private"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
	{netip.MustParsePrefix("2001::/23"), "reserved (Teredo and others)"},
	{netip.MustParsePrefix("2001:db8::/32"), "reserved for documentation"},
	{netip.MustParsePrefix("3fff::/20"), "reserved for documentation"},
}

var (
	globalIPv6 = netip.MustParsePrefix("2000::/3")
	nat64      = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: the last 4 bytes are the IPv4 address that is reached
	sixToFour  = netip.MustParsePrefix("2002::/16")    // RFC 3056: bytes 2 to 5 are
)

// refusal describes an address that must not be connected to; it is empty for a public address. An IPv6 address that contains an IPv4 address
// is checked as that.
func refusal(addr netip.Addr) string {
	addr = embedded(addr.Unmap().WithZone(""))
	for _, r := range refused {
		if r.prefix.Contains(addr) {
			return r.what
		}
	}
	if addr.Is6() && !globalIPv6.Contains(addr) {
		return "not a global address"
	}
	return ""
}

func embedded(addr netip.Addr) netip.Addr {
	bytes := addr.As16()
	switch {
	case nat64.Contains(addr):
		return netip.AddrFrom4([4]byte(bytes[12:]))
	case sixToFour.Contains(addr):
		return netip.AddrFrom4([4]byte(bytes[2:6]))
	}
	return addr
}

// guardAddress is a net.Dialer's Control: it runs after the name was looked up, with the address that is about to be connected to, so no
// second lookup can return another one.
func guardAddress(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return sysexits.New(sysexits.NoPerm, err, "source address %q cannot be checked", address)
	}
	if what := refusal(target.Addr()); what != "" {
		return sysexits.New(sysexits.NoPerm, nil,
			"source is at %s, which is %s; if recordings are kept there, use --allow-private-addresses", target.Addr(), what)
	}
	return nil
}

// Refusal describes an address that URLs from outside must not make us connect to, such as "private"; it is empty for a public address.
func Refusal(addr netip.Addr) string { return refusal(addr) }
