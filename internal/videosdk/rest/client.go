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
	// maxPages ends a list whose end never comes. It is more than a million
	// entries at the provider's own page size.
	maxPages = 100_000
	// maxBody bounds a page's body: 100 entries have about 100 KiB.
	maxBody = 8 << 20

	// requestTimeout bounds one try of a request.
	requestTimeout = 30 * time.Second
	// maxTries is how often a request is tried in all.
	maxTries     = 4
	firstBackoff = time.Second
	maxBackoff   = 30 * time.Second
	// longestRetryAfter is the longest Retry-After that a request waits for.
	// After a longer one the request fails, and the error carries the time.
	longestRetryAfter = time.Minute
)

// Options say where the API is and who asks.
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
			if retryAfter(response) > longestRetryAfter {
				o.Observe(status)
				return false, nil
			}
		}
		o.Observe(status)
		return retryablehttp.DefaultRetryPolicy(ctx, response, err)
	}
	client.Backoff = retryablehttp.DefaultBackoff // waits as long as Retry-After says
	client.ErrorHandler = retryablehttp.PassthroughErrorHandler
	return client
}

// Sessions calls visit for each session that began at or after since, page by
// page. An error of visit ends the list and is returned.
func (c *Client) Sessions(ctx context.Context, since time.Time, visit func(Session) error) error {
	query := url.Values{"startDate": {strconv.FormatInt(since.UnixMilli(), 10)}}
	_, err := list[wireSession](ctx, c, "/v2/sessions", query, visit)
	return err
}

// Recordings calls visit for each recording of a session, page by page, and
// returns how many there are by the provider's own count. A session that the
// provider does not know has none.
func (c *Client) Recordings(ctx context.Context, sessionID string, visit func(Recording) error) (total int, err error) {
	total, err = list[wireRecording](ctx, c, "/v2/recordings", url.Values{"sessionId": {sessionID}}, visit)
	// An API without this path does not know the session either, but says nothing about it.
	var failed *Error
	if errors.As(err, &failed) && failed.IsNotFound() && failed.Message != "" {
		return 0, nil
	}
	return total, err
}

// list requests page after page until the provider says that there is no more.
func list[W wire[T], T any](ctx context.Context, c *Client, path string, query url.Values, visit func(T) error) (total int, err error) {
	query.Set("perPage", strconv.Itoa(perPage))
	for number := 1; number <= maxPages; number++ {
		query.Set("page", strconv.Itoa(number))
		address := *c.base
		address.Path = strings.TrimSuffix(address.Path, "/") + path
		address.RawQuery = query.Encode()
		body, err := c.get(ctx, &address)
		if err != nil {
			return 0, err
		}
		page, err := decodePage[W](body, number)
		if err != nil {
			return 0, &Error{Address: shown(&address), Err: err}
		}
		for _, entry := range page.Data {
			if err := visit(entry.entry()); err != nil {
				return 0, err
			}
		}
		if number >= *page.Info.LastPage || len(page.Data) == 0 {
			return page.Info.Total, nil
		}
	}
	return 0, fmt.Errorf("list %s: more than %d pages, without an end", path, maxPages)
}

// get returns the body of a successful response.
func (c *Client) get(ctx context.Context, address *url.URL) ([]byte, error) {
	token, err := c.tokens.token()
	if err != nil {
		return nil, fmt.Errorf("sign the request to the provider's API: %w", err)
	}
	request, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, &Error{Address: shown(address), Err: err}
	}
	request.Header.Set("Authorization", token)
	request.Header.Set("Accept", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		if response != nil { // that of a request that was canceled meanwhile
			_ = response.Body.Close()
		}
		return nil, &Error{Address: shown(address), Err: cause(err)}
	}
	defer func() { _ = response.Body.Close() }()
	return c.read(address, response)
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

// retryAfter returns how long the response asks to wait; 0 where it does not.
func retryAfter(response *http.Response) time.Duration {
	value := strings.TrimSpace(response.Header.Get("Retry-After"))
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
