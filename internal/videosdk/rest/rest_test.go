// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/harness/provider"
)

func clientOf(t *testing.T, handler http.Handler, credentials Credentials) *Client {
	t.Helper()
	client, err := New(Options{
		URL:         "https://api.example.com",
		Credentials: func() (Credentials, error) { return credentials, nil },
		Transport:   provider.InMemory{Handler: handler},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func credentialsOf(a *provider.Account) Credentials { return Credentials{Key: a.Key, Secret: a.Secret} }

// fill adds sessions with recordings, and returns the ids of the sessions.
func fill(a *provider.Account, sessions, recordings int) []string {
	var ids []string
	for i := range sessions {
		session := provider.Session{ID: provider.ID('s', i), RoomID: provider.Room(i), Start: time.Now().Add(-time.Duration(i) * time.Minute)}
		a.AddSession(session)
		ids = append(ids, session.ID)
		for j := range recordings {
			a.AddRecording(provider.Recording{
				ID: provider.ID('r', i*1000+j), SessionID: session.ID, RoomID: session.RoomID, FileID: provider.ID('f', i*1000+j), Created: session.Start,
			})
		}
	}
	return ids
}

func listSessions(ctx context.Context, c *Client) ([]Session, error) {
	var all []Session
	err := c.Sessions(ctx, time.Now().Add(-48*time.Hour), func(s Session) error {
		all = append(all, s)
		return nil
	})
	return all, err
}

func TestListsPageByPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		account := provider.NewAccount()
		ids := fill(account, 230, 1)
		fill(account, 1, 250) // the first session has 251 recordings
		client := clientOf(t, account, credentialsOf(account))
		sessions, err := listSessions(t.Context(), client)
		if err != nil || len(sessions) != 231 {
			t.Fatalf("%d sessions: %v", len(sessions), err)
		}
		files := map[string]bool{}
		total, err := client.Recordings(t.Context(), ids[0], func(page []Recording) error {
			for _, r := range page {
				files[r.FilePath] = true
				if r.Problem != "" || r.SessionID != ids[0] || r.RoomID != provider.Room(0) || r.Time.IsZero() || !strings.HasPrefix(r.FileURL, "https://") {
					t.Errorf("%+v", r)
				}
			}
			return nil
		})
		if err != nil || total != 251 || len(files) != 250 {
			t.Errorf("%d recordings, %d files: %v", total, len(files), err)
		}
		if got := account.Requests("/v2/sessions"); got != 3 {
			t.Errorf("%d requests for three pages", got)
		}
	})
}

func noPage([]Recording) error { return nil }

func TestNoSessionsAndNoRecordings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		account := provider.NewAccount()
		client := clientOf(t, account, credentialsOf(account))
		if sessions, err := listSessions(t.Context(), client); err != nil || len(sessions) != 0 {
			t.Errorf("%v, %v", sessions, err)
		}
		for _, status := range []int{http.StatusPaymentRequired, http.StatusNotFound} {
			unknown := clientOf(t, answer(status, "application/json", `{"message":"Session not found"}`), credentialsOf(account))
			if total, err := unknown.Recordings(t.Context(), "s", noPage); err != nil || total != 0 {
				t.Errorf("status %d: %d, %v", status, total, err)
			}
			// A server without such a path says nothing about the session.
			other := clientOf(t, answer(status, "text/html", "Cannot GET /v2/recordings"), credentialsOf(account))
			if _, err := other.Recordings(t.Context(), "s", noPage); err == nil || !strings.Contains(err.Error(), "not found: check the API address") {
				t.Errorf("status %d of another server: %v", status, err)
			}
		}
	})
}

