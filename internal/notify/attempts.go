// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// attempts checks, delays and logs the attempts of one Send.
type attempts struct {
	sender *Sender
	made   int
	last   error
}

// check is the client's CheckRetry.
func (a *attempts) check(ctx context.Context, resp *http.Response, err error) (bool, error) {
	a.made++
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err == nil {
		err = a.sender.evaluate(resp)
	} else {
		err = a.sender.unreachable(err)
	}
	a.last = err
	code := sysexits.Code(err)
	again := code == sysexits.Unavailable || code == sysexits.TempFail
	if err != nil && !again {
		return false, err
	}
	return again, nil
}

// wait is the client's Backoff.
func (a *attempts) wait(_, _ time.Duration, retry int, resp *http.Response) time.Duration {
	var asked time.Duration
	if resp != nil {
		if seconds, err := strconv.ParseUint(resp.Header.Get("Retry-After"), 10, 31); err == nil {
			asked = time.Duration(seconds) * time.Second
		}
	}
	wait := a.sender.opts.Backoff(retry, asked)
	a.sender.log.Warn("Attempt failed, retrying", "attempt", a.made, "of", a.sender.opts.Retries+1,
		"wait", wait.Round(time.Millisecond).String(), "error", a.last.Error())
	return wait
}

// giveUp is the client's ErrorHandler: without it the client's error would contain the whole URL.
func (a *attempts) giveUp(resp *http.Response, err error, made int) (*http.Response, error) {
	if resp != nil {
		_ = resp.Body.Close()
	}
	if a.last == nil {
		return nil, err
	}
	if made > 1 {
		return nil, sysexits.New(sysexits.Code(a.last), a.last, "gave up after %d attempts", made)
	}
	return nil, a.last
}

// evaluate returns nil for 2xx.
func (s *Sender) evaluate(resp *http.Response) error {
	status := strconv.Itoa(resp.StatusCode) + " " + http.StatusText(resp.StatusCode)
	exit := func(code int, hint string) error {
		return sysexits.New(code, nil, "the receiver %s answered %s%s", s.receiver.Host, status, hint)
	}
	switch code := resp.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code >= 300 && code < 400:
		return exit(sysexits.Protocol, ", and redirects are not followed; set --url to the final URL")
	case code == http.StatusNotFound, code == http.StatusGone:
		return exit(sysexits.Config, "; correct --url")
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusProxyAuthRequired:
		return exit(sysexits.NoPerm, "; check that it has the same secret")
	case code == http.StatusTooManyRequests:
		return exit(sysexits.TempFail, "")
	case code == http.StatusRequestTimeout, code >= http.StatusInternalServerError:
		return exit(sysexits.Unavailable, "")
	default:
		return exit(sysexits.Protocol, ", not 2xx; check that it accepts CloudEvents in JSON (application/cloudevents+json)")
	}
}

// unreachable makes an ExitError of the HTTP client's error, without the URL, which may have a secret.
func (s *Sender) unreachable(err error) error {
	var exit *sysexits.ExitError
	if errors.As(err, &exit) {
		return exit
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return sysexits.New(sysexits.Unavailable, err, "cannot reach the receiver %s", s.receiver.Host)
}
