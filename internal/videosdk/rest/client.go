// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rest is a client of the provider's REST API, as far as finding
// recordings needs it: sessions by time, and the recordings of a session.
//
// It requests one page at a time, keeps none of them, and trusts none of them:
// a list may repeat, skip or reorder entries from one page to the next, so a
// caller must identify entries by what they hold. An entry that cannot be read
// does not hide the others: it comes with a [Problem].
package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// DefaultURL is the base address of the provider's API.
const DefaultURL = "https://api.videosdk.live"

const (
	// perPage is how many entries a page is asked for. The provider's default
	// is 10 or 20; it may answer with fewer than it is asked for.
	perPage = 100
	// maxSessionPages and maxRecordingPages end a list whose end never comes: after
	// a million sessions at the provider's own page size, and after ten thousand
	// recordings of one session, which must not hold up the others.
	maxSessionPages   = 100_000
	maxRecordingPages = 1_000
	// maxEmptyPages in a row end a list whatever its pages say. One may be empty
	// where all its entries have been deleted.
	maxEmptyPages = 20
	// maxIdle is how many connections are kept for the next request.
	maxIdle = 16

	// requestTimeout bounds one try of a request.
	requestTimeout = 30 * time.Second
	// maxTries is how often a request is tried in all.
	maxTries     = 4
	firstBackoff = time.Second
	maxBackoff   = 30 * time.Second
	// longestRetryAfter is the longest Retry-After that a request waits for.
	// After a longer one the request fails, and the error carries the time.
	longestRetryAfter = time.Minute
	// longestWait is the longest Retry-After that is believed.
	longestWait = 24 * time.Hour
)

// Options are the API's address, and the credentials.
type Options struct {
	// URL is the API's base address; empty means DefaultURL.
	URL string
	// Credentials returns the API key and its secret. It is called before each
	// request, so that a changed file counts at once.
	Credentials func() (Credentials, error)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Transport is nil for the default one.
	Transport http.RoundTripper
	// Observe, if not nil, is called after each try with the HTTP status, which
	// is 0 where none came.
	Observe func(status int)
}

// Client is safe for concurrent use.
type Client struct {
	base   *url.URL
	http   *retryablehttp.Client
	tokens tokens
}

