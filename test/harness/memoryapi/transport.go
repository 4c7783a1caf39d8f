// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package memoryapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
)

// Call is a request, as far as faults depend on it.
type Call struct {
	// Verb is get, list, watch, create, update, patch or delete.
	Verb, Resource, Subresource, Namespace, Name string
	// Selector is that of fields and labels.
	Selector string
	DryRun   bool
	Body     []byte
}

// IsWrite reports whether the call would change something.
func (c Call) IsWrite() bool {
	return !c.DryRun && (c.Verb == "create" || c.Verb == "update" || c.Verb == "patch" || c.Verb == "delete")
}

// Fault is what happens to a call beside being served.
type Fault struct {
	// Before and After are how long the request and the answer take.
	Before, After time.Duration
	// Refused, if not nil, is the answer, and nothing is done.
	Refused error
	// Lost means that the request is served and its answer does not arrive.
	Lost error
}

// Transport is one client's way to the server. It implements http.RoundTripper.
type Transport struct {
	Server *Server
	// Fault, if not nil, is asked about every call.
	Fault func(Call) Fault
	// Arrives, if not nil, says when a change reaches a watch that the watch cache has at a time. It is asked several times.
	Arrives func(watch Call, version uint64, cached time.Time) time.Time
	// Ends, if not nil, reports whether the watch ends instead of bringing a change.
	Ends func(watch Call, version uint64) bool
}

// Config returns a configuration for clients of the transport.
func (t *Transport) Config() *rest.Config {
	return &rest.Config{
		Host: "http://memory", Transport: t, QPS: -1,
		ContentConfig: rest.ContentConfig{ContentType: runtime.ContentTypeJSON, AcceptContentTypes: runtime.ContentTypeJSON},
	}
}

type request struct {
	Call
	kind                *kind
	namespace, name     string
	query               url.Values
	contentType, accept string
	body                []byte
	subresource         string
	dryRun, hasWaited   bool
	isWatch, isVersion  bool
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	parsed, err := t.parse(r)
	if err != nil {
		return nil, err
	}
	if parsed.isVersion {
		return t.answer(r, http.StatusOK, []byte(`{"major":"1"}`)), nil
	}
	if parsed.kind == nil {
		return t.answer(r, http.StatusNotFound, []byte("404 page not found\n")), nil
	}
	var fault Fault
	if t.Fault != nil {
		fault = t.Fault(parsed.Call)
	}
	if err := sleep(r.Context(), fault.Before); err != nil {
		return nil, err
	}
	if fault.Refused != nil {
		status, isAnswer := fault.Refused.(*apierrors.StatusError) //nolint:errorlint // it is not wrapped
		if !isAnswer {
			return nil, fault.Refused
		}
		code, body := statusOf(status)
		return t.refuse(r, status, code, body), nil
	}
	response, err := t.serve(r, parsed)
	if err != nil {
		return nil, err
	}
	if err := sleep(r.Context(), fault.After); err != nil {
		_ = response.Body.Close() // nobody reads it
		return nil, err
	}
	if fault.Lost != nil {
		_ = response.Body.Close() // nobody reads it
		return nil, fault.Lost
	}
	return response, nil
}

