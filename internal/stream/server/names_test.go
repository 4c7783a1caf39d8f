// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-logr/logr"

	"github.com/meetingops/meeting-recording-operator/internal/follow"
	"github.com/meetingops/meeting-recording-operator/internal/stream/feed"
)

// Names that nothing can have are not there: the API server, which would not take them, is not asked.
func TestNamesThatNothingCanHave(t *testing.T) {
	handler := New(Options{
		Feeds:    []*feed.Feed{feed.New(follow.Source{}, nil, logr.Discard(), nil)},
		Reviewer: &rights{}, Page: http.NotFoundHandler(), Log: logr.Discard(),
	}).Handler()
	for _, path := range []string{
		"/api/v1/namespaces/a%2Fb/recordings/one", "/api/v1/namespaces/a/recordings/one%2Ftwo", "/api/v1/namespaces/a/recordings/100%25",
		"/api/v1/recordings?namespace=a/b", "/api/v1/recordings?namespace=..", "/events?namespace=a%25b",
	} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
		request.Header.Set("Authorization", "Bearer token")
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if recorder.Code != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, recorder.Code, recorder.Body)
		}
	}
}
