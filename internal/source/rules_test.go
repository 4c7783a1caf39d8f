// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestHostRules(t *testing.T) {
	tests := []struct {
		rule, url string
		want      bool
	}{
		{"*.videosdk.live", "https://cdn.videosdk.live/a", true},
		{"*.videosdk.live", "https://a.b.videosdk.live/a", true},
		{"*.videosdk.live", "https://CDN.VideoSDK.Live./a", true},
		{"*.videosdk.live", "https://cdn.videosdk.live:443/a", true},
		{"*.videosdk.live", "http://cdn.videosdk.live/a", true},
		{"*.videosdk.live", "http://cdn.videosdk.live:80/a", true},
		{"*.videosdk.live", "http://cdn.videosdk.live:443/a", false},
		{"*.videosdk.live", "https://cdn.videosdk.live:80/a", false},
		{"*.videosdk.live", "https://videosdk.live/a", false},
		{"*.videosdk.live", "https://.videosdk.live/a", false},
		{"*.videosdk.live", "https://xvideosdk.live/a", false},
		{"Files.Example.com.", "https://files.example.com/a", true},
		{"files.example.com", "https://a.files.example.com/a", false},
		{"files.example.com:8443", "https://files.example.com:8443/a", true},
		{"files.example.com:8443", "https://files.example.com/a", false},
		{"*.example.com:8443", "https://a.example.com:8443/a", true},
		{"minio_1:9000", "http://minio_1:9000/a", true},
		{"192.0.2.7", "https://192.0.2.7/a", true},
		{"192.0.2.7:81", "http://192.0.2.7:81/a", true},
		{"2001:db8::1", "https://[2001:DB8:0::1]/a", true},
		{"[2001:db8::1]:81", "http://[2001:db8::1]:81/a", true},
		{"[2001:db8::1]:81", "http://[2001:db8::1%25eth0]:81/a", false},
	}
	for _, test := range tests {
		t.Run(test.rule+" "+test.url, func(t *testing.T) {
			rule, err := ParseHostRule(test.rule)
			if err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(test.url)
			if err != nil {
				t.Fatal(err)
			}
			err = urlPolicy{[]HostRule{rule}, true}.check(u)
			if got := err == nil; got != test.want {
				t.Errorf("allowed = %v (%v), want %v", got, err, test.want)
			}
		})
	}
}

func TestParseHostRuleRefuses(t *testing.T) {
	for _, rule := range []string{
		"", "*", "*.", ".", "a..b", "a.*.b", "*a.b", "a b", "https://a.b", "a.b/c", "a:", "a:0", "a:65536", "a:http", "a:1:2",
		"*.192.0.2.1", "[2001:db8::1]", "fe80::1%eth0", "bücher.example", "a@b", "*.*.b",
	} {
		if _, err := ParseHostRule(rule); err == nil {
			t.Errorf("ParseHostRule(%q): no error", rule)
		} else if !strings.Contains(err.Error(), "allowed host") {
			t.Errorf("ParseHostRule(%q): %v", rule, err)
		}
	}
}

// Whatever a subdomain rule allows is below its domain, as the one who wrote the rule reads it.
func TestSubdomainRule(t *testing.T) {
	rule, err := ParseHostRule("*.videosdk.live")
	if err != nil {
		t.Fatal(err)
	}
	policy := urlPolicy{hosts: []HostRule{rule}}
	rapid.Check(t, func(t *rapid.T) {
		host := rapid.StringMatching(`[a-zA-Z0-9.\-_@:\[\]#?/\\%.。．]{0,12}(\.videosdk\.live)?\.?[a-z.:/@]{0,8}`).Draw(t, "host")
		u, err := url.Parse("https://" + host)
		if err != nil || policy.check(u) != nil {
			return
		}
		if name := strings.TrimSuffix(strings.ToLower(u.Hostname()), "."); !strings.HasSuffix(name, ".videosdk.live") {
			t.Fatalf("%q is allowed: its host is %q", u, name)
		}
	})
}

