// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// roundTripper is a transport that is a function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// newSlowURL returns keys whose fetch takes as long as wait does. It is for a
// synctest bubble, so the transport uses no network.
func newSlowURL(t *testing.T, answer string, wait func(*http.Request) error) (keys *URLKeys, requests func() int) {
	t.Helper()
	var mu sync.Mutex
	count := 0
	transport := roundTripper(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		count++
		mu.Unlock()
		if err := wait(r); err != nil {
			return nil, err
		}
		recorder := httptest.NewRecorder()
		_, err := recorder.WriteString(answer)
		return recorder.Result(), err
	})
	keys, err := NewURLKeys(DefaultPublicKeyURL, URLKeysOptions{Client: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	return keys, func() int {
		mu.Lock()
		defer mu.Unlock()
		return count
	}
}

func hang(r *http.Request) error {
	<-r.Context().Done()
	return r.Context().Err()
}

func TestURLKeysBoundTheFetchInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys, _ := newSlowURL(t, "", hang)
		start := time.Now()
		if err := keys.Prefetch(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Prefetch = %v, want a deadline", err)
		}
		if took := time.Since(start); took != fetchTimeout {
			t.Errorf("took %v, want %v", took, fetchTimeout)
		}
	})
}

func TestURLKeysShareOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const latency = time.Second
		keys, requests := newSlowURL(t, keyAnswer(t, 0), func(*http.Request) error {
			<-time.After(latency) // of the bubble's clock
			return nil
		})
		verifier := NewVerifier(keys)
		body := []byte("{}")
		good, forged := sign(t, testKeys()[0], body), sign(t, testKeys()[1], body)
		flood := func(signature string, want error, wait time.Duration, total int) {
			t.Helper()
			start := time.Now()
			var group sync.WaitGroup
			for range maxWaiting {
				group.Go(func() {
					if err := verifier.Verify(t.Context(), body, signature); !errors.Is(err, want) {
						t.Errorf("Verify = %v, want %v", err, want)
					}
				})
			}
			group.Wait()
			if took := time.Since(start); took != wait || requests() != total {
				t.Errorf("took %v with %d requests in all, want %v and %d", took, requests(), wait, total)
			}
		}
		flood(good, nil, latency, 1)
		flood(forged, ErrBadSignature, latency, 2)
		flood(good, nil, 0, 2)
	})
}

// A caller that gives up does not take the fetch from the others.
func TestURLKeysOutliveTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys, requests := newSlowURL(t, keyAnswer(t, 0), func(r *http.Request) error {
			select {
			case <-time.After(2 * time.Second):
				return nil
			case <-r.Context().Done():
				return r.Context().Err()
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		body := []byte("{}")
		verifier, signature := NewVerifier(keys), sign(t, testKeys()[0], body)
		if err := verifier.Verify(ctx, body, signature); !errors.Is(err, ErrCannotVerify) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with a second: %v, want ErrCannotVerify because of the deadline", err)
		}
		if err := verifier.Verify(t.Context(), body, signature); err != nil {
			t.Errorf("with more time: %v", err)
		}
		if requests() != 1 {
			t.Errorf("%d requests, want 1", requests())
		}
	})
}

func TestURLKeysConcurrently(t *testing.T) {
	k := newKeyURL(t, newKeyServer(t, 0))
	body := []byte("{}")
	good, forged := sign(t, testKeys()[0], body), sign(t, testKeys()[2], body)
	if err := k.keys.Prefetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 50 {
				k.clock.Advance(retryInterval / 10)
				if err := k.verifier.Verify(t.Context(), body, good); err != nil {
					t.Errorf("good: %v", err)
				}
				if err := k.verifier.Verify(t.Context(), body, forged); !errors.Is(err, ErrBadSignature) && !errors.Is(err, ErrCannotVerify) {
					t.Errorf("forged: %v", err)
				}
			}
		})
	}
	group.Wait()
	k.awaitFetches()
}

// TestFloodDoesNotWaitForTheURL: when 32 wait for a slow fetch, others are
// answered at once that their signature cannot be checked.
func TestFloodDoesNotWaitForTheURL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		slow := false
		keys, requests := newSlowURL(t, keyAnswer(t, 0), func(*http.Request) error {
			if slow {
				<-release
			}
			return nil
		})
		if err := keys.Prefetch(t.Context()); err != nil {
			t.Fatal(err)
		}
		slow = true
		for range maxWaiting {
			go func() {
				if err := keys.Refresh(t.Context()); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		begin := time.Now()
		if err := keys.Refresh(t.Context()); !errors.Is(err, errTooManyWaiting) {
			t.Errorf("one more: %v", err)
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("one more waited %s", took)
		}
		close(release)
		synctest.Wait()
		if got := requests(); got != 2 {
			t.Errorf("%d requests, want 2", got)
		}
		if keys.waiting != 0 {
			t.Errorf("%d still wait", keys.waiting)
		}
	})
}
