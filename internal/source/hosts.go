// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// DefaultHosts are the hosts that recordings come from by default: the provider's, as in the fileUrl of its recording-stopped webhook.
var DefaultHosts = []string{"*.videosdk.live"}

// HostRule allows one host, or every subdomain of one, on one port.
type HostRule struct {
	name      string // lower case, without trailing dot; for an IP address its canonical form
	subdomain bool   // "*.name": any subdomain, but not name itself
	port      string // empty: the scheme's default port
}

// ParseHostRule reads "host", "*.host", "host:port" or "*.host:port". An IPv6 address with a port needs brackets.
// Without a port the rule allows the scheme's default port only (443 for https, 80 for http).
func ParseHostRule(s string) (HostRule, error) {
	host, port := s, ""
	if _, err := netip.ParseAddr(s); err != nil && strings.ContainsAny(s, ":]") {
		if host, port, err = net.SplitHostPort(s); err != nil {
			return HostRule{}, fmt.Errorf("allowed host %q: must be host, *.host, host:port or [IPv6]:port", s)
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return HostRule{}, fmt.Errorf("allowed host %q: port must be a number from 1 to 65535", s)
		}
	}
	rest, subdomain := strings.CutPrefix(host, "*.")
	name := canonicalHost(rest)
	if !isHostName(name) {
		return HostRule{}, fmt.Errorf("allowed host %q: must be a host name or IP address, with \"*.\" only in front; "+
			"write international names in their xn-- form", s)
	}
	if _, err := netip.ParseAddr(name); err == nil && subdomain {
		return HostRule{}, fmt.Errorf("allowed host %q: an IP address has no subdomains", s)
	}
	return HostRule{name: name, subdomain: subdomain, port: port}, nil
}

// matches reports whether the rule allows host (in canonical form) on port for scheme.
func (r HostRule) matches(host, port, scheme string) bool {
	want := r.port
	if want == "" {
		want = defaultPort(scheme)
	}
	if port != want {
		return false
	}
	if r.subdomain {
		return strings.HasSuffix(host, "."+r.name)
	}
	return host == r.name
}

// urlPolicy decides which URLs may be requested at all, before any name is looked up.
type urlPolicy struct {
	hosts     []HostRule
	allowHTTP bool
}

// check returns an ExitError (NoPerm) when u must not be requested. It holds for the first URL and every redirect.
func (p urlPolicy) check(u *url.URL) error {
	switch {
	case u.Scheme == "http" && !p.allowHTTP:
		return sysexits.New(sysexits.NoPerm, nil,
			"source %s uses http, which anyone on the path can read and change; use https, or --allow-http", Redact(u))
	case u.Scheme != "https" && u.Scheme != "http":
		return sysexits.New(sysexits.NoPerm, nil, "source scheme %q is not allowed; use https", u.Scheme)
	case u.User != nil:
		return sysexits.New(sysexits.NoPerm, nil, "source %s carries a user name, which is not allowed", Redact(u))
	}
	host, port := canonicalHost(u.Hostname()), u.Port()
	if port == "" {
		port = defaultPort(u.Scheme)
	}
	if isHostName(host) {
		for _, rule := range p.hosts {
			if rule.matches(host, port, u.Scheme) {
				return nil
			}
		}
	}
	return sysexits.New(sysexits.NoPerm, nil,
		"source host %q is not allowed; if recordings are kept there, add --allowed-host=%s", u.Host, hint(host, port, u.Scheme))
}

// hint returns the rule that would allow host and port.
func hint(host, port, scheme string) string {
	if port == defaultPort(scheme) {
		return host
	}
	return net.JoinHostPort(host, port)
}

func defaultPort(scheme string) string {
	if scheme == "http" {
		return "80"
	}
	return "443"
}

// canonicalHost lower-cases a host name and drops its final dot, and writes an IP address in one way.
func canonicalHost(host string) string {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().String()
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// isHostName reports whether a canonical host is an IP address, or made of non-empty labels of letters, digits, "-" and
// "_". Anything else, Unicode above all, could be looked up as another name than the one that was compared.
func isHostName(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Zone() == ""
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || strings.IndexFunc(label, notHostRune) >= 0 {
			return false
		}
	}
	return true
}

func notHostRune(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// Redact returns u without the parts that may be secret: user, query and fragment. Signed URLs have their signature in the query.
func Redact(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}
