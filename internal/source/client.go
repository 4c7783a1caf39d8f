// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package source fetches a recorded file over HTTP from a URL that came from outside, so it trusts neither the URL nor
// what answers: only allowed hosts, only public addresses (checked as the connection is made), limits on size and time,
// retries that are bounded. Every error it returns is an ExitError, and tells no query string, which may be a signature.
package source

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// maxRedirects is how many redirects one attempt follows.
const maxRedirects = 5

// maxHeaderBytes is how much of response headers is read.
const maxHeaderBytes = 64 << 10

// Options are the limits of a Client. The zero value of a limit is no limit; Defaults has what a user gets.
type Options struct {
	// Hosts is what may be requested. See ParseHostRule.
	Hosts []HostRule
	// AllowHTTP allows http URLs beside https.
	AllowHTTP bool
	// AllowPrivateAddresses switches the judgement of addresses off.
	AllowPrivateAddresses bool
	// Proxy says which proxy a request takes, as http.Transport.Proxy; nil: none. Through a proxy it is the proxy that
	// looks names up, so addresses are not checked here.
	Proxy func(*url.URL) (*url.URL, error)

	// AnyContent takes every kind of content, not only recordings.
	AnyContent bool

	// MaxBytes is the size of the largest file that is taken.
	MaxBytes int64
	// Retries is how often a failed attempt is repeated.
	Retries int
	// ConnectTimeout bounds the connection, and again the TLS handshake.
	ConnectTimeout time.Duration
	// ResponseHeaderTimeout bounds the wait for the answer once the request is sent.
	ResponseHeaderTimeout time.Duration
	// StallTimeout bounds the wait for the next byte of the body.
	StallTimeout time.Duration
	// Timeout bounds all of it, retries included.
	Timeout time.Duration

	// Backoff says how long to wait before retry n (from 0), given the answer's Retry-After (0: none).
	Backoff func(retry int, retryAfter time.Duration) time.Duration
	// TLS is the TLS configuration; nil: the system's roots.
	TLS *tls.Config
	// UserAgent is sent with each request.
	UserAgent string
	// Logger is notified of retries, and of what was switched off; nil: nobody is.
	Logger *slog.Logger
}

// Defaults returns the options that a user gets who sets none: DefaultHosts, https and public addresses only, 20 GiB,
// 4 retries, 10 s to connect, 30 s for the header, 60 s for the next byte, 2 h for all.
func Defaults() Options {
	opts := Options{
		MaxBytes:              20 << 30,
		Retries:               4,
		ConnectTimeout:        10 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		StallTimeout:          60 * time.Second,
		Timeout:               2 * time.Hour,
		Backoff:               Backoff,
		UserAgent:             "meeting-recording-operator",
	}
	for _, host := range DefaultHosts {
		rule, err := ParseHostRule(host)
		if err != nil {
			panic(err) // a constant of this package
		}
		opts.Hosts = append(opts.Hosts, rule)
	}
	return opts
}

// Client fetches files. It is safe for concurrent use.
type Client struct {
	opts   Options
	policy urlPolicy
	http   *http.Client
	log    *slog.Logger
}

// New returns a client, and warns in the log of each guard that the options switch off.
func New(opts Options) *Client {
	c := &Client{opts: opts, policy: urlPolicy{opts.Hosts, opts.AllowHTTP}, log: opts.Logger}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.opts.Backoff == nil {
		c.opts.Backoff = Backoff
	}
	if opts.AllowHTTP {
		c.log.Warn("Unencrypted sources are allowed", "flag", "--allow-http", "effect", "anyone on the way can read and change the file")
	}
	if opts.AllowPrivateAddresses {
		c.log.Warn("Private addresses are allowed", "flag", "--allow-private-addresses",
			"effect", "whoever can set a recording's URL can reach services inside the network, if their host is allowed")
	}
	if opts.Proxy != nil {
		c.log.Warn("Proxies of the environment are used", "flag", "--proxy-from-environment", "effect", "addresses behind a proxy are not checked")
	}
	c.http = &http.Client{Transport: c.transport(), CheckRedirect: c.checkRedirect}
	return c
}