// answer is a handler that always gives the same response.
func answer(status int, contentType, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func TestErrorsSayWhatIsWrong(t *testing.T) {
	account := provider.NewAccount()
	forbidden := provider.NewAccount()
	forbidden.Forbidden.Store(true)
	const one = `{"pageInfo":{"currentPage":1,"perPage":100,"lastPage":1,"total":1},"data":`
	wrong := credentialsOf(account)
	wrong.Secret = "another-secret"
	for _, tc := range []struct {
		name        string
		handler     http.Handler
		credentials Credentials
		want        string
		needsUser   bool
	}{
		{"a wrong secret", account, wrong, "HTTP status 401 (\"Token is invalid or expired\"): check that the API key and its secret belong together", true},
		{"a wrong key", account, Credentials{Key: "other", Secret: account.Secret}, "HTTP status 401", true},
		{"a key without permission", forbidden, credentialsOf(forbidden), "HTTP status 403 (\"You are not allowed to perform this action\"): the API key has no permission", true},
		{"a page for people", answer(200, "text/html; charset=utf-8", "<html>"), wrong, "the response is not JSON but text/html: check the API address", false},
		{"no content type", answer(200, "", "hello"), wrong, "the response is not JSON but of an unknown type", false},
		{"an array", answer(200, "application/json", "[]"), wrong, "the response is not a JSON object", false},
		{"pageInfo has another name", answer(200, "application/json", `{"pagination":{},"data":[]}`), wrong, "the response has no field pageInfo", false},
		{"data has another name", answer(200, "application/json", `{"pageInfo":{},"sessions":[]}`), wrong, "the response has no field data", false},
		{"data is an object", answer(200, "application/json", one+`{}}`), wrong, "the field data is not an array", false},
		{"pageInfo is null", answer(200, "application/json", `{"pageInfo":null,"data":[]}`), wrong, "the response has no field pageInfo", false},
		{"lastPage is missing", answer(200, "application/json", `{"pageInfo":{"currentPage":1},"data":[]}`), wrong, "the response has no field pageInfo.lastPage", false},
		{"lastPage is text", answer(200, "application/json", `{"pageInfo":{"lastPage":"1"},"data":[]}`), wrong, "the field pageInfo is not an object with numbers", false},
		{"always the first page", answer(200, "application/json", `{"pageInfo":{"currentPage":1,"lastPage":9},"data":[{"id":"s","roomId":"r"}]}`), wrong, "page 2 was requested, and page 1 came", false},
		{"pageInfo is an array", answer(200, "application/json", `{"pageInfo":[1],"data":[]}`), wrong, "the field pageInfo is not an object with numbers", false},
		{"data is null", answer(200, "application/json", `{"pageInfo":{"lastPage":1},"data":null}`), wrong, "the response has no field data", false},
		{"cut off", answer(200, "application/json", `{"pageInfo":{"lastPage":1},"data":[`), wrong, "the response is not JSON: check the API address", false},
		{"more after the end", answer(200, "application/json", one+`[]}{}`), wrong, "the response is not JSON: check the API address", false},
		{"nothing", answer(200, "application/json", ""), wrong, "the response is not JSON but application/json", false},
		{"a value too large", answer(200, "application/json", one+`["`+strings.Repeat("x", 2*maxValue)+`"]}`), wrong, "the response has a value larger than 262144 bytes", false},
		{"too large", answer(200, "application/json", one+`[[`+strings.Repeat("1,", maxBody/2)+`1]]}`), wrong, "the response is larger than 33554432 bytes", false},
		{"more entries than were requested", answer(200, "application/json", one+`[`+strings.Repeat("0,", 2500)+`0]}`), wrong, "the page has more than 2000 entries, though 100 were requested", false},
		{"a redirect", http.RedirectHandler("https://elsewhere.example.com/", http.StatusMovedPermanently), wrong, "HTTP status 301: redirects are not followed", true},
		{"an error in other words", answer(400, "application/json", `{"msg":"bad \u0007 range","code":"X"}`), wrong, `HTTP status 400 ("bad   range")`, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := listSessions(t.Context(), clientOf(t, tc.handler, tc.credentials))
				if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "https://api.example.com/v2/sessions") {
					t.Fatalf("error %v, want %q", err, tc.want)
				}
				var failed *Error
				if !errors.As(err, &failed) || failed.NeedsUser() != tc.needsUser {
					t.Errorf("needs the user: %t", failed.NeedsUser())
				}
				for _, secret := range []string{tc.credentials.Secret, "startDate", "eyJ"} {
					if strings.Contains(fmt.Sprintf("%v %+v", err, failed), secret) {
						t.Errorf("%v reveals %q", err, secret)
					}
				}
			})
		})
	}
}

func TestErrorsConcealWhatTheServerEchoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := clientOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = fmt.Fprintf(w, `{"message":"bad token %s of the-secret-itself"}`, r.Header.Get("Authorization"))
		}), Credentials{Key: "key", Secret: "the-secret-itself"})
		_, err := listSessions(t.Context(), client)
		if err == nil || strings.Contains(err.Error(), "eyJ") || strings.Contains(err.Error(), "the-secret-itself") {
			t.Error(err)
		}
		if text := fmt.Sprintf("%v %#v", Credentials{Key: "key", Secret: "hidden"}, Credentials{Key: "key", Secret: "hidden"}); strings.Contains(text, "hidden") {
			t.Error(text)
		}
	})
}

func TestTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		account := provider.NewAccount()
		var tokens []string
		current := credentialsOf(account)
		client := clientOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			tokens = append(tokens, r.Header.Get("Authorization"))
			account.ServeHTTP(w, r)
		}), current)
		client.tokens.credentials = func() (Credentials, error) { return current, nil }
		list := func() {
			t.Helper()
			if _, err := listSessions(t.Context(), client); err != nil {
				t.Fatal(err)
			}
		}
		list()
		list()
		if tokens[0] != tokens[1] {
			t.Error("each request has a token of its own")
		}
		<-time.After(tokenLifetime)
		list()
		if tokens[2] == tokens[1] {
			t.Error("the token was used for longer than it is valid")
		}
		account.Secret, current.Secret = "rotated-secret-0123456789", "rotated-secret-0123456789"
		list()
		if tokens[3] == tokens[2] {
			t.Error("a changed secret did not count at once")
		}
		for _, offset := range []time.Duration{-9 * time.Minute, 9 * time.Minute} {
			account.Now = func() time.Time { return time.Now().Add(offset) }
			list()
		}
		client.tokens.credentials = func() (Credentials, error) { return Credentials{}, errors.New("read api-key: no such file") }
		if _, err := listSessions(t.Context(), client); err == nil || !strings.Contains(err.Error(), "sign the request to the provider's API: read api-key") {
			t.Error(err)
		}
		client.tokens.credentials = func() (Credentials, error) { return Credentials{Key: "k"}, nil }
		if _, err := listSessions(t.Context(), client); err == nil || !strings.Contains(err.Error(), "is empty") {
			t.Error(err)
		}
	})
}

func TestAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"":                            "",
		"https://api.example.com/":    "",
		"http://127.0.0.1:8080/api":   "",
		"api.example.com":             "must be an absolute http or https URL",
		"ftp://api.example.com":       "must be an absolute http or https URL",
		"https://":                    "must be an absolute http or https URL",
		"https://user:pw@example.com": "must not have user information",
		"https://example.com?a=b":     "must not have user information, a query",
	} {
		_, err := New(Options{URL: address})
		if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", address, err, want)
		}
	}
}
