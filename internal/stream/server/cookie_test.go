// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/go-logr/logr"
)

// Where the caller uses HTTPS, as far as the server can see, only the cookie counts that no other host of the domain can have set.
func TestWhichCookieCounts(t *testing.T) {
	safe, plain := "__Host-mrec-session=safe", "mrec-session=plain"
	for name, test := range map[string]struct {
		tls    bool
		cookie string
		want   string
	}{
		"HTTP":                            {cookie: plain, want: "plain"},
		"HTTPS":                           {tls: true, cookie: safe, want: "safe"},
		"HTTPS, a cookie of another host": {tls: true, cookie: plain},
		"HTTPS, both":                     {tls: true, cookie: plain + "; " + safe, want: "safe"},
		"both, behind an unknown proxy":   {cookie: plain + "; " + safe, want: "safe"},
		"none":                            {tls: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/events", http.NoBody)
			if test.tls {
				r.TLS = &tls.ConnectionState{}
			}
			if test.cookie != "" {
				r.Header.Set("Cookie", test.cookie)
			}
			if got := (&Server{}).tokenOf(r); got != test.want {
				t.Errorf("the token is %q, want %q", got, test.want)
			}
		})
	}
}

// Browsers accept a __Host- cookie only so.
func TestSessionCookie(t *testing.T) {
	for secure, want := range map[bool]string{
		true:  "__Host-mrec-session=token; Path=/; HttpOnly; Secure; SameSite=Strict",
		false: "mrec-session=token; Path=/; HttpOnly; SameSite=Strict",
	} {
		if got := sessionCookie("token", 0, secure).String(); got != want {
			t.Errorf("secure %t: %s", secure, got)
		}
	}
}

// A server that ends TLS itself has browsers keep to HTTPS; behind a proxy that is the proxy's to say.
func TestStrictTransportSecurity(t *testing.T) {
	server := New(Options{Page: http.NotFoundHandler(), Log: logr.Discard()})
	for _, path := range []string{"/", "/events", "/api/v1/session"} {
		for state, want := range map[*tls.ConnectionState]string{nil: "", {}: "max-age=31536000"} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
			r.TLS = state
			w := httptest.NewRecorder()
			server.Handler().ServeHTTP(w, r)
			if got := w.Header().Get("Strict-Transport-Security"); got != want {
				t.Errorf("%s with TLS %t: %q", path, state != nil, got)
			}
		}
	}
}

// The cookie is kept to HTTPS wherever one end of the way says that the browser uses it; only a proxy has to be known for that.
func TestIsSecure(t *testing.T) {
	const proxy, stranger = "10.0.0.1:1", "192.0.2.1:1"
	for name, test := range map[string]struct {
		peer   string
		tls    bool
		header map[string]string
		want   bool
	}{
		"plain HTTP":                       {peer: stranger},
		"TLS of our own":                   {peer: stranger, tls: true, want: true},
		"a page of HTTPS":                  {peer: stranger, header: map[string]string{"Origin": "https://recordings.example.com"}, want: true},
		"a page of HTTPS, in capitals":     {peer: stranger, header: map[string]string{"Origin": "HTTPS://recordings.example.com"}, want: true},
		"a page of HTTP":                   {peer: stranger, header: map[string]string{"Origin": "http://recordings.example.com"}},
		"a page of no origin":              {peer: stranger, header: map[string]string{"Origin": "null"}},
		"a scheme alone":                   {peer: stranger, header: map[string]string{"Origin": "https://"}},
		"a proxy with HTTPS":               {peer: proxy, header: map[string]string{"X-Forwarded-Proto": "https"}, want: true},
		"a proxy with HTTP":                {peer: proxy, header: map[string]string{"X-Forwarded-Proto": "http"}},
		"a stranger who plays a proxy":     {peer: stranger, header: map[string]string{"X-Forwarded-Proto": "https"}},
		"a proxy with HTTP, page of HTTPS": {peer: proxy, header: map[string]string{"X-Forwarded-Proto": "http", "Origin": "https://x"}, want: true},
		"no address":                       {header: map[string]string{"X-Forwarded-Proto": "https"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/session", http.NoBody)
			r.RemoteAddr = test.peer
			if test.tls {
				r.TLS = &tls.ConnectionState{}
			}
			for key, value := range test.header {
				r.Header.Set(key, value)
			}
			if got := isSecure(r, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}); got != test.want {
				t.Errorf("it is %t", got)
			}
		})
	}
}
