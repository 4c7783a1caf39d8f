// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"net/http"
	"net/netip"
	"strings"
)

const (
	// CookieName is the cookie that holds a browser's token, because an EventSource cannot send headers.
	CookieName = "mrec-session"
	// MaxToken is the longest token that fits a cookie, which browsers cut at 4096 bytes with its name.
	MaxToken = 3900
)

// Token returns the caller's bearer token: that of the Authorization header, else that of the cookie; "" where there is none.
func Token(r *http.Request) string {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return ""
		}
		return strings.TrimSpace(token)
	}
	if cookie, err := r.Cookie(CookieName); err == nil {
		return cookie.Value
	}
	return ""
}

// SetSession has the browser send the token from now on, until it is closed. Scripts cannot read the cookie, and other sites cannot
// have it sent. It lies with the browser alone, so a session outlives the server.
func SetSession(w http.ResponseWriter, token string, secure bool) {
	http.SetCookie(w, sessionCookie(token, 0, secure))
}

// EndSession has the browser forget the token.
func EndSession(w http.ResponseWriter, secure bool) {
	http.SetCookie(w, sessionCookie("", -1, secure))
}

func sessionCookie(token string, maxAge int, secure bool) *http.Cookie {
	return &http.Cookie{
		Name: CookieName, Value: token, Path: "/", MaxAge: maxAge, Secure: secure, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}

// Secure is true where the caller's connection is encrypted: with us; as the browser says of the page that asks; or as a proxy of these
// networks says, with it. The browser needs no trust: the answer only makes its own cookie stricter.
func Secure(r *http.Request, proxies []netip.Prefix) bool {
	const https = "https://"
	if origin := r.Header.Get("Origin"); r.TLS != nil || len(origin) > len(https) && strings.EqualFold(origin[:len(https)], https) {
		return true
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	for _, proxy := range proxies {
		if proxy.Contains(peer.Addr().Unmap()) {
			return r.Header.Get("X-Forwarded-Proto") == "https"
		}
	}
	return false
}

// Storable is true of a token that a cookie can hold.
func Storable(token string) bool {
	if token == "" || len(token) > MaxToken {
		return false
	}
	for _, c := range []byte(token) {
		if c <= ' ' || c >= 0x7f || c == '"' || c == ';' || c == ',' || c == '\\' {
			return false
		}
	}
	return true
}
