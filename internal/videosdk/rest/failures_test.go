// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/harness/provider"
)

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
