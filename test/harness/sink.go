// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// Delivery is a request that a sink got.
type Delivery struct {
	Header http.Header
	Body   []byte
}

// Sink stands in for a receiver of CloudEvents.
type Sink struct {
	URL string

	mu         sync.Mutex
	answer     func(Delivery) int
	deliveries []Delivery
}

// NewSink serves a sink until the test ends. It answers 204 to everything.
func NewSink(t testing.TB) *Sink {
	t.Helper()
	s := &Sink{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// AnswerBy has the function decide each answer's status code from now on.
func (s *Sink) AnswerBy(status func(Delivery) int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = status
}

func (s *Sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender has gone
	}
	delivery := Delivery{Header: r.Header.Clone(), Body: body}
	s.mu.Lock()
	s.deliveries = append(s.deliveries, delivery)
	answer := s.answer
	s.mu.Unlock()
	status := http.StatusNoContent
	if answer != nil {
		status = answer(delivery)
	}
	w.WriteHeader(status)
}

// Deliveries are all so far.
func (s *Sink) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.deliveries)
}

// Await waits until the sink has so many deliveries, and returns all.
func (s *Sink) Await(t testing.TB, n int) (got []Delivery) {
	t.Helper()
	Eventually(t, fmt.Sprintf("%d deliveries to the sink", n), func(context.Context) error {
		if got = s.Deliveries(); len(got) < n {
			return errors.New(fmt.Sprint("it has ", len(got)))
		}
		return nil
	})
	return got
}
