// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package serverclock_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/meetingops/meeting-recording-operator/internal/serverclock"
)

// apiServer answers with its own clock.
type apiServer struct {
	ahead    time.Duration // of the machine's clock
	takes    time.Duration
	status   int
	date     string // instead of its clock's
	fails    error
	requests int
}

func (a *apiServer) RoundTrip(r *http.Request) (*http.Response, error) {
	a.requests++
	date := time.Now().Add(a.ahead).UTC().Format(http.TimeFormat)
	if a.date != "" {
		date = a.date
	}
	if a.takes > 0 {
		select {
		case <-time.After(a.takes):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if a.fails != nil {
		return nil, a.fails
	}
	return &http.Response{
		StatusCode: a.status, Status: http.StatusText(a.status), Request: r,
		Header: http.Header{"Date": {date}}, Body: io.NopCloser(bytes.NewReader([]byte("{}"))),
	}, nil
}

func newChecker(t *testing.T, api *apiServer, local clock.PassiveClock) *serverclock.Checker {
	t.Helper()
	checker, err := serverclock.New(&rest.Config{Host: "http://api", Transport: api}, local)
	if err != nil {
		t.Fatal(err)
	}
	return checker
}

func TestCheck(t *testing.T) {
	const ok = http.StatusOK
	for name, test := range map[string]struct {
		api  apiServer
		want string // in the error; empty: none
	}{
		"same time":                     {apiServer{status: ok}, ""},
		"half a minute ahead":           {apiServer{status: ok, ahead: -30 * time.Second}, ""},
		"half a minute behind":          {apiServer{status: ok, ahead: 30 * time.Second}, ""},
		"49 h ahead":                    {apiServer{status: ok, ahead: -49 * time.Hour}, "synchronize the node's clock"},
		"49 h behind":                   {apiServer{status: ok, ahead: 49 * time.Hour}, "synchronize the node's clock"},
		"just over a minute ahead":      {apiServer{status: ok, ahead: -62 * time.Second}, "synchronize the node's clock"},
		"just over a minute behind":     {apiServer{status: ok, ahead: 61 * time.Second}, "synchronize the node's clock"},
		"forbidden, but answered":       {apiServer{status: http.StatusForbidden}, ""},
		"no date":                       {apiServer{status: ok, date: "-"}, "no valid Date header"},
		"a proxy's error":               {apiServer{status: http.StatusBadGateway}, "Bad Gateway"},
		"unreachable":                   {apiServer{fails: errors.New("connection refused")}, "connection refused"},
		"answer too late":               {apiServer{status: ok, takes: time.Hour}, "deadline exceeded"},
		"slow answer within the bounds": {apiServer{status: ok, takes: 9 * time.Second}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				err := newChecker(t, &test.api, clock.RealClock{}).Check(t.Context(), time.Now())
				if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
					t.Errorf("got %v, want %q", err, test.want)
				}
			})
		})
	}
}

// A comparison is used for a while, unless it failed or the local clock was set.
func TestCheckAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, local := &apiServer{status: http.StatusOK}, clocktesting.NewFakePassiveClock(time.Now())
		checker := newChecker(t, api, local)
		check := func(when string, requests int, agrees bool) {
			t.Helper()
			if err := checker.Check(t.Context(), local.Now()); (err == nil) != agrees {
				t.Errorf("%s: %v", when, err)
			}
			if api.requests != requests {
				t.Errorf("%s: %d requests, want %d", when, api.requests, requests)
			}
		}
		pass := func(d time.Duration) {
			time.Sleep(d) //nolint:forbidigo // the bubble's clock
			local.SetTime(local.Now().Add(d))
		}
		check("first", 1, true)
		check("at once", 1, true)
		pass(5 * time.Second)
		check("soon", 1, true)
		pass(6 * time.Second)
		check("later", 2, true)
		local.SetTime(local.Now().Add(49 * time.Hour))
		check("clock was set", 3, false)
		check("still", 4, false)
		local.SetTime(local.Now().Add(-49 * time.Hour))
		check("clock was set back", 4, true)
	})
}

// What was decided by a clock that was wrong then does not stand, although the clock is right now.
func TestDecidedByAWrongClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, local := &apiServer{status: http.StatusOK}, clocktesting.NewFakePassiveClock(time.Now())
		checker := newChecker(t, api, local)
		decided := time.Now().Add(49 * time.Hour)
		for _, when := range []string{"clocks not compared yet", "clocks just compared"} {
			if err := checker.Check(t.Context(), decided); err == nil || !strings.Contains(err.Error(), "was set back from") {
				t.Errorf("%s: %v", when, err)
			}
			for _, harmless := range []time.Duration{-time.Hour, 0, time.Minute} {
				if err := checker.Check(t.Context(), local.Now().Add(harmless)); err != nil {
					t.Errorf("%s: decided %s from now: %v", when, harmless, err)
				}
			}
		}
	})
}

func TestUnusableConfiguration(t *testing.T) {
	for _, config := range []*rest.Config{{Host: "https://a", TLSClientConfig: rest.TLSClientConfig{CAFile: "no-such-file"}}, {Host: "://"}} {
		if _, err := serverclock.New(config, clock.RealClock{}); err == nil {
			t.Errorf("a checker for %+v", config)
		}
	}
}