func TestRefusal(t *testing.T) {
	tests := map[string]string{
		"127.0.0.1": "loopback", "127.255.0.1": "loopback", "::1": "loopback", "::ffff:127.0.0.1": "loopback",
		"10.0.0.1": "private", "172.16.0.1": "private", "172.31.255.255": "private", "192.168.1.1": "private",
		"fc00::1": "private", "fd00:ec2::254": "private", "::ffff:10.0.0.1": "private",
		"100.64.0.1": "shared", "100.100.100.200": "shared", "100.127.255.255": "shared",
		"169.254.169.254": "credentials", "::ffff:169.254.169.254": "credentials", "fe80::1": "link-local", "fe80::1%eth0": "link-local",
		"168.63.129.16": "metadata", "192.0.0.192": "reserved",
		"224.0.0.1": "multicast", "239.1.1.1": "multicast", "ff02::1": "multicast",
		"0.0.0.0": "unspecified", "0.1.2.3": "unspecified", "::": "unspecified",
		"255.255.255.255": "reserved", "240.0.0.1": "reserved", "198.18.0.1": "benchmarks", "203.0.113.9": "documentation",
		"64:ff9b::7f00:1": "loopback", "64:ff9b::a9fe:a9fe": "credentials", "64:ff9b::a00:1": "private",
		"2002:7f00:1::": "loopback", "2002:a9fe:a9fe::1": "credentials", "2002:c0a8:101::": "private",
		"64:ff9b:1::a00:1": "not a global", "::10.0.0.1": "not a global", "fec0::1": "not a global", "100::1": "not a global", "5f00::1": "not a global",
		"2001:0:7f00:1::": "Teredo", "2001:db8::1": "documentation",

		"8.8.8.8": "", "172.32.0.1": "", "172.15.0.1": "", "100.63.0.1": "", "100.128.0.1": "", "169.253.0.1": "", "192.167.0.1": "",
		"::ffff:8.8.8.8": "", "64:ff9b::808:808": "", "2002:808:808::": "", "2606:4700::1111": "", "2a00:1450::1": "",
	}
	for text, want := range tests {
		got := refusal(netip.MustParseAddr(text))
		if (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("refusal(%s) = %q, want %q", text, got, want)
		}
	}
}

// However an IPv4 address is written as an IPv6 one, it is checked alike.
func TestRefusalSeesThroughMapping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		four := [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address"))
		mapped := [16]byte{10: 0xff, 11: 0xff, 12: four[0], 13: four[1], 14: four[2], 15: four[3]}
		translated := [16]byte{0: 0, 1: 0x64, 2: 0xff, 3: 0x9b, 12: four[0], 13: four[1], 14: four[2], 15: four[3]}
		tunnelled := [16]byte{0: 0x20, 1: 0x02, 2: four[0], 3: four[1], 4: four[2], 5: four[3]}
		want := refusal(netip.AddrFrom4(four))
		for _, six := range [][16]byte{mapped, translated, tunnelled} {
			if got := refusal(netip.AddrFrom16(six)); got != want {
				t.Fatalf("refusal(%s) = %q, that of %s is %q", netip.AddrFrom16(six), got, netip.AddrFrom4(four), want)
			}
		}
	})
}

// The standard library's notion of what is not public is within ours.
func TestRefusalCoversStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		addr, _ := netip.AddrFromSlice(rapid.OneOf(rapid.SliceOfN(rapid.Byte(), 4, 4), rapid.SliceOfN(rapid.Byte(), 16, 16)).Draw(t, "address"))
		public := addr.IsGlobalUnicast() && !addr.IsPrivate()
		if !public && refusal(addr) == "" {
			t.Fatalf("%s is let through", addr)
		}
	})
}

func TestGuardAddress(t *testing.T) {
	for address, want := range map[string]string{
		"8.8.8.8:443":      "",
		"10.1.2.3:443":     "source is at 10.1.2.3, which is private",
		"[fe80::1%lo]:443": "link-local",
		"/run/socket":      "cannot be checked",
		"localhost:80":     "cannot be checked",
	} {
		err := guardAddress("tcp", address, nil)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("guardAddress(%s) = %v, want %q", address, err, want)
		}
	}
}

func TestBackoff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		retry := rapid.IntRange(0, 1000).Draw(t, "retry")
		asked := time.Duration(rapid.Int64Range(0, int64(24*time.Hour)).Draw(t, "asked"))
		got := Backoff(retry, asked)
		if got < 500*time.Millisecond || got > 2*time.Minute || got < min(asked, 2*time.Minute) {
			t.Fatalf("Backoff(%d, %s) = %s", retry, asked, got)
		}
		if asked == 0 && got > 30*time.Second {
			t.Fatalf("Backoff(%d, 0) = %s", retry, got)
		}
	})
	if first, second := Backoff(0, 0), Backoff(2, 0); first > time.Second || second < 2*time.Second {
		t.Errorf("waits %s, then %s", first, second)
	}
}

func TestRedact(t *testing.T) {
	u, err := url.Parse("https://user:pass@host:1/a%2Fb/c?sig=x#frag")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := Redact(u), "https://host:1/a%2Fb/c"; got != want {
		t.Errorf("Redact = %q, want %q", got, want)
	}
}

func TestProxyAddresses(t *testing.T) {
	for proxy, address := range map[string]string{
		"http://p":           "p:80",
		"https://p":          "p:443",
		"socks5://p":         "p:1080",
		"http://10.0.0.1:81": "10.0.0.1:81",
		"http://[::1]:81":    "[::1]:81",
	} {
		p := newProxies(func(*url.URL) (*url.URL, error) { return url.Parse(proxy) })
		if p.has(address) {
			t.Errorf("%s is known before it was chosen", address)
		}
		if _, err := p.choose(httpGet(t)); err != nil {
			t.Fatal(err)
		}
		if !p.has(address) || p.has("other:80") {
			t.Errorf("after %s was chosen, known are %v", proxy, p.known)
		}
	}
}

func httpGet(t *testing.T) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://files.test/a", nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}
