// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/source"
)

func TestRefusedURLs(t *testing.T) {
	f := serve(t, status(200))
	_, port, _ := net.SplitHostPort(f.server.Listener.Addr().String())
	tests := map[string]struct {
		url  string
		code int
		text string
	}{
		"no URL":            {"a.mp4?" + secret, 64, "not an absolute URL"},
		"malformed":         {"https://a:b:c/%zz?" + secret, 64, "not an absolute URL"},
		"no host":           {"https:///a.mp4?" + secret, 64, "not an absolute URL"},
		"ftp":               {"ftp://cdn.videosdk.live/a?" + secret, 77, `scheme "ftp" is not allowed`},
		"file":              {"file:///etc/passwd", 64, "not an absolute URL"},
		"file with host":    {"file://localhost/etc/passwd", 77, `scheme "file" is not allowed`},
		"user":              {"https://u:topsecret@cdn.videosdk.live/a", 77, "carries a user name"},
		"other host":        {"https://example.com/a?" + secret, 77, `host "example.com" is not allowed; if recordings are kept there, add --allowed-host=example.com`},
		"other port":        {"https://cdn.videosdk.live:8443/a", 77, "add --allowed-host=cdn.videosdk.live:8443"},
		"domain itself":     {"https://videosdk.live/a", 77, "is not allowed"},
		"look-alike":        {"https://evilvideosdk.live/a", 77, "is not allowed"},
		"as a subdomain":    {"https://cdn.videosdk.live.example.com/a", 77, "is not allowed"},
		"full-width dot":    {"https://example.com．videosdk.live/a", 77, "is not allowed"},
		"trick with at":     {"https://cdn.videosdk.live@example.com/a", 77, "carries a user name"},
		"backslash":         {"https://example.com\\.videosdk.live/a", 64, "not an absolute URL"},
		"not listening":     {"http://127.0.0.1:1/a", 77, "is not allowed"},
		"localhost by name": {"http://localhost:" + port + "/a", 77, "is not allowed"},
		"empty label":       {"https://..videosdk.live/a", 77, "is not allowed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, err := f.fetch(t, test.url)
			f.expect(t, err, test.code, test.text)
		})
	}
	if hits := f.hits.Load(); hits != 0 {
		t.Errorf("%d requests were sent", hits)
	}
}

func TestHTTPIsRefused(t *testing.T) {
	f := serve(t, status(200))
	f.opts.AllowHTTP = false
	_, _, err := f.fetch(t, f.url())
	f.expect(t, err, 77, "uses http, which anyone on the path can read and change; use https, or --allow-http")
}

func TestPrivateAddressIsRefused(t *testing.T) {
	f := serve(t, status(200))
	f.opts.AllowPrivateAddresses = false
	_, port, _ := net.SplitHostPort(f.server.Listener.Addr().String())
	f.allow(t, "localhost:"+port)
	f.allow(t, "[::ffff:127.0.0.1]:"+port)
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"} {
		t.Run(host, func(t *testing.T) {
			_, _, err := f.fetch(t, "http://"+host+":"+port+"/a?"+secret)
			f.expect(t, err, 77, "which is loopback; if recordings are kept there, use --allow-private-addresses")
		})
	}
	if hits := f.hits.Load(); hits != 0 {
		t.Errorf("%d requests were sent", hits)
	}
	if strings.Contains(f.log.String(), "retrying") {
		t.Error("a refusal is not to be tried again")
	}
}

func TestRedirects(t *testing.T) {
	tests := map[string]struct {
		location string
		code     int
		text     string
	}{
		"metadata":    {"http://169.254.169.254/latest/meta-data?" + secret, 77, `host "169.254.169.254" is not allowed`},
		"localhost":   {"http://localhost/a?" + secret, 77, `host "localhost" is not allowed`},
		"other host":  {"https://example.com/?" + secret, 77, `host "example.com" is not allowed`},
		"file":        {"file:///etc/passwd?" + secret, 77, `scheme "file" is not allowed`},
		"javascript":  {"javascript:alert(1)", 77, `scheme "javascript" is not allowed`},
		"user":        {"http://u:topsecret@127.0.0.1/", 77, "carries a user name"},
		"malformed":   {"http://[::1/?" + secret, 76, "redirects to a malformed URL"},
		"for ever":    {"/a.mp4?" + secret, 76, "redirects more than 5 times"},
		"unreachable": {"http://127.0.0.1:1/?" + secret, 69, "cannot reach the source"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
				w.Header().Set("Location", test.location)
				w.WriteHeader(http.StatusFound)
			})
			f.allow(t, "127.0.0.1:1")
			_, _, err := f.fetch(t, f.url())
			f.expect(t, err, test.code, test.text)
		})
	}
}

