// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// TokenAudience is the audience that the events server expects tokens to be issued for, unless its --token-audience says otherwise: of such a
// token nobody can make use at the API server.
const TokenAudience = "meeting-recording-events"

// Client knows a server. It is safe for concurrent use.
type Client struct {
	address *url.URL
	http    *http.Client
	token   func(context.Context) (string, error)
	onRetry func(error, time.Duration)
	backoff backoff
	idle    time.Duration
}

// Option changes a Client.
type Option func(*Client)

// WithToken has every connection ask for the bearer token to send, so that it can be renewed. An error is treated as one of the
// network: it is told to WithRetryHandler's function, and tried again.
func WithToken(source func(context.Context) (string, error)) Option {
	return func(c *Client) { c.token = source }
}

// WithTokenFile reads the token from a file with every connection: Kubernetes renews those of Pods.
func WithTokenFile(path string) Option {
	return WithToken(func(context.Context) (string, error) {
		content, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("read the token: %w", err)
		}
		return strings.TrimSpace(string(content)), nil
	})
}

// WithHTTPClient sets the client that connects, for certificates and proxies. It must have no Timeout: streams do not end.
func WithHTTPClient(client *http.Client) Option {
	return func(c *Client) { c.http = client }
}

// WithRetryHandler has a function called before each new attempt to connect, with why the last one ended and how long the pause is.
func WithRetryHandler(handler func(err error, pause time.Duration)) Option {
	return func(c *Client) { c.onRetry = handler }
}

// WithBackoff sets the pause after the first failure in a row, which doubles up to the longest; half of each is drawn. A connection that
// brought an event or a heartbeat ends the row. The defaults are half a second and 30 seconds.
func WithBackoff(first, longest time.Duration) Option {
	return func(c *Client) { c.backoff = backoff{first: first, longest: longest} }
}

// WithIdleTimeout sets after how long a silence a connection is taken for dead: more than the server's --heartbeat. The default is a
// minute.
func WithIdleTimeout(idle time.Duration) Option {
	return func(c *Client) { c.idle = idle }
}

// NewClient returns a client of the server at an address such as https://recordings.example.com. It does not connect yet.
func NewClient(address string, options ...Option) (*Client, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return nil, errors.New("the server's address must be like https://recordings.example.com")
	}
	c := &Client{
		address: parsed, http: &http.Client{}, backoff: backoff{first: 500 * time.Millisecond, longest: 30 * time.Second},
		onRetry: func(error, time.Duration) {}, idle: time.Minute,
	}
	for _, option := range options {
		option(c)
	}
	switch {
	case c.http.Timeout != 0:
		return nil, errors.New("the HTTP client must have no Timeout: it would end streams")
	case c.backoff.first <= 0 || c.backoff.longest < c.backoff.first:
		return nil, errors.New("the first pause of the backoff must be more than 0, and the longest not less")
	case c.idle <= 0:
		return nil, errors.New("the idle timeout must be more than 0")
	}
	return c, nil
}

// Room returns the recordings of a meeting. Without a meeting they are all of the namespace, without a namespace those of all that the
// server serves, which needs the right to get MeetingRecordings of them all.
func (c *Client) Room(namespace, meetingID string) *Room {
	return &Room{client: c, namespace: namespace, meetingID: meetingID}
}

// StatusError is an answer of the server that is no stream.
type StatusError struct {
	// Code is the HTTP status.
	Code int
	// Message is the server's, which says what to fix.
	Message string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("the events server answered %d: %s", e.Code, e.Message)
}

// final is true of answers that another attempt would get too. A token may have been renewed meanwhile, so 401 is no such.
func (e *StatusError) final() bool {
	return e.Code >= 400 && e.Code < 500 && e.Code != http.StatusUnauthorized && e.Code != http.StatusTooManyRequests &&
		e.Code != http.StatusRequestTimeout
}
