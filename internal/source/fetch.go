// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// fetch runs the attempts. The library's response handler makes reading the body part of an attempt, so that there is
// one loop, one count and one wait for both a refused request and a body that breaks.
func (c *Client) fetch(ctx context.Context, u *url.URL, store Store) (File, error) {
	t := &transfer{client: c, store: store}
	t.attempts = attempts{log: c.log, backoff: c.opts.Backoff, retries: c.opts.Retries, received: t.received}
	client := &retryablehttp.Client{
		HTTPClient: c.http,
		RetryMax:   math.MaxInt, // attempts counts
		RequestLogHook: func(_ retryablehttp.Logger, req *http.Request, _ int) {
			t.attempts.begin()
			t.ask(req.Header)
		},
		CheckRetry:   t.attempts.check,
		Backoff:      t.attempts.wait,
		ErrorHandler: t.attempts.giveUp,
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return File{}, sysexits.New(sysexits.Usage, nil, "source is not a URL that can be requested")
	}
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", c.opts.UserAgent)
	req.SetResponseHandler(func(resp *http.Response) error { return t.take(ctx, resp) })
	//nolint:bodyclose // the response handler above has read the body, and closed it
	if resp, err := client.Do(req); err != nil {
		err = interrupted(ctx, err)
		t.abandon(err)
		return File{}, err
	} else if resp == nil {
		return File{}, sysexits.New(sysexits.Software, nil, "the HTTP client returned neither answer nor error")
	}
	t.file.Attempt = t.attempts.made
	t.file.Body = nil
	return t.file, nil
}

// interrupted returns why ctx ended, when it did, for then err is only its consequence.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	var timeout *sysexits.ExitError
	if errors.As(context.Cause(ctx), &timeout) {
		return timeout
	}
	return sysexits.New(sysexits.TempFail, context.Cause(ctx), "interrupted")
}

// stored keeps store's error from being taken for the HTTP client's.
func stored(err error) error {
	if err == nil || errors.As(err, new(*sysexits.ExitError)) {
		return err
	}
	return sysexits.New(sysexits.IOErr, err, "cannot store the file")
}