// Options returns what the client was made with.
func (c *Client) Options() Options { return c.opts }

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func (c *Client) transport() http.RoundTripper {
	guarded := &net.Dialer{Timeout: c.opts.ConnectTimeout}
	if !c.opts.AllowPrivateAddresses {
		guarded.Control = guardAddress
	}
	proxies := newProxies(c.opts.Proxy)
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if proxies.has(address) {
				return (&net.Dialer{Timeout: c.opts.ConnectTimeout}).DialContext(ctx, network, address)
			}
			return guarded.DialContext(ctx, network, address)
		},
		TLSClientConfig:        c.opts.TLS,
		TLSHandshakeTimeout:    c.opts.ConnectTimeout,
		ResponseHeaderTimeout:  c.opts.ResponseHeaderTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableCompression:     true, // the file's own bytes, whose digest is told, not a decompression bomb
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           1,
	}
	if c.opts.Proxy != nil {
		transport.Proxy = proxies.choose
	}
	return &tripper{next: transport, timeout: c.opts.StallTimeout}
}

// checkRedirect holds a redirect to the rules of the first URL.
func (c *Client) checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return sysexits.New(sysexits.Protocol, nil, "source redirects more than %d times", maxRedirects)
	}
	req.Header.Del("Referer") // it would tell the next host the query of this one
	return c.policy.check(req.URL)
}

// File is a recorded file as it arrives.
type File struct {
	// ContentType is the answer's header; may be empty or wrong.
	ContentType string
	// Length is the announced size in bytes; -1 when it is not known.
	Length int64
	// Validator is the answer's strong entity tag or a time of last change that is as good as one; empty when there is
	// neither. Two files of one URL with the same validator have the same bytes.
	Validator string
	// Attempt counts from 1.
	Attempt int
	// Body is the file. Its end (io.EOF) means that the file is complete, not empty, within the limits, and has the
	// digest that the source announced, if it did; any other error must be returned as it is by the function that reads.
	Body *Body
}

// Store is the function that takes a file. It reads the body to its end, or returns nil before that when it does not
// need the rest.
type Store func(context.Context, File) error

// Fetch requests rawURL and gives the file to store. When the request or the body fails in a way that may pass, it waits
// and asks for the rest of the file, which store gets as if nothing had been, or if that is not available, ends the store
// by an error of the body, and calls it again with the whole file from its beginning. An error of store's own is not
// tried again. An attempt that brought 1 MiB or more of the rest is not counted as failed. It returns the file that was
// stored, and an ExitError:
//
//	Usage        rawURL is no URL
//	DataErr      an HTML page, an empty file, a file over MaxBytes; after the last retry, one that has another digest
//	             than was announced
//	NoInput      404 and 410
//	NoPerm       host, scheme or address not allowed; 401, 403 and 407
//	Protocol     any other answer that is no file
//	Unavailable  network errors, 408, 5xx, truncated bodies, stalls and time-outs, after the last retry
//	TempFail     429 after the last retry; ctx was cancelled
//
// or whatever store returned.
func (c *Client) Fetch(ctx context.Context, rawURL string, store Store) (File, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" {
		// url.Parse's error repeats the URL, whose query may be secret.
		return File{}, sysexits.New(sysexits.Usage, nil, "source is not an absolute URL such as https://host/path")
	}
	if err := c.policy.check(u); err != nil {
		return File{}, err
	}
	if c.opts.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.opts.Timeout, sysexits.New(sysexits.Unavailable, nil,
			"source was not fetched within %s; if it is only large or slow, raise --timeout", c.opts.Timeout))
		defer cancel()
	}
	return c.fetch(ctx, u, store)
}
