// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/meetingops/meeting-recording-operator/internal/source"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// Options are the limits of a Sender.
type Options struct {
	// AllowHTTP allows http receivers.
	AllowHTTP bool
	// AllowPrivateAddresses allows a receiver at an address that is not public, as in the cluster.
	AllowPrivateAddresses bool
	// Retries is the number of retries.
	Retries int
	// AttemptTimeout bounds one attempt, from the connection to the answer's header.
	AttemptTimeout time.Duration
	// Timeout limits the total time.
	Timeout time.Duration
	// Backoff says how long to wait before retry n (from 0), given the answer's Retry-After (0: none).
	Backoff func(retry int, retryAfter time.Duration) time.Duration
	// UserAgent is sent with each request.
	UserAgent string
	// Now is the clock of signatures; nil: the system's.
	Now func() time.Time
}

// Defaults returns the default options: https and public addresses only, 6 retries, 15 s for each attempt, 5 min in total.
func Defaults() Options {
	return Options{Retries: 6, AttemptTimeout: 15 * time.Second, Timeout: 5 * time.Minute, Backoff: source.Backoff}
}

// Sender sends events to one receiver.
type Sender struct {
	opts     Options
	receiver *url.URL
	secret   Secret
	log      *slog.Logger
	http     *http.Client
}

// NewSender returns a sender. It returns an ExitError: Usage for an invalid URL, NoPerm for http that is not allowed.
func NewSender(receiver string, secret Secret, opts Options, log *slog.Logger) (*Sender, error) {
	u, err := url.Parse(receiver)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, sysexits.New(sysexits.Usage, nil, "the receiver is not a URL such as https://host/path: set --url or NOTIFY_URL")
	}
	if u.Scheme == "http" && !opts.AllowHTTP {
		return nil, sysexits.New(sysexits.NoPerm, nil, "the receiver %s uses http, which anyone on the path can read; use https, or --allow-http", u.Host)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	dialer := &net.Dialer{Timeout: opts.AttemptTimeout}
	if !opts.AllowPrivateAddresses {
		dialer.Control = guardAddress
	}
	return &Sender{opts: opts, receiver: u, secret: secret, log: log, http: &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10,
		},
		Timeout:       opts.AttemptTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close closes idle connections.
func (s *Sender) Close() { s.http.CloseIdleConnections() }

// guardAddress checks the address that is about to be connected to, as for sources.
func guardAddress(_, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return sysexits.New(sysexits.NoPerm, err, "the receiver's address cannot be checked")
	}
	if what := source.Refusal(target.Addr()); what != "" {
		return sysexits.New(sysexits.NoPerm, nil,
			"the receiver is at %s, which is %s; if it is yours, use --allow-private-addresses", target.Addr(), what)
	}
	return nil
}

// Send posts the event until the receiver has answered 2xx, signed for each attempt. It returns an ExitError:
//
//	Config       404 and 410: there is no such receiver
//	NoPerm       401, 403 and 407; an address that is not allowed
//	Protocol     any other answer that is not 2xx, redirects among them
//	Unavailable  network errors, 408, 5xx and time-outs, after the last retry
//	TempFail     429 after the last retry; ctx was cancelled
func (s *Sender) Send(ctx context.Context, event Event) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.opts.Timeout,
		sysexits.New(sysexits.Unavailable, nil, "the receiver %s did not accept the event within %s (--timeout)", s.receiver.Host, s.opts.Timeout))
	defer cancel()
	a := attempts{sender: s}
	client := &retryablehttp.Client{
		HTTPClient: s.http, RetryMax: s.opts.Retries, CheckRetry: a.check, Backoff: a.wait, ErrorHandler: a.giveUp,
		PrepareRetry: func(req *http.Request) error { return s.secret.sign(req.Header, event, s.opts.Now()) },
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPost, s.receiver.String(), event.body)
	if err != nil {
		return sysexits.New(sysexits.Usage, nil, "the receiver is not a URL that can be requested")
	}
	req.Header.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
	req.Header.Set("User-Agent", s.opts.UserAgent)
	if err := s.secret.sign(req.Header, event, s.opts.Now()); err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return interrupted(ctx, err)
	}
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // the body of a 2xx is not needed
	_ = resp.Body.Close()
	s.log.Info("Notified", "receiver", s.receiver.Host, "event", event.ID, "status", resp.StatusCode, "attempts", a.made)
	return nil
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
