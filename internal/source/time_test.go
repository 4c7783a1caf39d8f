// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/source"
)

func TestRetryAfterIsHeard(t *testing.T) {
	f := serve(t, after(2, func(w http.ResponseWriter, _ *http.Request, attempt int) {
		if attempt == 1 {
			w.Header().Set("Retry-After", "17")
		} else {
			w.Header().Set("Retry-After", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
		}
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	if _, _, err := f.fetch(t, f.url()); err != nil {
		t.Fatal(err)
	}
	if len(f.waits) != 2 || f.waits[0] != 17*time.Second || f.waits[1] < 59*time.Minute || f.waits[1] > time.Hour {
		t.Errorf("Retry-After was read as %v", f.waits)
	}
}

func TestRetryAfterOfAnyNumber(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"17": 17 * time.Second, "0": 0, "-5": 0, "": 0, "soon": 0, "99999999999": (1<<31 - 1) * time.Second, "999999999999999999999999": (1<<31 - 1) * time.Second,
	} {
		if got := source.RetryAfter(&http.Response{Header: http.Header{"Retry-After": {text}}}, time.Now()); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// hang sends half of the file, and then nothing until the client goes away.
func hang(w http.ResponseWriter, r *http.Request, _ int) {
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content[:len(content)/2])
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func TestStall(t *testing.T) {
	f := serve(t, hang)
	f.opts.StallTimeout = 20 * time.Millisecond
	_, _, err := f.fetch(t, f.url())
	f.expect(t, err, 69, "gave up after 3 attempts: source sent nothing for 20ms")
}

func TestHeaderTimeout(t *testing.T) {
	f := serve(t, func(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() })
	f.opts.ResponseHeaderTimeout = 20 * time.Millisecond
	_, _, err := f.fetch(t, f.url())
	f.expect(t, err, 69, "gave up after 3 attempts: cannot reach the source")
}

func TestTimeout(t *testing.T) {
	tests := map[string]func(f *fixture){
		"in the body": func(*fixture) {},
		"in the wait": func(f *fixture) {
			f.opts.StallTimeout = time.Millisecond
			f.opts.Backoff = func(int, time.Duration) time.Duration { return time.Hour }
		},
	}
	for name, arrange := range tests {
		t.Run(name, func(t *testing.T) {
			f := serve(t, hang)
			f.opts.Timeout = 50 * time.Millisecond
			arrange(f)
			_, _, err := f.fetch(t, f.url())
			f.expect(t, err, 69, "not fetched within 50ms; if it is only large or slow, raise --timeout")
		})
	}
}

func TestCancel(t *testing.T) {
	f := serve(t, hang)
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := source.New(f.opts).Fetch(ctx, f.url(), func(_ context.Context, file source.File) error {
		cancel(errors.New("told to stop"))
		_, err := io.Copy(io.Discard, file.Body)
		return err
	})
	f.expect(t, err, 75, "interrupted: told to stop")
	if hits := f.hits.Load(); hits != 1 {
		t.Errorf("%d requests, want 1", hits)
	}
}

// What interrupts after the file is stored comes too late.
func TestCancelAfterStore(t *testing.T) {
	f := serve(t, after(0, nil))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := source.New(f.opts).Fetch(ctx, f.url(), func(_ context.Context, file source.File) error {
		_, err := io.Copy(io.Discard, file.Body)
		cancel()
		return err
	})
	if err != nil {
		t.Errorf("err = %v, though the file is stored", err)
	}
}
