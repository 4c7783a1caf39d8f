// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
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

// TestRetries is about failures that pass: how often and after how long.
func TestRetries(t *testing.T) {
	for _, tc := range []struct {
		name   string
		status int
		after  string
		fails  int
		took   time.Duration
		want   string
	}{
		{"unavailable once", http.StatusServiceUnavailable, "", 1, time.Second, ""},
		{"unavailable three times", http.StatusBadGateway, "", 3, 7 * time.Second, ""},
		{"unavailable for longer", http.StatusServiceUnavailable, "", 9, 7 * time.Second, "HTTP status 503"},
		{"rate limited", http.StatusTooManyRequests, "20", 1, 20 * time.Second, ""},
		{"rate limited for longer than a request waits", http.StatusTooManyRequests, "600", 9, 0, "HTTP status 429: rate limited"},
		{"rate limited for ever", http.StatusTooManyRequests, "9000000000", 9, 0, "HTTP status 429: rate limited"},
		{"rate limited for longer than there are numbers", http.StatusTooManyRequests, strings.Repeat("9", 30), 9, 0, "HTTP status 429: rate limited"},
		{"rate limited until a time of the provider's clock", http.StatusTooManyRequests, "Thu, 01 Jan 2026 00:00:20 GMT", 1, 20 * time.Second, ""},
		{"rate limited until a time that is over", http.StatusTooManyRequests, "Wed, 31 Dec 2025 00:00:00 GMT", 3, 7 * time.Second, ""},
		{"rate limited for no time", http.StatusTooManyRequests, "0", 3, 7 * time.Second, ""},
		{"rate limited for less than that", http.StatusTooManyRequests, "-20", 3, 7 * time.Second, ""},
		{"rate limited for a while", http.StatusTooManyRequests, "soon", 3, 7 * time.Second, ""},
		{"not authorized", http.StatusUnauthorized, "", 9, 0, "HTTP status 401"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tries := 0
				client := clientOf(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					if tries++; tries <= tc.fails {
						if tc.after != "" {
							w.Header().Set("Retry-After", tc.after)
							w.Header().Set("Date", "Thu, 01 Jan 2026 00:00:00 GMT")
						}
						w.WriteHeader(tc.status)
						return
					}
					_, _ = io.WriteString(w, `{"pageInfo":{"currentPage":1,"lastPage":1,"total":0},"data":[]}`)
				}), Credentials{"key", "secret"})
				began := time.Now()
				_, err := listSessions(t.Context(), client)
				if (err == nil) != (tc.want == "") || (err != nil && !strings.Contains(err.Error(), tc.want)) {
					t.Errorf("error %v, want %q", err, tc.want)
				}
				if took := time.Since(began); took != tc.took {
					t.Errorf("took %s, want %s", took, tc.took)
				}
				var failed *Error
				if errors.As(err, &failed) && tc.after == "600" && failed.RetryAfter != 10*time.Minute {
					t.Errorf("retry after %s", failed.RetryAfter)
				}
			})
		})
	}
}

// TestListsThatDoNotEnd: pages that are empty, though more follow, and pages that always promise one more.
func TestListsThatDoNotEnd(t *testing.T) {
	page := func(last string, empty func(number int) bool) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			number, _ := strconv.Atoi(r.URL.Query().Get("page"))
			entry := fmt.Sprintf(`{"id":"r%d","roomId":"room","sessionId":"s"}`, number)
			if empty(number) {
				entry = ""
			}
			_, _ = fmt.Fprintf(w, `{"pageInfo":{"currentPage":%d,"lastPage":%s,"total":7},"data":[%s]}`, number, last, entry)
		})
	}
	for _, tc := range []struct {
		name    string
		handler http.Handler
		want    int
		problem string
	}{
		{"an empty page in between", page("5", func(n int) bool { return n == 2 || n == 3 }), 3, ""},
		{"nothing but empty pages", page("1000000000", func(n int) bool { return n > 2 }), 2, ""},
		{"no end", page("1000000000", func(int) bool { return false }), maxRecordingPages, "list /v2/recordings: more than 1000 pages, without an end"},
		{"fewer pages than none", page("-1", func(int) bool { return false }), 1, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				seen := 0
				_, err := clientOf(t, tc.handler, Credentials{"key", "secret"}).Recordings(t.Context(), "s", func(page []Recording) error { seen += len(page); return nil })
				if seen != tc.want || (err == nil) != (tc.problem == "") || (err != nil && err.Error() != tc.problem) {
					t.Errorf("%d entries, want %d: %v", seen, tc.want, err)
				}
			})
		})
	}
}

func TestGivesUpOnAServerThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		account := provider.NewAccount()
		account.Faults = &provider.Faults{Rate: 1, Kinds: []provider.Fault{provider.Hangs}, Delay: time.Hour}
		began := time.Now()
		_, err := listSessions(t.Context(), clientOf(t, account, credentialsOf(account)))
		if took := time.Since(began); err == nil || took != maxTries*requestTimeout+7*time.Second {
			t.Errorf("after %s: %v", took, err)
		}
	})
}

