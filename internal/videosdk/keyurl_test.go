// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// keyServer serves a public key and counts the requests for it.
type keyServer struct {
	*httptest.Server
	mu       sync.Mutex
	status   int
	answer   string
	requests int
}

func newKeyServer(t *testing.T, key int) *keyServer {
	t.Helper()
	s := &keyServer{}
	s.serveKey(t, key)
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *keyServer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	w.WriteHeader(s.status)
	_, _ = w.Write([]byte(s.answer))
}

func (s *keyServer) serve(status int, answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.answer = status, answer
}

func (s *keyServer) serveKey(t *testing.T, key int) {
	t.Helper()
	s.serve(http.StatusOK, keyAnswer(t, key))
}

func keyAnswer(t *testing.T, key int) string {
	t.Helper()
	answer, err := json.Marshal(map[string]string{"publicKey": pemOf(t, testKeys()[key]), "other": "x"})
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// keyURL is a URLKeys on a server, and all that a test needs around it.
type keyURL struct {
	t        *testing.T
	server   *keyServer
	keys     *URLKeys
	clock    *clock
	reports  *reports
	verifier *Verifier
}

func newKeyURL(t *testing.T, server *keyServer) *keyURL {
	t.Helper()
	k := &keyURL{t: t, server: server, clock: newClock(), reports: &reports{}}
	keys, err := NewURLKeys(server.URL+"/key?secret=1", URLKeysOptions{Now: k.clock.Now, OnError: k.reports.add})
	if err != nil {
		t.Fatal(err)
	}
	k.keys, k.verifier = keys, NewVerifier(keys)
	return k
}

// expect expects that a body signed by testKeys()[signer] is answered so, and
// that the server has then got so many requests in all.
func (k *keyURL) expect(signer int, want error, requests int) {
	k.t.Helper()
	k.verify(signer, want)
	k.awaitFetches()
	k.server.mu.Lock()
	defer k.server.mu.Unlock()
	if k.server.requests != requests {
		k.t.Errorf("after key %d: %d requests, want %d", signer, k.server.requests, requests)
	}
}

func (k *keyURL) verify(signer int, want error) {
	k.t.Helper()
	body := []byte("{}")
	if err := k.verifier.Verify(k.t.Context(), body, sign(k.t, testKeys()[signer], body)); !errors.Is(err, want) {
		k.t.Errorf("signed by key %d: %v, want %v", signer, err, want)
	}
}

func (k *keyURL) awaitFetches() { k.keys.fetches.Wait() }

func (k *keyURL) expectReport(want string) {
	k.t.Helper()
	k.awaitFetches() // a report comes after the answer
	got := k.reports.take()
	if len(got) != 1 || !strings.Contains(got[0], want) {
		k.t.Fatalf("reports = %q, want one with %q", got, want)
	}
	if !strings.HasPrefix(got[0], "fetch the public key from "+k.server.URL+"/key: ") || strings.Contains(got[0], "secret") {
		k.t.Errorf("report = %q, want the URL without its query", got[0])
	}
}

func TestURLKeysFetchOnFirstUse(t *testing.T) {
	k := newKeyURL(t, newKeyServer(t, 0))
	k.expect(0, nil, 1)
	k.expect(0, nil, 1)
}

func TestURLKeysPrefetch(t *testing.T) {
	k := newKeyURL(t, newKeyServer(t, 0))
	if err := k.keys.Prefetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.expect(0, nil, 1)
}

// TestURLKeysUnderForgedSignatures: they cause a fetch each, then one in 5 s. A
// signature by a new key is never called bad, whatever was forged before.
func TestURLKeysUnderForgedSignatures(t *testing.T) {
	k := newKeyURL(t, newKeyServer(t, 0))
	for n := range fetchBurst {
		k.expect(2, ErrBadSignature, n+1)
	}
	for range 100 {
		k.expect(2, ErrCannotVerify, fetchBurst)
	}
	k.server.serveKey(t, 1)
	k.expect(1, ErrCannotVerify, fetchBurst)
	k.expect(0, nil, fetchBurst) // a key in use needs no fetch
	k.clock.Advance(retryInterval)
	k.expect(1, nil, fetchBurst+1)
	k.expect(2, ErrCannotVerify, fetchBurst+1)
}

// TestURLKeysAfterAFailedFetch: it is not known whether there is a newer key, so
// no signature is bad; and 5 s later the fetch is repeated.
func TestURLKeysAfterAFailedFetch(t *testing.T) {
	k := newKeyURL(t, newKeyServer(t, 0))
	k.expect(0, nil, 1)
	k.server.serve(http.StatusInternalServerError, "")
	for range 10 {
		k.expect(1, ErrCannotVerify, 2)
		k.expect(0, nil, 2)
	}
	k.clock.Advance(retryInterval - 1)
	k.expect(1, ErrCannotVerify, 2)
	k.server.serveKey(t, 1)
	k.expect(1, ErrCannotVerify, 2)
	k.clock.Advance(1)
	k.expect(1, nil, 3)
	k.expect(2, ErrBadSignature, 4)
}

// TestURLKeysClockGoesBack: the fetches must not end until it is where it was.
func TestURLKeysClockGoesBack(t *testing.T) {
	k := newKeyURL(t, newKeyServer(t, 0))
	k.server.serve(http.StatusInternalServerError, "")
	k.expect(0, ErrCannotVerify, 1)
	k.clock.Advance(-time.Hour)
	k.server.serveKey(t, 0)
	k.expect(0, nil, 2)
}

// TestURLKeysRetention: a replaced key is valid until the URL has not returned it
// for an hour, beside any number of newer ones.
func TestURLKeysRetention(t *testing.T) {
	k := newKeyURL(t, newKeyServer(t, 0))
	k.expect(0, nil, 1)
	k.server.serveKey(t, 1)
	k.expect(1, nil, 2)
	k.expect(0, nil, 2)

	k.clock.Advance(time.Minute)
	k.server.serveKey(t, 0) // a server that is late returns the old one
	k.expect(2, ErrBadSignature, 3)
	k.clock.Advance(time.Minute)
	k.server.serveKey(t, 1)
	k.expect(2, ErrBadSignature, 4)
	k.clock.Advance(keyRetention - 1)
	k.expect(0, nil, 5) // by then the keys are fetched in the background
	k.clock.Advance(1)
	k.expect(1, nil, 5)
	k.expect(0, ErrBadSignature, 6)
}

// TestURLKeysAreRenewedInTheBackground: a replaced key ends though nothing is
// signed by the new one.
func TestURLKeysAreRenewedInTheBackground(t *testing.T) {
	k := newKeyURL(t, newKeyServer(t, 0))
	k.expect(0, nil, 1)
	k.server.serveKey(t, 1)
	k.clock.Advance(renewInterval - 1)
	k.expect(0, nil, 1)
	k.clock.Advance(1)
	k.expect(0, nil, 2)
	k.expect(1, nil, 2)
	k.clock.Advance(keyRetention)
	k.verify(0, ErrBadSignature)
	k.awaitFetches()
}

func TestURLKeysSurviveFailures(t *testing.T) {
	tests := map[string]struct {
		status int
		answer string
		report string
	}{
		"server error":  {http.StatusInternalServerError, "secret", "answered 500, expected 200"},
		"not JSON":      {http.StatusOK, "<html>", `the answer is not {"publicKey": "..."}`},
		"another shape": {http.StatusOK, `{"publicKey":7}`, `the answer is not {"publicKey": "..."}`},
		"no key":        {http.StatusOK, `{}`, `the answer has no "publicKey"`},
		"not PEM":       {http.StatusOK, `{"publicKey":"x"}`, `the answer's "publicKey": no PEM block found`},
		"too large":     {http.StatusOK, strings.Repeat(" ", maxKeyBytes+1), "the answer is larger than 65536 bytes"},
	}
	for name, test := range tests {
		t.Run("with a key/"+name, func(t *testing.T) {
			k := newKeyURL(t, newKeyServer(t, 0))
			k.expect(0, nil, 1)
			k.server.serve(test.status, test.answer)
			k.expect(1, ErrCannotVerify, 2)
			k.expectReport(test.report)
			k.expect(0, nil, 2)
		})
		t.Run("without a key/"+name, func(t *testing.T) {
			k := newKeyURL(t, newKeyServer(t, 0))
			k.server.serve(test.status, test.answer)
			if err := k.keys.Prefetch(t.Context()); err == nil || !strings.Contains(err.Error(), test.report) {
				t.Errorf("Prefetch = %v, want %q in it", err, test.report)
			}
			k.expectReport(test.report)
			k.expect(0, ErrCannotVerify, 1)
			k.clock.Advance(retryInterval)
			k.server.serveKey(t, 0)
			k.expect(0, nil, 2)
		})
	}
}

// TestURLKeysReportAReasonOnceAMinute, however often a fetch fails.
func TestURLKeysReportAReasonOnceAMinute(t *testing.T) {
	k := newKeyURL(t, newKeyServer(t, 0))
	k.server.serve(http.StatusInternalServerError, "")
	for n := range 12 {
		k.expect(0, ErrCannotVerify, n+1)
		k.clock.Advance(retryInterval)
	}
	k.expectReport("answered 500")
	k.expect(0, ErrCannotVerify, 13)
	k.expectReport("answered 500")
	k.clock.Advance(retryInterval)
	k.server.serve(http.StatusBadGateway, "")
	k.expect(0, ErrCannotVerify, 14)
	k.expectReport("answered 502")
}

func TestURLKeysOfAnUnreachableServer(t *testing.T) {
	k := newKeyURL(t, newKeyServer(t, 0))
	k.expect(0, nil, 1)
	k.server.Close()
	k.expect(1, ErrCannotVerify, 1)
	k.expectReport("refused")
	k.expect(0, nil, 1)

	never := newKeyURL(t, k.server)
	never.expect(0, ErrCannotVerify, 1)
	never.expectReport("refused")
	err := never.verifier.Verify(t.Context(), nil, "AAAA")
	if !errors.Is(err, ErrCannotVerify) || !strings.Contains(err.Error(), "next attempt within 5s") {
		t.Errorf("Verify = %v, want ErrCannotVerify and the time of the next attempt", err)
	}
}

func TestURLKeysOfAnAnswerCutShort(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("{"))
	}))
	t.Cleanup(server.Close)
	keys, err := NewURLKeys(server.URL, URLKeysOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Prefetch(t.Context()); err == nil || !strings.Contains(err.Error(), "read the answer: unexpected EOF") {
		t.Errorf("Prefetch = %v, want that the answer was cut short", err)
	}
}
