// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// fetch runs the attempts. The library's response handler makes reading the body part of an attempt, so that there is
// one loop, one count and one wait for both a refused request and a body that breaks.
func (c *Client) fetch(ctx context.Context, u *url.URL, store func(context.Context, File) error) (File, error) {
	var file File
	attempts := &attempts{log: c.log, backoff: c.opts.Backoff, total: c.opts.Retries + 1}
	client := &retryablehttp.Client{
		HTTPClient:     c.http,
		RetryMax:       c.opts.Retries,
		RequestLogHook: attempts.begin,
		CheckRetry:     attempts.check,
		Backoff:        attempts.wait,
		ErrorHandler:   attempts.giveUp,
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return File{}, sysexits.New(sysexits.Usage, nil, "source is not a URL that can be requested")
	}
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", c.opts.UserAgent)
	req.SetResponseHandler(func(resp *http.Response) error {
		defer func() { _ = resp.Body.Close() }() // what was read is judged already
		if err := c.checkResponse(resp); err != nil {
			return err
		}
		file = File{
			ContentType: resp.Header.Get("Content-Type"),
			Length:      resp.ContentLength,
			Attempt:     attempts.made,
			Body:        &body{r: resp.Body, length: resp.ContentLength, max: c.opts.MaxBytes},
		}
		return stored(store(ctx, file))
	})
	//nolint:bodyclose // the response handler above has read the body, and the client closed it
	if resp, err := client.Do(req); err != nil {
		return File{}, interrupted(ctx, err)
	} else if resp == nil {
		return File{}, sysexits.New(sysexits.Software, nil, "the HTTP client returned neither answer nor error")
	}
	file.Body = nil
	return file, nil
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