// New returns a client. It sends nothing.
func New(o Options) (*Client, error) {
	address := o.URL
	if address == "" {
		address = DefaultURL
	}
	base, err := url.Parse(address)
	switch {
	case err != nil, (base.Scheme != "http" && base.Scheme != "https") || base.Hostname() == "":
		return nil, fmt.Errorf("API address must be an absolute http or https URL, such as %s", DefaultURL)
	case base.User != nil || base.RawQuery != "" || base.Fragment != "":
		return nil, errors.New("API address must not have user information, a query or a fragment")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Observe == nil {
		o.Observe = func(int) {}
	}
	return &Client{base: base, http: retrying(o), tokens: tokens{credentials: o.Credentials, now: o.Now}}, nil
}

func retrying(o Options) *retryablehttp.Client {
	if o.Transport == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost = maxIdle
		o.Transport = transport
	}
	client := retryablehttp.NewClient()
	client.Logger = nil
	client.HTTPClient = &http.Client{
		Timeout:   requestTimeout,
		Transport: o.Transport,
		// The token must not follow to another address.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	client.RetryMax, client.RetryWaitMin, client.RetryWaitMax = maxTries-1, firstBackoff, maxBackoff
	client.CheckRetry = func(ctx context.Context, response *http.Response, err error) (bool, error) {
		status := 0
		if response != nil {
			status = response.StatusCode
		}
		o.Observe(status)
		if retryAfter(response) > longestRetryAfter {
			return false, nil
		}
		return retryablehttp.DefaultRetryPolicy(ctx, response, err)
	}
	client.Backoff = func(shortest, longest time.Duration, attempt int, response *http.Response) time.Duration {
		return max(retryAfter(response), retryablehttp.DefaultBackoff(shortest, longest, attempt, nil))
	}
	client.ErrorHandler = retryablehttp.PassthroughErrorHandler
	return client
}

// Sessions calls visit for each session that began at or after since, page by
// page. An error of visit ends the list and is returned.
func (c *Client) Sessions(ctx context.Context, since time.Time, visit func(Session) error) error {
	query := url.Values{"startDate": {strconv.FormatInt(max(0, since.UnixMilli()), 10)}}
	_, err := list(ctx, c, listing{"/v2/sessions", query, maxSessionPages}, (*decoder).session, func(page []Session) error {
		for _, session := range page {
			if err := visit(session); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

// Recordings calls visit for each page of a session's recordings, and returns how
// many there are by the provider's own count. A session that the provider does not
// know has none.
func (c *Client) Recordings(ctx context.Context, sessionID string, visit func([]Recording) error) (total int, err error) {
	query := url.Values{"sessionId": {sessionID}}
	total, err = list(ctx, c, listing{"/v2/recordings", query, maxRecordingPages}, (*decoder).recording, visit)
	// An API without this path does not know the session either, but says nothing about it.
	var failed *Error
	if errors.As(err, &failed) && failed.IsNotFound() && failed.Message != "" {
		return 0, nil
	}
	return total, err
}

// listing is what to list.
type listing struct {
	path     string
	query    url.Values
	maxPages int
}

// list requests page after page until the provider says that there is no more.
func list[T any](ctx context.Context, c *Client, of listing, entry func(*decoder) T, visit func([]T) error) (total int, err error) {
	of.query.Set("perPage", strconv.Itoa(perPage))
	empty := 0 // pages in a row
	for number := 1; number <= of.maxPages; number++ {
		of.query.Set("page", strconv.Itoa(number))
		address := *c.base
		address.Path = strings.TrimSuffix(address.Path, "/") + of.path
		address.RawQuery = of.query.Encode()
		page, err := get(ctx, c, &address, number, entry)
		if err != nil {
			return 0, err
		}
		if err := visit(page.entries); err != nil {
			return 0, err
		}
		if empty++; len(page.entries) > 0 {
			empty = 0
		}
		if number >= page.last || empty == maxEmptyPages {
			return page.total, nil
		}
	}
	return 0, fmt.Errorf("list %s: more than %d pages, without an end", of.path, of.maxPages)
}

// get requests one page.
func get[T any](ctx context.Context, c *Client, address *url.URL, number int, entry func(*decoder) T) (page[T], error) {
	token, err := c.tokens.token()
	if err != nil {
		return page[T]{}, fmt.Errorf("sign the request to the provider's API: %w", err)
	}
	request, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return page[T]{}, &Error{Address: shown(address), Err: err}
	}
	request.Header.Set("Authorization", token)
	request.Header.Set("Accept", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		if response != nil { // that of a request that was canceled meanwhile
			_ = response.Body.Close()
		}
		return page[T]{}, &Error{Address: shown(address), Err: cause(err)}
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return page[T]{}, c.statusError(address, response)
	}
	p, err := decodePage(response.Body, response.Header.Get("Content-Type"), number, entry)
	if err != nil {
		return page[T]{}, &Error{Address: shown(address), Err: err}
	}
	return p, nil
}

// shown is how errors name an address: without what a query may reveal, but
// for the page.
func shown(address *url.URL) string {
	text := address.Scheme + "://" + address.Host + address.Path
	if page := address.Query().Get("page"); page != "" {
		text += "?page=" + page
	}
	return text
}

// cause is an error without the address around it, which [Error] has.
func cause(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// retryAfter returns how long the response asks to wait; 0 where it does not. A
// time counts from the provider's own clock, which may differ from ours.
func retryAfter(response *http.Response) time.Duration {
	if response == nil {
		return 0
	}
	value := strings.TrimSpace(response.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(max(0, seconds), int64(longestWait/time.Second))) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return min(max(0, at.Sub(now)), longestWait)
}
