// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// tripper is the client's innermost layer: it ends bodies that stall, and responses with a malformed Location, which http.Client would repeat
// in its error, including secrets.
type tripper struct {
	next    http.RoundTripper
	timeout time.Duration // 0: bodies may stall
}

// RoundTrip implements http.RoundTripper.
func (t *tripper) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	resp, err := t.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		cancel(nil)
		return nil, err
	}
	resp.Body = &stallBody{ReadCloser: resp.Body, ctx: ctx, cancel: cancel, timeout: t.timeout}
	if location := resp.Header.Get("Location"); location != "" {
		if _, err := req.URL.Parse(location); err != nil {
			_ = resp.Body.Close() // there is a worse error to tell
			return nil, sysexits.New(sysexits.Protocol, nil, "source redirects to a malformed URL")
		}
	}
	return resp, nil
}

// stallBody ends the request when a single Read takes longer than the time-out. Time between Reads does not count: then
// it is the destination that is slow.
type stallBody struct {
	io.ReadCloser
	ctx     context.Context
	cancel  context.CancelCauseFunc
	timeout time.Duration
	timer   *time.Timer
}

func (b *stallBody) Read(p []byte) (int, error) {
	b.arm()
	n, err := b.ReadCloser.Read(p)
	if b.timer != nil {
		b.timer.Stop()
	}
	if err != nil {
		var stalled mayPass
		if errors.As(context.Cause(b.ctx), &stalled) {
			return n, stalled
		}
	}
	return n, err
}

func (b *stallBody) arm() {
	switch {
	case b.timeout <= 0:
	case b.timer != nil:
		b.timer.Reset(b.timeout)
	default:
		b.timer = time.AfterFunc(b.timeout, func() {
			b.cancel(mayPass{sysexits.New(sysexits.Unavailable, nil, "source sent nothing for %s", b.timeout)})
		})
	}
}

// interrupt ends a Read of another goroutine.
func (b *stallBody) interrupt() { b.cancel(nil) }

func (b *stallBody) Close() error {
	if b.timer != nil {
		b.timer.Stop()
	}
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}
