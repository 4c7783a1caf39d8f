// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// Error is a request that failed. It holds neither the token nor the query.
type Error struct {
	// Address is the URL without its query, but for the page.
	Address string
	// Status is the HTTP status; 0 where no response came or its content is
	// what is wrong.
	Status int
	// Message is what the provider says, shortened and cleaned.
	Message string
	// RetryAfter is how long the provider asks to wait; 0 where it does not.
	RetryAfter time.Duration
	// Err is what went wrong where it is not the status.
	Err error
}

// Error says which request failed, why, and what to do.
func (e *Error) Error() string {
	text := "get " + e.Address + ": "
	if e.Status == 0 {
		return text + e.Err.Error()
	}
	text += fmt.Sprintf("HTTP status %d", e.Status)
	if e.Message != "" {
		text += fmt.Sprintf(" (%q)", e.Message)
	}
	switch {
	case e.Status == http.StatusUnauthorized:
		text += ": check that the API key and its secret belong together, and this machine's clock"
	case e.Status == http.StatusForbidden:
		text += ": the API key has no permission to list sessions and recordings"
	case e.Status == http.StatusTooManyRequests:
		text += ": rate limited"
	case e.IsNotFound():
		text += ": not found: check the API address, and the account"
	case e.Status >= 300 && e.Status < 400:
		text += ": redirects are not followed: give the final address"
	}
	return text
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// IsNotFound reports whether the provider does not know what was asked for. It
// says so by 402 as well as by 404.
func (e *Error) IsNotFound() bool {
	return e.Status == http.StatusNotFound || e.Status == http.StatusPaymentRequired
}

// NeedsUser reports whether retrying cannot help until someone changes the
// key, its permissions or the address.
func (e *Error) NeedsUser() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden || (e.Status >= 300 && e.Status < 400)
}

const (
	// maxMessage bounds what errors quote of a response, and maxErrorBody what is
	// read of it for that.
	maxMessage   = 200
	maxErrorBody = 64 << 10
)

// statusError is the error of a response that has not status 200.
func (c *Client) statusError(address *url.URL, response *http.Response) *Error {
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorBody)) // what there is may say why
	return &Error{
		Address: shown(address), Status: response.StatusCode, RetryAfter: retryAfter(response), Message: clean(c.tokens.conceal(messageOf(body))),
	}
}

func kindOf(contentType string) string {
	if kind, _, err := mime.ParseMediaType(contentType); err == nil {
		return kind
	}
	return "of an unknown type"
}

// messageOf returns what an error's body says, under any of the names that the
// provider uses.
func messageOf(body []byte) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return ""
	}
	for _, name := range []string{"message", "error", "msg", "statusMessage", "code", "errorCode"} {
		var text string
		if json.Unmarshal(members[name], &text) == nil && strings.TrimSpace(text) != "" {
			return text
		}
	}
	return ""
}

// clean makes a text of the provider fit for one line of a log.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > maxMessage {
		return string(runes[:maxMessage]) + "..."
	}
	return text
}

// page is one page of a list.
type page[T any] struct {
	entries     []T
	last, total int
}

// info is the pageInfo of a page.
type info struct{ current, last, total *int }

// decodePage reads a page. Without pageInfo nothing would say whether there are
// more, and a list that looks whole would hide recordings. An entry that is not an
// object is read as an empty one, and the others as they are.
func decodePage[T any](response io.Reader, contentType string, number int, entry func(*decoder) T) (page[T], error) {
	from := &body{from: response}
	d := newDecoder(from)
	p, err := readPage(d, contentType, number, entry)
	if from.failed != nil {
		err = from.failed
	}
	return p, err
}

func readPage[T any](d *decoder, contentType string, number int, entry func(*decoder) T) (p page[T], err error) {
	var about *info
	switch d.kind() {
	case '{':
	case '[':
		return p, errors.New("the response is not a JSON object: check the API address")
	default:
		return p, fmt.Errorf("the response is not JSON but %s: check the API address", kindOf(contentType))
	}
	d.object(func(name []byte) {
		switch {
		case err != nil:
			d.skip()
		case string(name) == `"pageInfo"`:
			about, err = d.info()
		case string(name) == `"data"`:
			p.entries, err = readEntries(d, entry)
		default:
			d.skip()
		}
	})
	switch {
	case d.err != nil || !d.atEnd():
		return p, errors.New("the response is not JSON: check the API address")
	case err != nil:
		return p, err
	case about == nil:
		return p, errors.New("the response has no field pageInfo")
	case p.entries == nil:
		return p, errors.New("the response has no field data")
	case about.last == nil:
		return p, errors.New("the response has no field pageInfo.lastPage")
	case about.current != nil && *about.current != number:
		return p, fmt.Errorf("page %d was requested, and page %d came", number, *about.current)
	}
	p.last, p.total = *about.last, count(about.total)
	return p, nil
}

// atEnd reports whether nothing follows. It reads the response as far, so that
// its connection can be used again.
func (d *decoder) atEnd() bool {
	_, err := d.json.ReadToken()
	return errors.Is(err, io.EOF)
}

// readEntries returns nil, and no error, for null.
func readEntries[T any](d *decoder, entry func(*decoder) T) ([]T, error) {
	if d.kind() == 'n' {
		d.skip()
		return nil, nil
	}
	entries := []T{}
	isArray := d.array(func() {
		if len(entries) > maxEntries {
			d.skip()
			return
		}
		entries = append(entries, entry(d))
	})
	switch {
	case !isArray:
		return nil, errors.New("the field data is not an array of objects")
	case len(entries) > maxEntries:
		return nil, fmt.Errorf("the page has more than %d entries, though %d were requested", maxEntries, perPage)
	}
	return entries, nil
}

// info returns nil, and no error, for null.
func (d *decoder) info() (*info, error) {
	if d.kind() == 'n' {
		d.skip()
		return nil, nil
	}
	read, wrong := &info{}, false
	into := map[string]**int{`"currentPage"`: &read.current, `"lastPage"`: &read.last, `"total"`: &read.total}
	isObject := d.object(func(name []byte) {
		field := into[string(name)]
		if field == nil || d.kind() == 'n' {
			d.skip()
			return
		}
		*field = d.number()
		wrong = wrong || *field == nil
	})
	if !isObject || wrong {
		return nil, errors.New("the field pageInfo is not an object with numbers")
	}
	return read, nil
}
