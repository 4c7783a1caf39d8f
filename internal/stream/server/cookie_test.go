// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

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