// TestSurvivesFaults has every fourth request fail somehow. Lists come whole, or
// with an error: never short without one, but for the entries that the provider
// itself leaves out.
func TestSurvivesFaults(t *testing.T) {
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			account := provider.NewAccount()
			fill(account, 950, 0)
			account.Faults = &provider.Faults{
				Seed: seed, Rate: 0.25, Delay: time.Minute,
				Kinds: []provider.Fault{provider.Unavailable, provider.RateLimited, provider.Slow, provider.Hangs, provider.Breaks, provider.HTML, provider.Renamed, provider.Repeats, provider.Reorders},
			}
			client := clientOf(t, account, credentialsOf(account))
			seen := map[string]bool{}
			for round := 0; len(seen) < 950 && round < 200; round++ {
				clear(seen)
				sessions, err := listSessions(t.Context(), client)
				for _, session := range sessions {
					seen[session.ID] = true
				}
				if err == nil && len(seen) != 950 {
					t.Fatalf("seed %d: %d of 950 sessions, and no error", seed, len(seen))
				}
			}
			if len(seen) != 950 {
				t.Errorf("seed %d: the list never came whole", seed)
			}
		})
	}
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

func TestReadsEntries(t *testing.T) {
	at := time.Date(2026, 11, 29, 12, 0, 0, 123e6, time.UTC)
	const ids = `"id":"r1","roomId":"room","sessionId":"s1",`
	whole := Recording{ID: "r1", RoomID: "room", SessionID: "s1"}
	with := func(change func(*Recording)) Recording {
		r := whole
		change(&r)
		return r
	}
	for _, tc := range []struct {
		name, json string
		want       Recording
	}{
		{"nothing but ids", `{` + ids + `"file":null}`, whole},
		{"a file", `{` + ids + `"file":{"filePath":"uploads/videos/a.mp4","fileUrl":"https://h/a.mp4"}}`, with(func(r *Recording) { r.FilePath, r.FileURL = "uploads/videos/a.mp4", "https://h/a.mp4" })},
		{"no path, but an address", `{` + ids + `"file":{"fileUrl":"https://h/v/a.mp4?x"}}`, with(func(r *Recording) { r.FilePath, r.FileURL = "/v/a.mp4", "https://h/v/a.mp4?x" })},
		{"an id of the file only", `{` + ids + `"fileId":"61dff29d9e5b1a4e4a34d17e"}`, whole},
		{"a file without a path", `{` + ids + `"file":{"size":7,"type":"video"}}`, with(func(r *Recording) { r.Problem = "file.filePath and file.fileUrl are missing" })},
		{"a path that is a number", `{` + ids + `"file":{"filePath":7,"size":7}}`, with(func(r *Recording) { r.Problem = "file.filePath is not a text" })},
		{"an address that is an object", `{` + ids + `"file":{"filePath":"a.mp4","fileUrl":{}}}`, with(func(r *Recording) { r.FilePath, r.Problem = "a.mp4", "file.fileUrl is not a text" })},
		{"a file of no shape", `{` + ids + `"file":[1]}`, with(func(r *Recording) { r.Problem = "file is not an object" })},
		{"a file of nothing", `{` + ids + `"file":{"filePath":null,"fileUrl":null,"size":null}}`, whole},
		{"an id that is the session's", `{"id":"s1","roomId":"room","sessionId":"s1"}`, with(func(r *Recording) { r.ID = "" })},
		{"an id that is the room's", `{"id":"room","roomId":"room","sessionId":"s1"}`, with(func(r *Recording) { r.ID = "" })},
		{"an id too long to store", `{"id":"` + strings.Repeat("x", videosdk.MaxRecordingIDBytes+1) + `","roomId":"room","sessionId":"s1"}`, with(func(r *Recording) { r.ID = "" })},
		{"a field twice", `{"id":"r0",` + ids + `"file":null}`, whole},
		{"text with escapes", `{` + ids + `"file":{"filePath":"a\u00e9\"b.mp4"}}`, with(func(r *Recording) { r.FilePath = "aé\"b.mp4" })},
		{"text that is not UTF-8", `{` + ids + `"file":{"filePath":"a` + "\xff" + `.mp4"}}`, with(func(r *Recording) { r.Problem = "file.filePath is not a text" })},
		{"the end", `{` + ids + `"end":"2026-11-29T12:00:00.123Z","updatedAt":"2026-11-29T13:00:00Z"}`, with(func(r *Recording) { r.Time = at })},
		{"the last update", `{` + ids + `"end":null,"updatedAt":"2026-11-29T14:00:00.123+02:00","createdAt":"2026-11-29T11:00:00Z"}`, with(func(r *Recording) { r.Time = at })},
		{"the creation, in milliseconds", `{` + ids + `"updatedAt":"soon","createdAt":1795953600123}`, with(func(r *Recording) { r.Time = at })},
		{"a time without a zone", `{` + ids + `"end":"2026-11-29T12:00:00.123"}`, with(func(r *Recording) { r.Time = at })},
		{"a time with a space", `{` + ids + `"end":"2026-11-29 12:00:00.123"}`, with(func(r *Recording) { r.Time = at })},
		{"a time in seconds", `{` + ids + `"end":1795953600.123}`, with(func(r *Recording) { r.Time = at })},
		{"a time in milliseconds, as text", `{` + ids + `"end":"1795953600123"}`, with(func(r *Recording) { r.Time = at })},
		{"times that are none", `{` + ids + `"end":-5,"updatedAt":1e300,"createdAt":{"at":1}}`, whole},
		{"the beginning of time", `{` + ids + `"end":"1970-01-01T00:00:00Z","updatedAt":0,"createdAt":""}`, whole},
		{"encrypted", `{` + ids + `"encryption":{"keyUrl":"https://h/k"}}`, with(func(r *Recording) { r.Encryption = videosdk.Encryption{Encrypted: true, KeyURL: "https://h/k"} })},
		{"encrypted, said of the file", `{` + ids + `"file":{"encryption":{"metaUrl":"https://h/m"}}}`, with(func(r *Recording) { r.Encryption = videosdk.Encryption{Encrypted: true, MetadataURL: "https://h/m"} })},
		{"the ledger", `{` + ids + `"webhook":{"totalCount":3,"successCount":1,"data":[{"type":"recording-started","success":false},{"type":"recording-stopped","success":true}]}}`, with(func(r *Recording) { r.Deliveries = Deliveries{3, 1, []videosdk.EventType{"recording-started"}} })},
		{"a ledger of no shape", `{` + ids + `"webhook":"none"}`, whole},
		{"no session", `{"id":"r1","roomId":"room"}`, Recording{ID: "r1", RoomID: "room", Problem: "sessionId is missing"}},
		{"a session that is a number", `{"id":"r1","roomId":"room","sessionId":7}`, Recording{ID: "r1", RoomID: "room", Problem: "sessionId is not a text"}},
		{"a room with a control character", `{"id":"r1","roomId":"a\u0000b","sessionId":"s1"}`, Recording{ID: "r1", SessionID: "s1", Problem: "roomId is not a text"}},
		{"a blank room", `{"id":"r1","roomId":" ","sessionId":"s1"}`, Recording{ID: "r1", RoomID: " ", SessionID: "s1", Problem: "roomId is missing"}},
		{"no id", `{"roomId":"room","sessionId":"s1"}`, Recording{RoomID: "room", SessionID: "s1"}},
		{"an address that is none", `{` + ids + `"file":{"filePath":"a.mp4","fileUrl":"ftp://h/a"}}`, with(func(r *Recording) {
			r.FilePath, r.FileURL, r.Problem = "a.mp4", "ftp://h/a", "fileUrl must be an absolute http or https URL"
		})},
		{"no object", `"r1"`, Recording{Problem: "roomId is missing"}},
		{"null", `null`, Recording{Problem: "roomId is missing"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body := `{"data":[` + tc.json + `,{` + ids + `"file":null}],"pageInfo":{"lastPage":1}}`
			page, err := decodePage(strings.NewReader(body), "", 1, (*decoder).recording)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]Recording{tc.want, whole}, page.entries); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzDecodePage checks that no page makes decoding panic, and that what is
// read can be stored.
func FuzzDecodePage(f *testing.F) {
	for _, body := range []string{
		``, `{}`, `[]`, `{"pageInfo":{"lastPage":1},"data":[{"id":"r","roomId":"a","sessionId":"s","file":{"filePath":"/a"}}]}`,
		`{"pageInfo":{"lastPage":1e99},"data":[null,1,"x",[],{}]}`, `{"pageInfo":{"lastPage":-1,"currentPage":1},"data":null}`,
		`{"pageInfo":{"lastPage":1},"data":[{"roomId":"\ud800","sessionId":"s","createdAt":-1,"webhook":{"totalCount":-5}}]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if page, err := decodePage(bytes.NewReader(body), "", 1, (*decoder).session); err == nil && page.entries == nil {
			t.Fatal("neither entries nor an error")
		}
		page, err := decodePage(bytes.NewReader(body), "", 1, (*decoder).recording)
		if err != nil {
			return
		}
		for _, r := range page.entries {
			if r.Problem == "" && (r.RoomID == "" || r.SessionID == "" || len(r.FilePath) > videosdk.MaxFilePathBytes || len(r.FileURL) > videosdk.MaxFileURLBytes || len(r.ID) > videosdk.MaxRecordingIDBytes) {
				t.Fatalf("%+v", r)
			}
			if r.Deliveries.Total < 0 || r.Deliveries.Succeeded < 0 {
				t.Fatalf("%+v", r)
			}
		}
	})
}
