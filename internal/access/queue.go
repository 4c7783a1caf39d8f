// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"fmt"
	"sync"
)

const (
	// maxInFlight limits the reviews of one queue in flight, so that forged tokens do not load the API server.
	maxInFlight = 16
	// maxInFlightPerClient limits the reviews of one client. Its other callers wait, and delay no other client.
	maxInFlightPerClient = 8
	// maxWaiting limits the callers that wait: with a token of 15 KiB each takes 45 KiB of the events server, which has 512 MiB. A client has at most as
	// many as places are left, so that the clients together leave places to others.
	maxWaiting = 6144
)

// queue limits the reviews that are in flight. Callers wait in the order in which they came, each behind others of its own client first: a client
// with thousands of requests delays another one by at most maxInFlightPerClient reviews.
type queue struct {
	inFlight chan struct{}

	mu      sync.Mutex
	waiting int
	clients map[string]*queuedClient // those with a review in flight or waiting
}

type queuedClient struct {
	inFlight chan struct{}
	waiting  int // in flight as well
}

func newQueue() *queue {
	return &queue{inFlight: make(chan struct{}, maxInFlight), clients: map[string]*queuedClient{}}
}

// enter waits until the client may have one more review in flight. It returns a function to call when the review has ended. The error is
// ErrBusy when too many callers wait already, or the context ends first.
func (q *queue) enter(ctx context.Context, name string) (leave func(), err error) {
	client, err := q.join(name)
	if err != nil {
		return nil, err
	}
	acquired := make([]chan struct{}, 0, 2)
	leave = func() {
		for _, limit := range acquired {
			<-limit
		}
		q.part(name)
	}
	for _, limit := range []chan struct{}{client.inFlight, q.inFlight} {
		select {
		case limit <- struct{}{}:
			acquired = append(acquired, limit)
		case <-ctx.Done():
			leave()
			return nil, fmt.Errorf("%w: %w", ErrBusy, context.Cause(ctx))
		}
	}
	return leave, nil
}

func (q *queue) join(name string) (*queuedClient, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	client := q.clients[name]
	if client == nil {
		client = &queuedClient{inFlight: make(chan struct{}, maxInFlightPerClient)}
	}
	if client.waiting >= maxWaiting-q.waiting {
		return nil, ErrBusy
	}
	q.clients[name] = client
	q.waiting++
	client.waiting++
	return client, nil
}

func (q *queue) part(name string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting--
	client := q.clients[name]
	if client.waiting--; client.waiting == 0 {
		delete(q.clients, name)
	}
}
