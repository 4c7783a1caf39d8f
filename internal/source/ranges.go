// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// ErrNoRanges is returned if the source does not serve parts of one version of the file. Fetch the whole file instead; if the source refuses
// it, Fetch returns why.
var ErrNoRanges = errors.New("source does not serve parts of the file")

// Ranges reads parts of one version of a file. It is not safe for concurrent use.
type Ranges struct {
	client    *Client
	url       *url.URL
	size      int64
	validator string // a strong ETag, or a date; empty: none was told
	received  int64
}

// OpenRanges requests up to head of the file's first bytes, and returns them with a reader of the others. It returns ErrNoRanges if the
// response is not a part, and otherwise the ExitErrors of Fetch.
func (c *Client) OpenRanges(ctx context.Context, rawURL string, head int64) (*Ranges, []byte, error) {
	u, err := c.parse(rawURL)
	if err != nil {
		return nil, nil, err
	}
	r := &Ranges{client: c, url: u, size: -1}
	part, err := r.Read(ctx, 0, head)
	if err != nil {
		return nil, nil, err
	}
	return r, part, nil
}

// parse reads and checks a source's URL.
func (c *Client) parse(rawURL string) (*url.URL, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" {
		return nil, sysexits.New(sysexits.Usage, nil, "source is not an absolute URL such as https://host/path")
	}
	return u, c.policy.check(u)
}

// Size is the file's size in bytes.
func (r *Ranges) Size() int64 { return r.size }

// Received is how many bytes were received so far, including repeated attempts.
func (r *Ranges) Received() int64 { return r.received }

// Read returns n bytes from offset on, or fewer if the file ends before. It requests the rest if the source sends fewer bytes, retries as
// Fetch does, and returns the same ExitErrors, or ErrNoRanges if the source refuses, or the file has changed.
func (r *Ranges) Read(ctx context.Context, offset, n int64) ([]byte, error) {
	var all []byte
	for {
		part, err := r.readPart(ctx, offset+int64(len(all)), n-int64(len(all)))
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
		if int64(len(all)) >= n || offset+int64(len(all)) >= r.size {
			return all, nil
		}
	}
}

// readPart returns what one answer brings, which is not empty.
func (r *Ranges) readPart(ctx context.Context, offset, n int64) ([]byte, error) {
	for retry := 0; ; retry++ {
		part, wait, err := r.attempt(ctx, offset, n)
		if err == nil {
			return part, nil
		}
		err = interrupted(ctx, classify(err))
		var again mayPass
		switch {
		case ctx.Err() != nil || !errors.As(err, &again):
			return nil, err
		case retry == r.client.opts.Retries && retry > 0:
			return nil, sysexits.New(again.Code, again.ExitError, "gave up after %d attempts", retry+1)
		case retry == r.client.opts.Retries:
			return nil, again.ExitError
		}
		wait = r.client.opts.Backoff(retry, wait)
		r.client.log.Warn("Part of the file failed, retrying", "retry", retry+1, "of", r.client.opts.Retries,
			"wait", wait.Round(time.Millisecond).String(), "error", err.Error())
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// pause waits, and returns an ExitError when ctx ends before.
func pause(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return interrupted(ctx, ctx.Err())
	}
}

// attempt asks once. With an error it returns how long the source asks to wait.
func (r *Ranges) attempt(ctx context.Context, offset, n int64) ([]byte, time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url.String(), nil)
	if err != nil {
		return nil, 0, sysexits.New(sysexits.Usage, nil, "source is not a URL that can be requested")
	}
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", r.client.opts.UserAgent)
	req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", offset, offset+n-1))
	if r.validator != "" {
		req.Header.Set("If-Range", r.validator)
	}
	resp, err := r.client.http.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = resp.Body.Close() }() // what was read is checked already
	part, err := r.take(resp, offset, n)
	return part, RetryAfter(resp, time.Now()), err
}

// take reads one answer.
func (r *Ranges) take(resp *http.Response, offset, n int64) ([]byte, error) {
	if resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && strings.TrimSpace(resp.Header.Get("Content-Range")) == "bytes */0" {
		return nil, errEmpty()
	}
	if resp.StatusCode != http.StatusPartialContent {
		return nil, ErrNoRanges
	}
	whole := *resp
	whole.StatusCode = http.StatusOK
	if err := r.client.checkResponse(&whole); err != nil {
		return nil, err
	}
	first, last, size, ok := contentRange(strings.TrimSpace(resp.Header.Get("Content-Range")))
	if !ok || size < 0 || first != offset || r.size >= 0 && size != r.size {
		return nil, ErrNoRanges
	}
	if limit := r.client.opts.MaxBytes; limit > 0 && size > limit {
		return nil, errTooLarge(strconv.FormatInt(size, 10), limit)
	}
	if told := validator(resp.Header); r.validator != "" && told != "" && told != r.validator {
		return nil, ErrNoRanges // of another replica, or another version
	}
	want := min(last-first+1, n) // some send all to the end
	part, err := io.ReadAll(io.LimitReader(&body{r: resp.Body, length: resp.ContentLength}, want))
	r.received += int64(len(part))
	if err != nil {
		return nil, err
	}
	if int64(len(part)) < want {
		return nil, mayPass{sysexits.New(sysexits.Unavailable, nil, "source broke off after %d of %d bytes", len(part), want)}
	}
	r.size = size
	if r.validator == "" {
		r.validator = validator(resp.Header)
	}
	return part, nil
}
