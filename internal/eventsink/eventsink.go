// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package eventsink sends CloudEvents to one HTTP address, signed, one attempt at a time, and classifies the answers. Its caller decides
// when to retry.
package eventsink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"github.com/meetingops/meeting-recording-operator/internal/loopback"
)

// Mode is how an event is put into a request, by CloudEvents' HTTP binding.
type Mode string

// The modes.
const (
	// Structured has the whole event in the body, so all of it is signed.
	Structured Mode = "structured"
	// Binary has the event's data in the body and its attributes in headers, of which only the id is signed.
	Binary Mode = "binary"
)

// Options are the settings of a Sink.
type Options struct {
	// URL is where events are posted. The part after the host may be a secret, and appears in no message.
	URL string
	// KeyFile has the keys to sign with.
	KeyFile string
	// OnKeyError is called once for each reason why the file cannot be used later. It may be nil.
	OnKeyError func(error)
	// Mode is Structured or Binary.
	Mode Mode
	// AllowHTTP allows http to other hosts than this one.
	AllowHTTP bool
	// Timeout limits one attempt, from the connection to the response.
	Timeout time.Duration
	// UserAgent is sent with each request.
	UserAgent string
	// Now is the clock of signatures; nil: the system's.
	Now func() time.Time
}

// Sink sends events to one address.
type Sink struct {
	options Options
	host    string
	keys    *keyFile
	client  *http.Client
}

// New returns the sink. Its errors say what to change in the options.
func New(options Options) (*Sink, error) {
	address, err := url.Parse(options.URL)
	if err != nil || address.Host == "" || address.Scheme != "https" && address.Scheme != "http" {
		return nil, errors.New("--cloudevents-sink-url must be a URL such as https://host/path")
	}
	if address.Scheme == "http" && !options.AllowHTTP && !loopback.IsHost(address.Hostname()) {
		return nil, fmt.Errorf("the sink %s uses http, which anyone on the path can read and change: use https, or --insecure-cloudevents-sink", address.Host)
	}
	if options.Mode != Structured && options.Mode != Binary {
		return nil, fmt.Errorf("--cloudevents-mode is structured or binary, not %q", options.Mode)
	}
	if options.Timeout <= 0 {
		return nil, fmt.Errorf("--cloudevents-timeout must be more than 0, such as 10s; it is %s", options.Timeout)
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	keys, err := openKeyFile(options)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: options.Timeout}
	return &Sink{options: options, host: address.Host, keys: keys, client: &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, ForceAttemptHTTP2: true, DisableCompression: true,
			MaxResponseHeaderBytes: 64 << 10, MaxIdleConnsPerHost: 8, IdleConnTimeout: 90 * time.Second,
		},
		Timeout:       options.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Host is the sink's host and port, for messages.
func (s *Sink) Host() string { return s.host }

// Send posts an event once, and returns how that ended.
func (s *Sink) Send(ctx context.Context, event cloudevents.Event) Answer {
	request, err := s.request(ctx, event)
	if err != nil {
		return Answer{Outcome: Permanent, Err: err}
	}
	response, err := s.client.Do(request)
	if err != nil {
		return Answer{Outcome: Unreachable, Err: fmt.Errorf("reach the sink %s: %w", s.host, withoutURL(err))}
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10) // so that the connection can be used again; what it says is not asked for
	return s.classify(response)
}

func (s *Sink) request(ctx context.Context, event cloudevents.Event) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.options.URL, http.NoBody)
	if err != nil {
		return nil, errors.New("the sink's URL cannot be requested")
	}
	how := binding.WithForceStructured(ctx)
	if s.options.Mode == Binary {
		how = binding.WithForceBinary(ctx)
	}
	if err := cehttp.WriteRequest(how, (*binding.EventMessage)(&event), request); err != nil {
		return nil, fmt.Errorf("encode the event: %w", err)
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, fmt.Errorf("encode the event: %w", err)
	}
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	request.Header.Set("User-Agent", s.options.UserAgent)
	return request, s.keys.current().Sign(request.Header, event.ID(), body, s.options.Now())
}

// withoutURL removes the URL, which may have a secret, from the HTTP client's error.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// retryAfter returns the response's Retry-After, in seconds or as a date; 0 if it has none.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
