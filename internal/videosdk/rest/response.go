// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
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

// NeedsUser reports whether trying again cannot help until somebody changes
// the key, its permissions or the address.
func (e *Error) NeedsUser() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden || (e.Status >= 300 && e.Status < 400)
}

// maxMessage bounds what errors quote of a response.
const maxMessage = 200

// read returns the body of a response if it is JSON with status 200.
func (c *Client) read(address *url.URL, response *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	failed := &Error{Address: shown(address)}
	switch {
	case response.StatusCode != http.StatusOK:
		failed.Status, failed.RetryAfter = response.StatusCode, retryAfter(response)
		failed.Message = clean(c.tokens.conceal(messageOf(body)))
		return nil, failed
	case err != nil:
		failed.Err = fmt.Errorf("read the response: %w", cause(err))
		return nil, failed
	case len(body) > maxBody:
		failed.Err = fmt.Errorf("the response is larger than %d bytes", maxBody)
		return nil, failed
	case !looksLikeJSON(body):
		failed.Err = fmt.Errorf("the response is not JSON but %s: check the API address", kindOf(response.Header.Get("Content-Type")))
		return nil, failed
	}
	return body, nil
}

// looksLikeJSON reports whether the body is JSON as far as its first byte shows;
// decoding it finds what is wrong behind that.
func looksLikeJSON(body []byte) bool {
	body = bytes.TrimSpace(body)
	return len(body) > 0 && (body[0] == '{' || body[0] == '[')
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

// wire is what an entry of a list is read into.
type wire[T any] interface{ entry() T }

// page is one page of a list.
type page[W any] struct {
	Info *pageInfo `json:"pageInfo"`
	Data []W       `json:"data"`
}

type pageInfo struct {
	CurrentPage *int `json:"currentPage"`
	LastPage    *int `json:"lastPage"`
	Total       int  `json:"total"`
}

// decodePage reads a page. Without pageInfo nothing would say whether there are
// more, and a list that looks whole would hide recordings. An entry that is not an
// object is read as an empty one, and the others as they are.
func decodePage[W any](body []byte, number int) (page[W], error) {
	var p page[W]
	err := json.Unmarshal(body, &p)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		err = p.shapeError(wrong)
	case err != nil:
		err = errors.New("the response is not JSON: check the API address")
	}
	switch {
	case err != nil:
		return page[W]{}, err
	case p.Info == nil:
		return page[W]{}, errors.New("the response has no field pageInfo")
	case p.Data == nil:
		return page[W]{}, errors.New("the response has no field data")
	case p.Info.LastPage == nil:
		return page[W]{}, errors.New("the response has no field pageInfo.lastPage")
	case p.Info.CurrentPage != nil && *p.Info.CurrentPage != number:
		return page[W]{}, fmt.Errorf("page %d was requested, and page %d came", number, *p.Info.CurrentPage)
	}
	return p, nil
}

// shapeError is nil if it is an entry that has the wrong shape, not the page.
func (page[W]) shapeError(wrong *json.UnmarshalTypeError) error {
	switch {
	case wrong.Field == "":
		return errors.New("the response is not a JSON object: check the API address")
	case strings.HasPrefix(wrong.Field, "pageInfo"):
		return errors.New("the field pageInfo is not an object with numbers")
	case wrong.Type.Kind() == reflect.Slice:
		return errors.New("the field data is not an array of objects")
	}
	return nil
}
