// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package clientaddress

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, tc := range map[string]struct {
		remote    string
		forwarded []string
		trusted   []netip.Prefix
		want      string
	}{
		"direct":                       {"192.0.2.1:1234", nil, trusted, "192.0.2.1"},
		"a header that nobody trusts":  {"192.0.2.1:1234", []string{"198.51.100.1"}, trusted, "192.0.2.1"},
		"no proxy is trusted":          {"10.0.0.1:1234", []string{"198.51.100.1"}, nil, "10.0.0.1"},
		"a trusted proxy":              {"10.0.0.1:1234", []string{"198.51.100.1"}, trusted, "198.51.100.1"},
		"what the client wrote":        {"10.0.0.1:1234", []string{"203.0.113.9, 198.51.100.1"}, trusted, "198.51.100.1"},
		"two trusted proxies":          {"10.0.0.1:1234", []string{"203.0.113.9, 198.51.100.1 , 10.1.1.1"}, trusted, "198.51.100.1"},
		"several headers":              {"10.0.0.1:1234", []string{"203.0.113.9", "198.51.100.1, 10.2.2.2", "10.1.1.1"}, trusted, "198.51.100.1"},
		"trusted all the way":          {"10.0.0.1:1234", []string{"10.3.3.3, 10.1.1.1"}, trusted, "10.3.3.3"},
		"a trusted proxy says nothing": {"10.0.0.1:1234", nil, trusted, "10.0.0.1"},
		"nonsense ends the walk":       {"10.0.0.1:1234", []string{"198.51.100.1, unknown, 10.1.1.1"}, trusted, "10.1.1.1"},
		"with a port":                  {"10.0.0.1:1234", []string{"198.51.100.1:99"}, trusted, "198.51.100.1"},
		"IPv6 is a /64":                {"[2001:db8:1:2:3:4:5:6]:1234", nil, trusted, "2001:db8:1:2::"},
		"IPv6 by a proxy":              {"[fd00::1]:1234", []string{"[2001:db8:1:2:ffff::1]:99"}, trusted, "2001:db8:1:2::"},
		"IPv6 in brackets":             {"[fd00::1]:1234", []string{"[2001:db8:1:2:ffff::1]"}, trusted, "2001:db8:1:2::"},
		"IPv4 in IPv6":                 {"[::ffff:192.0.2.1]:1234", nil, trusted, "192.0.2.1"},
		"a trusted IPv4 in IPv6":       {"[::ffff:10.0.0.1]:1234", []string{"198.51.100.1"}, trusted, "198.51.100.1"},
		"a port of no number":          {"10.0.0.1:1234", []string{"198.51.100.1:x"}, trusted, "10.0.0.1"},
		"an empty hop":                 {"10.0.0.1:1234", []string{"198.51.100.1,,10.1.1.1"}, trusted, "10.1.1.1"},
		"16 KiB of trusted hops":       {"10.0.0.1:1234", []string{"198.51.100.1," + strings.Repeat("10.1.1.1,", 2000) + "10.1.1.1"}, trusted, "10.1.1.1"},
		"16 KiB that the client wrote": {"10.0.0.1:1234", []string{strings.Repeat("10.1.1.1,", 2000) + "198.51.100.1"}, trusted, "198.51.100.1"},
		"with a zone":                  {"[fe80::1%eth0]:1234", nil, trusted, "fe80::"},
		"not an address":               {"@", []string{"198.51.100.1"}, trusted, "invalid IP"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			r.RemoteAddr = tc.remote
			r.Header["X-Forwarded-For"] = tc.forwarded
			if got := Of(r, tc.trusted).String(); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

// TestForwardedForIsReadBackwards: what a client writes into it costs nothing.
func TestForwardedForIsReadBackwards(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	cost := func(remote, forwarded string) float64 {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-For", forwarded)
		return testing.AllocsPerRun(10, func() { Of(r, trusted) })
	}
	long := strings.Repeat("10.1.1.1, ", 1600)
	for name, got := range map[string]float64{
		"not trusted": cost("192.0.2.1:1", long), "trusted": cost("10.0.0.1:1", long), "by a client": cost("10.0.0.1:1", long+"192.0.2.1"),
	} {
		if got > 2*maxHops {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}
