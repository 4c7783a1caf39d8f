// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/meetingops/meeting-recording-operator/internal/access"
)

const (
	// CookieName is the cookie that holds a browser's token, because an EventSource cannot send headers. Browsers accept a cookie whose name
	// begins with __Host- only from this very host over HTTPS, so no other host of the domain can set it.
	CookieName = "__Host-mrec-session"
	// PlainCookieName is the cookie over plain HTTP, as through kubectl port-forward, where browsers do not accept the other one.
	PlainCookieName = "mrec-session"
	// maxToken is the longest token that fits a cookie, which browsers cut at 4096 bytes with its name.
	maxToken = 3900
)

// tokenOf returns the caller's bearer token: from the Authorization header, or else from the cookie; "" if there is none.
func (s *Server) tokenOf(r *http.Request) string {
	if r.Header.Get("Authorization") != "" {
		return access.BearerToken(r)
	}
	name := PlainCookieName
	if _, err := r.Cookie(CookieName); err == nil || isSecure(r, s.TrustedProxies) {
		name = CookieName
	}
	if cookie, err := r.Cookie(name); err == nil {
		return cookie.Value
	}
	return ""
}

// setSession makes the browser send the token until it is closed. Scripts cannot read the cookie, and other sites cannot have it sent.
// Only the browser has it, so a session outlives the server.
func setSession(w http.ResponseWriter, token string, secure bool) {
	http.SetCookie(w, sessionCookie(token, 0, secure))
}

// clearSession makes the browser forget the token.
func clearSession(w http.ResponseWriter, secure bool) {
	http.SetCookie(w, sessionCookie("", -1, secure))
}

func sessionCookie(token string, maxAge int, secure bool) *http.Cookie {
	name := PlainCookieName
	if secure {
		name = CookieName
	}
	return &http.Cookie{ //nolint:gosec // Secure, unless the page itself is served over plain HTTP
		Name: name, Value: token, Path: "/", MaxAge: maxAge, Secure: secure, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}

// isSecure reports whether the caller's connection is encrypted: with us; as the browser says of the page that asks; or as a proxy of these
// networks says, with it. The browser needs no trust: the answer only makes its own cookie stricter.
func isSecure(r *http.Request, proxies []netip.Prefix) bool {
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

// fitsCookie reports whether a cookie can hold the token.
func fitsCookie(token string) bool {
	if token == "" || len(token) > maxToken {
		return false
	}
	for _, c := range []byte(token) {
		if c <= ' ' || c >= 0x7f || c == '"' || c == ';' || c == ',' || c == '\\' {
			return false
		}
	}
	return true
}
