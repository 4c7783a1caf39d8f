// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// The page and its session work behind a proxy that removes a path prefix and changes Host, if --origin names the page's origin.
func TestBehindAProxy(t *testing.T) {
	namespace := api.Namespace(t)
	token, _ := reader(t, namespace)
	const origin = "https://example.com"
	for name, test := range map[string]struct {
		args    []string
		session int
	}{
		"with --origin":    {[]string{"--origin=" + origin}, http.StatusOK},
		"without --origin": {nil, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			server, err := url.Parse(start(t, test.args...).url)
			if err != nil {
				t.Fatal(err)
			}
			proxy := httptest.NewServer(http.StripPrefix("/recordings", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(server) // which changes Host, too
			}}))
			t.Cleanup(proxy.Close)
			jar, err := cookiejar.New(nil)
			if err != nil {
				t.Fatal(err)
			}
			browser := &http.Client{Jar: jar}
			do := func(method, path, body string) (int, string) {
				t.Helper()
				request, err := http.NewRequestWithContext(t.Context(), method, proxy.URL+"/recordings/"+path, strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("Origin", origin)
				response, err := browser.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = response.Body.Close() }()
				text, err := io.ReadAll(response.Body)
				if err != nil {
					t.Fatal(err)
				}
				return response.StatusCode, string(text)
			}
			code, page := do(http.MethodGet, "", "")
			links := regexp.MustCompile(`(?:src|href)="(assets/[^"]+)"`).FindAllStringSubmatch(page, -1)
			if code != http.StatusOK || len(links) == 0 || strings.Contains(page, `="/`) {
				t.Fatalf("the page: %d, with the links %q, in\n%s", code, links, page)
			}
			for _, link := range links {
				if code, _ := do(http.MethodGet, link[1], ""); code != http.StatusOK {
					t.Errorf("%s: %d", link[1], code)
				}
			}
			if code, text := do(http.MethodPost, "api/v1/session", `{"token":"`+token+`"}`); code != test.session {
				t.Fatalf("a session: %d %s", code, text)
			}
			if test.session != http.StatusOK {
				return
			}
			if request, err := url.Parse(proxy.URL + "/recordings/"); err != nil || len(jar.Cookies(request)) == 0 {
				for _, cookie := range jar.Cookies(&url.URL{Scheme: "https", Host: request.Host, Path: "/recordings/"}) {
					jar.SetCookies(request, []*http.Cookie{{Name: cookie.Name, Value: cookie.Value, Path: "/"}}) // the proxy ends TLS in reality
				}
			}
			if code, text := do(http.MethodGet, "api/v1/recordings?namespace="+namespace, ""); code != http.StatusOK {
				t.Errorf("the list: %d %s", code, text)
			}
		})
	}
}