// The address of a redirect's target is checked too: a name that is allowed may point inside.
func TestRedirectToPrivateAddress(t *testing.T) {
	proxied := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Location", "http://localhost:9/a?"+secret)
		w.WriteHeader(http.StatusFound)
	})
	proxied.opts.AllowPrivateAddresses = false
	proxied.allow(t, "files.test")
	proxied.allow(t, "localhost:9")
	// The proxy stands in for a public server, since none can be had here.
	proxied.opts.Proxy = func(u *url.URL) (*url.URL, error) {
		if u.Hostname() == "localhost" {
			return nil, nil
		}
		return url.Parse(proxied.server.URL)
	}
	_, _, err := proxied.fetch(t, "http://files.test/a?"+secret)
	proxied.expect(t, err, 77, "which is loopback")
}

func TestRedirectIsFollowed(t *testing.T) {
	var referer string
	f := serve(t, func(w http.ResponseWriter, r *http.Request, attempt int) {
		if attempt <= 5 {
			http.Redirect(w, r, fmt.Sprintf("/hop%d", attempt), http.StatusTemporaryRedirect)
			return
		}
		referer = r.Referer()
		whole(w)
	})
	_, got, err := f.fetch(t, f.url())
	if err != nil || !bytes.Equal(got, content) {
		t.Fatalf("err = %v, %d bytes", err, len(got))
	}
	if referer != "" {
		t.Errorf("the Referer tells the URL: %s", referer)
	}
}

func TestProxy(t *testing.T) {
	var asked string
	f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		asked = r.URL.Host
		whole(w)
	})
	f.opts.AllowPrivateAddresses = false
	f.allow(t, "files.test")
	f.opts.Proxy = func(*url.URL) (*url.URL, error) { return url.Parse(f.server.URL) }
	if _, _, err := f.fetch(t, "http://files.test/a.mp4"); err != nil {
		t.Fatal(err)
	}
	if asked != "files.test" {
		t.Errorf("the proxy was asked for %q", asked)
	}
}

func TestRequestHeaders(t *testing.T) {
	var got http.Header
	f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		got = r.Header
		whole(w)
	})
	f.opts.UserAgent = "tester/1"
	if _, _, err := f.fetch(t, f.url()); err != nil {
		t.Fatal(err)
	}
	if got.Get("Accept-Encoding") != "identity" || got.Get("User-Agent") != "tester/1" {
		t.Errorf("headers = %v", got)
	}
}

func TestTLS(t *testing.T) {
	f := serve(t, status(500))
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { whole(w) }))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	defer server.Close()
	f.allow(t, server.Listener.Addr().String())
	f.opts.AllowHTTP = false

	_, _, err := f.fetch(t, server.URL+"/a?"+secret)
	f.expect(t, err, 69, "source's TLS certificate is not trusted")
	if strings.Contains(f.log.String(), "retrying") {
		t.Error("a certificate does not get better by retrying")
	}

	f.opts.TLS = server.Client().Transport.(*http.Transport).TLSClientConfig
	_, got, err := f.fetch(t, server.URL+"/a?"+secret)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("err = %v, %d bytes", err, len(got))
	}
}

func TestUnsafeOptionsWarn(t *testing.T) {
	f := serve(t, status(200))
	f.opts.Proxy = func(*url.URL) (*url.URL, error) { return nil, nil }
	source.New(f.opts)
	for _, flag := range []string{"--allow-http", "--allow-private-addresses", "--proxy-from-environment"} {
		if !strings.Contains(f.log.String(), "level=WARN") || !strings.Contains(f.log.String(), "flag="+flag) {
			t.Errorf("no warning about %s in:\n%s", flag, f.log)
		}
	}
	f.log.Reset()
	safe := source.Defaults()
	safe.Logger = f.opts.Logger
	source.New(safe)
	if f.log.Len() != 0 {
		t.Errorf("warnings without cause:\n%s", f.log)
	}
}
