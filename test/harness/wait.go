// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"
)

const (
	// Patience is how long a test waits for what must come in the end. It measures no speed: the machine may be busy.
	Patience = 3 * time.Minute

	interval       = 20 * time.Millisecond
	attemptTimeout = 5 * time.Second
)

// Eventually fails the test unless check succeeds within Patience.
func Eventually(t testing.TB, what string, check func(context.Context) error) {
	t.Helper()
	Within(t, Patience, what, check)
}

// Within fails the test unless check succeeds within the limit.
func Within(t testing.TB, limit time.Duration, what string, check func(context.Context) error) {
	t.Helper()
	if err := Await(t.Context(), limit, what, check); err != nil {
		t.Fatal(err)
	}
}

// Await returns once check succeeds, or with its last error after the limit. Each attempt has 5 s, or what is left.
func Await(ctx context.Context, limit time.Duration, what string, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	var last error
	for {
		attempt, done := context.WithTimeout(ctx, attemptTimeout)
		err := check(attempt)
		done()
		var permanent permanentError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &permanent):
			return fmt.Errorf("%s: %w", what, permanent.error)
		case last == nil || ctx.Err() == nil:
			last = err // not that the time was over
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: not within %s: %w", what, limit, last)
		case <-tick.C:
		}
	}
}

// permanentError is one that waiting does not change.
type permanentError struct{ error }

// Permanent makes Await and the others give up at once, with the error.
func Permanent(err error) error { return permanentError{err} }

// Sleep waits, and reports whether the time passed before ctx was done. It is for programs: a test waits for a condition.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// CheckOK returns an error unless the URL answers 200.
func CheckOK(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %s", url, response.Status)
	}
	return errors.Join(err, response.Body.Close())
}