func sleep(ctx context.Context, duration time.Duration) error {
	if err := ctx.Err(); err != nil || duration <= 0 {
		return err
	}
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// parse reads /api/v1/..., /apis/GROUP/VERSION/... and /version.
func (t *Transport) parse(r *http.Request) (*request, error) {
	parsed := &request{query: r.URL.Query(), contentType: r.Header.Get("Content-Type"), accept: r.Header.Get("Accept")}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		_ = r.Body.Close() // it was read whole
		parsed.body = body
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	group, version := "", ""
	switch {
	case len(parts) == 1 && parts[0] == "version":
		parsed.isVersion = true
		return parsed, nil
	case len(parts) > 2 && parts[0] == "api":
		version, parts = parts[1], parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		group, version, parts = parts[1], parts[2], parts[3:]
	default:
		return parsed, nil
	}
	if len(parts) > 2 && parts[0] == "namespaces" {
		parsed.namespace, parts = parts[1], parts[2:]
	}
	k := t.Server.kinds[parts[0]]
	if k == nil || k.Group != group || k.Version != version || len(parts) > 3 {
		return parsed, nil
	}
	parsed.kind = k
	if len(parts) > 1 {
		parsed.name = parts[1]
	}
	if len(parts) > 2 {
		parsed.subresource = parts[2]
	}
	parsed.dryRun = parsed.query.Get("dryRun") == "All"
	parsed.isWatch = parsed.query.Get("watch") == "true" || parsed.query.Get("watch") == "1"
	parsed.Call = Call{
		Verb: parsed.verb(r.Method), Resource: k.resource, Subresource: parsed.subresource, Namespace: parsed.namespace, Name: parsed.name,
		Selector: parsed.query.Get("fieldSelector") + parsed.query.Get("labelSelector"), DryRun: parsed.dryRun, Body: parsed.body,
	}
	if parsed.Verb == "create" {
		var created metav1.PartialObjectMetadata
		if err := json.Unmarshal(parsed.body, &created); err == nil { // otherwise it is refused when it is served
			parsed.Name = created.Name
		}
	}
	return parsed, nil
}

func (r *request) verb(method string) string {
	switch {
	case r.isWatch:
		return "watch"
	case method == http.MethodGet && r.name == "":
		return "list"
	case method == http.MethodGet:
		return "get"
	case method == http.MethodPost:
		return "create"
	case method == http.MethodPut:
		return "update"
	}
	return strings.ToLower(method)
}

// serve does what the request asks for.
func (t *Transport) serve(r *http.Request, parsed *request) (*http.Response, error) {
	s := t.Server
	var found *item
	var body []byte
	var refused *apierrors.StatusError
	for wait := time.Duration(-1); wait != 0; {
		wait = 0
		switch parsed.Verb {
		case "watch":
			return t.serveWatch(r, parsed), nil
		case "list":
			body, wait, refused = s.list(parsed)
		case "get":
			found, wait, refused = s.get(parsed)
		case "create":
			found, refused = s.create(parsed)
		case "update":
			found, refused = s.update(parsed)
		case "patch":
			found, refused = s.patch(parsed)
		case "delete":
			found, refused = s.delete(parsed)
		default:
			return nil, fmt.Errorf("verb %s is not served", parsed.Verb)
		}
		if err := sleep(r.Context(), wait); err != nil {
			return nil, err
		}
	}
	if refused != nil {
		code, body := statusOf(refused)
		return t.refuse(r, refused, code, body), nil
	}
	if found != nil {
		body = parsed.encode(found)
	}
	code := http.StatusOK
	if parsed.Verb == "create" {
		code = http.StatusCreated
	}
	return t.answer(r, code, body), nil
}

func (t *Transport) serveWatch(r *http.Request, parsed *request) *http.Response {
	w, refused := t.Server.watch(r.Context(), parsed, t)
	if refused != nil {
		code, body := statusOf(refused)
		return t.refuse(r, refused, code, body)
	}
	if objects, isTyped := r.Context().Value(objectsKey{}).(*objects); isTyped {
		w.isTyped, objects.stream = true, w
	}
	response := t.answer(r, http.StatusOK, nil)
	response.Body, response.ContentLength = w, -1
	return response
}

func (t *Transport) refuse(r *http.Request, refused *apierrors.StatusError, code int, body []byte) *http.Response {
	response := t.answer(r, code, body)
	if details := refused.ErrStatus.Details; details != nil && details.RetryAfterSeconds > 0 {
		response.Header.Set("Retry-After", fmt.Sprint(details.RetryAfterSeconds))
	}
	return response
}

func (t *Transport) answer(r *http.Request, code int, body []byte) *http.Response {
	return &http.Response{
		Status: fmt.Sprintf("%d %s", code, http.StatusText(code)), StatusCode: code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{
			"Content-Type": {runtime.ContentTypeJSON}, "Date": {t.Server.Now().UTC().Format(http.TimeFormat)},
		},
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: r,
	}
}
