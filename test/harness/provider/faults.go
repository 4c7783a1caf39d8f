// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"
)

// Fault is a way in which the REST API fails.
type Fault string

// The faults. The last three answer with a page that is not what it should be.
const (
	Unavailable  Fault = "unavailable"   // 503
	RateLimited  Fault = "rate limited"  // 429 with Retry-After
	Unauthorized Fault = "unauthorized"  // 401 though the token is good
	Slow         Fault = "slow"          // answers late
	Hangs        Fault = "hangs"         // answers nothing until the client gives up
	Breaks       Fault = "breaks"        // ends the connection within the body
	HTML         Fault = "html"          // 200 with a page for people
	Renamed      Fault = "renamed field" // pageInfo has another name
	Repeats      Fault = "repeats"       // the last entry of the page before comes again
	Skips        Fault = "skips"         // an entry is missing
	Reorders     Fault = "reorders"      // the entries of the page are shuffled
)

// Faults draws a fault for some requests, the same ones for the same seed.
type Faults struct {
	Seed uint64
	// Rate is the share of requests that fail, from 0 to 1.
	Rate float64
	// Kinds are drawn from.
	Kinds []Fault
	// Delay is how long Slow and Hangs take at most.
	Delay time.Duration
	// First, if not 0, ends the faults after so many requests.
	First int
}

// shape is what is wrong with a page.
type shape struct {
	repeats, skips, reorders bool
	random                   *rand.Rand
}

func (s shape) apply(data []map[string]any) []map[string]any {
	if s.skips && len(data) > 0 {
		at := s.random.IntN(len(data))
		data = slices.Delete(data, at, at+1)
	}
	if s.reorders {
		s.random.Shuffle(len(data), func(i, j int) { data[i], data[j] = data[j], data[i] })
	}
	return data
}

// draw has a request fail, if that is its fate.
func (a *Account) draw(w http.ResponseWriter, r *http.Request) (shape, bool) {
	a.mu.Lock()
	a.fault++
	f, number := a.Faults, a.fault
	a.mu.Unlock()
	if f == nil || len(f.Kinds) == 0 {
		return shape{}, false
	}
	random := rand.New(rand.NewPCG(f.Seed, uint64(number)))
	if (f.First > 0 && number > f.First) || random.Float64() >= f.Rate {
		return shape{}, false
	}
	kind := f.Kinds[random.IntN(len(f.Kinds))]
	switch kind {
	case Repeats, Skips, Reorders:
		return shape{repeats: kind == Repeats, skips: kind == Skips, reorders: kind == Reorders, random: random}, false
	case Slow:
		wait(r, time.Duration(random.Int64N(int64(f.Delay)+1)))
		return shape{}, false
	}
	fail(w, r, kind, f.Delay)
	return shape{}, true
}

func fail(w http.ResponseWriter, r *http.Request, kind Fault, delay time.Duration) {
	switch kind {
	case RateLimited:
		w.Header().Set("Retry-After", "1")
		respond(w, http.StatusTooManyRequests, map[string]string{"message": "Too many requests"})
	case Unauthorized:
		respond(w, http.StatusUnauthorized, map[string]string{"message": "Token is invalid or expired"})
	case Hangs:
		wait(r, delay)
		panic(http.ErrAbortHandler)
	case Breaks:
		w.Header().Set("Content-Length", "1000")
		_, _ = fmt.Fprint(w, `{"pageInfo":{"currentPage":1,`)
		panic(http.ErrAbortHandler)
	case HTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprint(w, "<!doctype html><title>Sign in</title>")
	case Renamed:
		respond(w, http.StatusOK, map[string]any{"pagination": map[string]int{"page": 1, "totalPages": 1}, "data": []any{}})
	default:
		respond(w, http.StatusServiceUnavailable, map[string]string{"message": "Service unavailable"})
	}
}

// wait returns after a while, or when the client has given up.
func wait(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}
