// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestNewURLKeysJudgesTheURL(t *testing.T) {
	const plain = "would let anyone on the path replace the key; use https"
	tests := map[string]struct {
		address   string
		allowHTTP bool
		want      string // of the error; none if empty
	}{
		"the provider's":       {DefaultPublicKeyURL, false, ""},
		"loopback":             {"http://127.0.0.1:8080/key", false, ""},
		"another loopback":     {"http://127.8.8.8/key", false, ""},
		"IPv6 loopback":        {"http://[::1]:8080/key", false, ""},
		"localhost":            {"http://localhost/key", false, ""},
		"plain http":           {"http://keys.example.com/key", false, "plain http to keys.example.com " + plain},
		"looks like loopback":  {"http://127.0.0.1.example.com/key", false, plain},
		"plain http, allowed":  {"http://keys.example.com/key", true, ""},
		"empty":                {"", false, "must be an absolute https URL"},
		"relative":             {"/key", false, "must be an absolute https URL"},
		"no host":              {"https:///key", false, "must be an absolute https URL"},
		"not an URL":           {"https://h/%zz", false, "must be an absolute https URL"},
		"file":                 {"file://localhost/key", true, `scheme "file" is not supported; use https`},
		"user name in the URL": {"https://me:secret@keys.example.com/", false, "must not have a user name or password in it"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			keys, err := NewURLKeys(test.address, URLKeysOptions{AllowHTTP: test.allowHTTP})
			if test.want == "" {
				if err != nil || keys == nil {
					t.Errorf("error = %v, want none", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("error = %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestURLKeysFollowSafeRedirectsOnly(t *testing.T) {
	key := newKeyServer(t, 0)
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/once":
			http.Redirect(w, r, "/key", http.StatusFound)
		case "/downgrade":
			http.Redirect(w, r, key.URL, http.StatusFound)
		case "/plain":
			http.Redirect(w, r, "http://keys.example.com/", http.StatusFound)
		default:
			key.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(secure.Close)
	plain := httptest.NewServer(http.RedirectHandler("http://keys.example.com/", http.StatusFound))
	t.Cleanup(plain.Close)
	tests := map[string]struct{ address, want string }{
		"direct":            {secure.URL + "/key", ""},
		"one redirect":      {secure.URL + "/once", ""},
		"endless":           {secure.URL + "/loop", "more than 3 redirects"},
		"to http":           {secure.URL + "/downgrade", "redirected from https to http"},
		"to http elsewhere": {secure.URL + "/plain", "redirected from https to http"},
		"http to elsewhere": {plain.URL, "plain http to keys.example.com"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			client := secure.Client()
			keys, err := NewURLKeys(test.address, URLKeysOptions{Client: client})
			if err != nil {
				t.Fatal(err)
			}
			switch err := keys.Prefetch(t.Context()); {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error = %v, want %q in it", err, test.want)
			}
			if client.CheckRedirect != nil {
				t.Error("the caller's client was modified")
			}
		})
	}
}
