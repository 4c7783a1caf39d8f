// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

const (
	firstWait      = time.Second
	longestWait    = 30 * time.Second
	longestAskWait = 2 * time.Minute
	// progressBytes is how much an attempt must bring to be worth another, however often a file breaks off.
	progressBytes = 1 << 20
)

// Backoff doubles from one second up to 30 s; up to half of it is jitter, so that Jobs that failed together do not retry together. If the
// server asks for a longer wait, it waits that long, up to 2 min.
func Backoff(retry int, retryAfter time.Duration) time.Duration {
	wait := min(firstWait<<min(retry, 10), longestWait)
	wait = wait/2 + rand.N(wait/2+1)
	return max(wait, min(retryAfter, longestAskWait))
}

// mayPass marks an error that the next attempt may not meet.
type mayPass struct{ *sysexits.ExitError }

// Unwrap lets errors.As find the ExitError.
func (e mayPass) Unwrap() error { return e.ExitError }

// attempts checks, delays and logs the attempts of one Fetch.
type attempts struct {
	log      *slog.Logger
	backoff  func(retry int, retryAfter time.Duration) time.Duration
	retries  int
	received func() int64 // what the next attempt need not bring again

	made   int
	failed int   // since one has got on
	more   bool  // the last one brought all that its answer promised, which was a part of the rest
	before int64 // what was received when the last one began
	last   error // why it failed
}

// begin is called before each attempt.
func (a *attempts) begin() {
	a.made++
	a.before = a.received()
}

// check is the client's CheckRetry. It is called for each answer, and again with what the response handler returned.
func (a *attempts) check(ctx context.Context, _ *http.Response, err error) (bool, error) {
	switch {
	case err == nil: // the handler is next; or it has stored the file, and nothing can interrupt it any more
		return false, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	}
	a.last = err
	if a.more = errors.Is(err, errMore) && a.received() > a.before; a.more {
		a.failed = 0
		return true, nil
	}
	var again mayPass
	if !errors.As(classify(err), &again) {
		return false, nil
	}
	if a.received()-a.before >= progressBytes {
		a.failed = 0
	}
	a.failed++
	return a.failed <= a.retries, nil
}

// wait is the client's Backoff.
func (a *attempts) wait(_, _ time.Duration, _ int, resp *http.Response) time.Duration {
	if a.more {
		return 0
	}
	wait := a.backoff(a.failed-1, RetryAfter(resp, time.Now()))
	a.log.Warn("Attempt failed, retrying", "attempt", a.made, "retry", a.failed, "of", a.retries, "received", a.received(),
		"wait", wait.Round(time.Millisecond).String(), "error", classify(a.last).Error())
	return wait
}

// giveUp is the client's ErrorHandler: without it the client's error would contain the whole URL.
func (a *attempts) giveUp(_ *http.Response, err error, made int) (*http.Response, error) {
	err = classify(err)
	var again mayPass
	if errors.As(err, &again) && made > 1 {
		return nil, sysexits.New(again.Code, again.ExitError, "gave up after %d attempts", made)
	}
	return nil, err
}

// classify makes an ExitError of what the HTTP client returned, as mayPass if it is worth another attempt. Errors that are
// ExitErrors already, such as a refusal while dialling or what store returned, come out of their wrapping as they are.
func classify(err error) error {
	var again mayPass
	var exit *sysexits.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &again):
		return again
	case errors.As(err, &exit):
		return exit
	}
	var wrapped *url.Error
	if !errors.As(err, &wrapped) {
		return err // not the HTTP client's: store's own
	}
	if isCertificateError(wrapped.Err) {
		return sysexits.New(sysexits.Unavailable, wrapped.Err, "source's TLS certificate is not trusted")
	}
	return mayPass{sysexits.New(sysexits.Unavailable, wrapped.Err, "cannot reach the source")}
}

func isCertificateError(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &hostname) || errors.As(err, &invalid)
}

// RetryAfter returns the response's Retry-After, in seconds or as a date (RFC 9110 section 10.2.3); 0 if it has none.
func RetryAfter(resp *http.Response, now time.Time) time.Duration {
	if resp == nil {
		return 0
	}
	value := resp.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(seconds) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(date.Sub(now), 0)
	}
	return 0
}
