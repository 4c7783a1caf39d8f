// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// transfer is one Fetch under way. A store takes what one attempt after another brings: when a body breaks, the store
// waits, and the next attempt asks for the rest. Only when the rest is not available does the store begin again.
type transfer struct {
	client   *Client
	store    Store
	attempts attempts
	file     File  // what the last store got
	feed     *feed // to the store that waits for more; nil when there is none
}

// received says how much the store that waits has got.
func (t *transfer) received() int64 {
	if t.feed == nil {
		return 0
	}
	return t.feed.received
}

// ask adds what asks for the rest, if there is something that it can be the rest of.
func (t *transfer) ask(header http.Header) {
	header.Del("Range")
	header.Del("If-Range")
	if t.feed != nil && t.feed.received > 0 {
		header.Set("Range", "bytes="+strconv.FormatInt(t.feed.received, 10)+"-")
		header.Set("If-Range", t.feed.version.validator)
	}
}

// take is one attempt, from the answer's header on.
func (t *transfer) take(ctx context.Context, resp *http.Response) error {
	defer func() { _ = resp.Body.Close() }() // what was read is checked already
	if err := t.begin(ctx, resp); err != nil {
		return err
	}
	err := t.pumpUntilStored(resp.Body)
	if err != nil && t.feed != nil && resp.StatusCode == http.StatusPartialContent && t.feed.received == endOf(resp) {
		return errors.Join(errMore, err)
	}
	if t.feed != nil && err != nil && (!errors.As(err, new(mayPass)) || !t.feed.version.resumable) {
		t.abandon(err)
	}
	return err
}

// endOf returns where the part ends that an answer promises.
func endOf(resp *http.Response) int64 {
	_, last, _, ok := contentRange(resp.Header.Get("Content-Range"))
	if !ok {
		return -1
	}
	return last + 1
}

// begin sees to it that there is a feed that the answer's body belongs to.
func (t *transfer) begin(ctx context.Context, resp *http.Response) error {
	if t.feed != nil && (resp.StatusCode == http.StatusPartialContent || resp.StatusCode == http.StatusRequestedRangeNotSatisfiable) {
		reason := t.feed.version.mismatch(resp, t.feed.received)
		if reason == "" {
			if _, _, total, _ := contentRange(resp.Header.Get("Content-Range")); total >= 0 {
				t.feed.version.length = total
			}
			return nil
		}
		err := mayPass{sysexits.New(sysexits.Unavailable, nil, "source does not resume where it broke off: %s", reason)}
		t.abandon(err)
		return err
	}
	if err := t.client.checkResponse(resp); err != nil {
		return t.refused(resp, err)
	}
	if t.feed != nil {
		t.abandon(errStartsOver)
	}
	t.file = File{
		ContentType: resp.Header.Get("Content-Type"),
		Length:      resp.ContentLength,
		Validator:   versionOf(resp).validator,
		Attempt:     t.attempts.made,
	}
	t.feed = newFeed(versionOf(resp), announcedDigest(resp.Header))
	t.file.Body = t.feed.body
	t.feed.start(ctx, t.store, t.file)
	return nil
}

// refused makes the next attempt ask for the whole file when the source refuses to send the rest of it, but not when it
// only asks to wait.
func (t *transfer) refused(resp *http.Response, err error) error {
	switch resp.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return err
	}
	if t.received() == 0 || resp.StatusCode == http.StatusOK {
		return err
	}
	again := mayPass{sysexits.New(sysexits.Unavailable, err, "source does not send the rest of the file")}
	t.abandon(again)
	return again
}

var (
	errStartsOver = errors.New("source starts over")
	// errMore says that the answer was a part of the rest, and complete.
	errMore = errors.New("source sent a part of the rest")
)

// pumpUntilStored pumps, and ends the body when the store ends before it.
func (t *transfer) pumpUntilStored(from io.ReadCloser) error {
	f, pumped := t.feed, make(chan struct{})
	defer close(pumped)
	go func() {
		select {
		case <-pumped:
		case <-f.stored:
			if b, ok := from.(interface{ interrupt() }); ok {
				b.interrupt()
			}
		}
	}()
	return t.pump(from)
}

// pump moves the answer's body to the feed, and to its end when it is complete. It returns what the store did then.
func (t *transfer) pump(from io.Reader) error {
	f := t.feed
	b := &body{r: from, read: f.received, length: f.version.length, max: t.client.opts.MaxBytes}
	for {
		buffer, ok := f.buffer()
		if !ok {
			return t.end(nil) // the store has ended by itself
		}
		n, err := b.Read(buffer)
		if f.received == 0 {
			n, err = fillHead(b, buffer, n, err)
			if what := NotMedia(buffer[:min(n, HeadBytes)]); what != "" && !t.client.opts.AnyContent {
				return t.end(errNotMedia(what))
			}
		}
		if f.hasEnded() || !f.put(buffer[:n]) {
			return t.end(nil)
		}
		switch {
		case errors.Is(err, io.EOF):
			return t.end(nil)
		case err != nil:
			return err
		}
	}
}

// fillHead reads on until there is enough to tell what a file is.
func fillHead(r io.Reader, buffer []byte, n int, err error) (int, error) {
	for n < HeadBytes && err == nil {
		var more int
		more, err = r.Read(buffer[n:])
		n += more
	}
	return n, err
}

// end closes the feed, waits for its store, and returns the store's error.
func (t *transfer) end(err error) error {
	f := t.feed
	t.feed = nil
	return stored(f.end(err))
}

// abandon ends the feed, if there is one, with an error. What its store says to that does not matter.
func (t *transfer) abandon(err error) {
	if t.feed != nil {
		_ = t.end(err)
	}
}
