// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"io"
	"net/http"
	"net/http/httptest"
)

// InMemory is a transport that asks a handler without a network, so that tests
// can set the clock.
type InMemory struct{ Handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (m InMemory) RoundTrip(request *http.Request) (response *http.Response, err error) {
	recorder := httptest.NewRecorder()
	defer func() {
		if recover() != nil {
			response, err = nil, io.ErrUnexpectedEOF // the handler ended the connection
		}
	}()
	m.Handler.ServeHTTP(recorder, request)
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	response = recorder.Result()
	response.Request = request
	return response, nil
}
