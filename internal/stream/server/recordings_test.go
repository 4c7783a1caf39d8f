// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/internal/follow"
	"github.com/meetingops/meeting-recording-operator/internal/stream/feed"
)

// A flood of lists is at most maxLists for the API server at once; others get a slot later, or are told to come again.
func TestListsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reader := &slowReader{asked: make(chan struct{}, 100), release: make(chan struct{})}
		handler := New(Options{
			Feeds: []*feed.Feed{feed.New(follow.Source{}, nil, logr.Discard(), nil)}, Recordings: reader,
			Reviewer: &rights{}, Page: http.NotFoundHandler(), Log: logr.Discard(),
		}).Handler()
		answers := make(chan *httptest.ResponseRecorder, 100)
		ask := func() {
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/recordings", http.NoBody)
			request.Header.Set("Authorization", "Bearer token")
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, request)
			answers <- recorder
		}
		for range maxLists + 2 {
			go ask()
		}
		synctest.Wait()
		if n := len(reader.asked); n != maxLists {
			t.Fatalf("the API server is asked for %d lists at once", n)
		}
		reader.release <- struct{}{} // one of the two gets the slot
		if answer := <-answers; answer.Code != http.StatusOK {
			t.Errorf("the first: %d %s", answer.Code, answer.Body)
		}
		synctest.Wait()
		if n := len(reader.asked); n != maxLists+1 {
			t.Errorf("then it was asked for %d in all", n)
		}
		pass(listWait)
		answer := <-answers
		if answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Retry-After") == "" || !strings.Contains(answer.Body.String(), "too many lists") {
			t.Errorf("the last: %d %v %s", answer.Code, answer.Header(), answer.Body)
		}
		close(reader.release)
		for range maxLists {
			if answer := <-answers; answer.Code != http.StatusOK {
				t.Errorf("one of the others: %d %s", answer.Code, answer.Body)
			}
		}
		ask()
		if answer := <-answers; answer.Code != http.StatusOK {
			t.Errorf("afterwards: %d %s", answer.Code, answer.Body)
		}
	})
}

// slowReader answers lists when it is told to.
type slowReader struct {
	client.Reader
	asked   chan struct{}
	release chan struct{}
}

func (r *slowReader) List(context.Context, client.ObjectList, ...client.ListOption) error {
	r.asked <- struct{}{}
	<-r.release
	return nil
}
