// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package source fetches a recorded file over HTTP from a URL that came from outside. It trusts neither the URL nor the server: only allowed
// hosts, only public addresses (checked while connecting), limited size and time, limited retries. Every error it returns is an ExitError,
// without the query of the URL, which may be a signature.
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

// maxHeaderBytes limits the response headers.
const maxHeaderBytes = 64 << 10

// Options are the limits of a Client. The zero value of a limit is no limit; Defaults returns the defaults.
type Options struct {
	// Hosts are the allowed hosts. See ParseHostRule.
	Hosts []HostRule
	// AllowHTTP allows http URLs.
	AllowHTTP bool
	// AllowPrivateAddresses turns off the check of addresses.
	AllowPrivateAddresses bool
	// Proxy selects the proxy of a request, as http.Transport.Proxy; nil: none. A proxy looks up names itself, so addresses behind it are not
	// checked here.
	Proxy func(*url.URL) (*url.URL, error)

	// AnyContent accepts every kind of content, not only recordings.
	AnyContent bool

	// MaxBytes is the size of the largest accepted file.
	MaxBytes int64
	// Retries is the number of retries.
	Retries int
	// ConnectTimeout bounds the connection, and again the TLS handshake.
	ConnectTimeout time.Duration
	// ResponseHeaderTimeout bounds the wait for the answer once the request is sent.
	ResponseHeaderTimeout time.Duration
	// StallTimeout bounds the wait for the next byte of the body.
	StallTimeout time.Duration
	// Timeout limits the total time, including retries.
	Timeout time.Duration

	// Backoff says how long to wait before retry n (from 0), given the answer's Retry-After (0: none).
	Backoff func(retry int, retryAfter time.Duration) time.Duration
	// TLS is the TLS configuration; nil: the system's roots.
	TLS *tls.Config
	// UserAgent is sent with each request.
	UserAgent string
	// Logger logs retries, and guards that are turned off; nil: nothing is logged.
	Logger *slog.Logger
}

// Defaults returns the default options: DefaultHosts, https and public addresses only, 20 GiB,
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

// New returns a client, and logs a warning for each guard that the options turn off.
func New(opts Options) *Client {
	c := &Client{opts: opts, policy: urlPolicy{opts.Hosts, opts.AllowHTTP}, log: opts.Logger}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.opts.Backoff == nil {
		c.opts.Backoff = Backoff
	}
	if opts.AllowHTTP {
		c.log.Warn("Unencrypted sources are allowed", "flag", "--allow-http", "effect", "anyone on the path can read and change the file")
	}
	if opts.AllowPrivateAddresses {
		c.log.Warn("Private addresses are allowed", "flag", "--allow-private-addresses",
			"effect", "anyone who can set a recording's URL can reach services inside the network, if their host is allowed")
	}
	if opts.Proxy != nil {
		c.log.Warn("Proxies of the environment are used", "flag", "--proxy-from-environment", "effect", "addresses behind a proxy are not checked")
	}
	c.http = &http.Client{Transport: c.transport(), CheckRedirect: c.checkRedirect}
	return c
}

// Options returns the client's options.
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

// checkRedirect applies the rules of the first URL to a redirect.
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
	// Length is the announced size in bytes; -1 if it is unknown.
	Length int64
	// Validator is the response's strong entity tag, or a Last-Modified time that is as reliable; empty if there is neither. Two files of one
	// URL with the same validator have the same bytes.
	Validator string
	// Attempt counts from 1.
	Attempt int
	// Body is the file. Its end (io.EOF) means that the file is complete, not empty, within the limits, and has the digest that the source
	// announced, if any; the reader must return any other error unchanged.
	Body *Body
}

// Store is the function that stores a file. It reads the body to its end, or returns nil earlier if it does not need the rest.
type Store func(context.Context, File) error

// Fetch requests rawURL and passes the file to store. If the request or the body fails with a retryable error, it waits and requests the rest
// of the file, which store reads without noticing. If the rest is not available, the body fails, and store is called again with the whole
// file. Errors of store itself are not retried. An attempt that brought 1 MiB or more does not count as failed. Fetch returns the stored
// file, and an ExitError:
//
//	Usage        rawURL is not a URL
//	DataErr      an HTML page, an empty file, a file over MaxBytes; after the last retry, one that has another digest
//	             than was announced
//	NoInput      404 and 410
//	NoPerm       host, scheme or address not allowed; 401, 403 and 407
//	Protocol     any other response that is not a file
//	Unavailable  network errors, 408, 5xx, truncated bodies, stalls and time-outs, after the last retry
//	TempFail     429 after the last retry; ctx was cancelled
//
// or the error of store.
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
