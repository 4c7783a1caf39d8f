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

// TokenAudience is the audience that tokens for the events server must have, unless its --token-audience says otherwise. The API server does
// not accept such a token.
const TokenAudience = "meeting-recording-events"

// Client is a client of an events server. It is safe for concurrent use.
type Client struct {
	address *url.URL
	http    *http.Client
	token   func(context.Context) (string, error)
	onRetry func(error, time.Duration)
	backoff backoff
	idle    time.Duration
}

// Option configures a Client.
type Option func(*Client)

// WithToken sets the function that returns the bearer token. It is called for every connection, so that the token can be renewed. Its
// errors are treated like network errors: they are passed to the handler of WithRetryHandler, and the client tries again.
func WithToken(source func(context.Context) (string, error)) Option {
	return func(c *Client) { c.token = source }
}

// WithTokenFile reads the token from a file for every connection, because Kubernetes renews the tokens of Pods.
func WithTokenFile(path string) Option {
	return WithToken(func(context.Context) (string, error) {
		content, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("read token: %w", err)
		}
		return strings.TrimSpace(string(content)), nil
	})
}

// WithHTTPClient sets the HTTP client, for certificates and proxies. It must have no Timeout, because streams do not end.
func WithHTTPClient(client *http.Client) Option {
	return func(c *Client) { c.http = client }
}

// WithRetryHandler sets a function that is called before each reconnect, with the reason and the wait.
func WithRetryHandler(handler func(err error, wait time.Duration)) Option {
	return func(c *Client) { c.onRetry = handler }
}

// WithBackoff sets the wait after the first failure, which doubles with each further one up to the longest; half of each is jitter. An event
// or a heartbeat resets it. The defaults are half a second and 30 seconds.
func WithBackoff(first, longest time.Duration) Option {
	return func(c *Client) { c.backoff = backoff{first: first, longest: longest} }
}

// WithIdleTimeout sets how long a connection may be silent before the client reconnects. It must be more than the server's --heartbeat. The
// default is a minute.
func WithIdleTimeout(idle time.Duration) Option {
	return func(c *Client) { c.idle = idle }
}

// NewClient returns a client of the server at an address such as https://recordings.example.com. It does not connect.
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
		return nil, errors.New("the first backoff must be more than 0, and the longest not shorter")
	case c.idle <= 0:
		return nil, errors.New("the idle timeout must be more than 0")
	}
	return c, nil
}

// Room returns the recordings of a meeting. Without a meeting it has all recordings of the namespace; without a namespace, those of all
// namespaces that the server serves, which needs list and watch of MeetingRecordings in each of them.
func (c *Client) Room(namespace, meetingID string) *Room {
	return &Room{client: c, namespace: namespace, meetingID: meetingID}
}

// StatusError is a response of the server that is not a stream.
type StatusError struct {
	// Code is the HTTP status.
	Code int
	// Message is the server's message, which says what to fix.
	Message string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("the events server answered %d: %s", e.Code, e.Message)
}

// final reports whether a retry would get the same response. A token may have been renewed meanwhile, so 401 is not final.
func (e *StatusError) final() bool {
	return e.Code >= 400 && e.Code < 500 && e.Code != http.StatusUnauthorized && e.Code != http.StatusTooManyRequests &&
		e.Code != http.StatusRequestTimeout
}
