// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

const (
	// signIns is how many honest callers come with a new token from each place, one after another.
	signIns = 30
	// forgersAddress and honestAddress are both this machine.
	forgersAddress, honestAddress = "127.0.0.1", "127.0.0.2"
)

// flooded is what honest callers met while forged tokens came on many connections.
type flooded struct {
	beside, elsewhere, known []time.Duration
	refused                  int
	forged                   int64 // answers to forged tokens
}

// flood sends forged tokens, each one once, on as many connections as it is told, and meanwhile signs in from the same and from another address,
// and reads with a token that is known.
func (h *bench) flood(ctx context.Context, connections int) (*flooded, error) {
	tokens := make([]string, 2*signIns)
	for i := range tokens {
		token, err := controlplane.Token(ctx, h.api.Config, "default", "reader", events.TokenAudience)
		if err != nil {
			return nil, err
		}
		tokens[i] = token
	}
	ctx, stop := context.WithCancel(ctx)
	var forgers sync.WaitGroup
	defer forgers.Wait()
	defer stop()
	f := &flooded{}
	web := clientFrom(forgersAddress)
	var sent atomic.Int64
	var answers atomic.Int64
	for range connections {
		forgers.Go(func() {
			for ctx.Err() == nil {
				if code, _, err := h.list(ctx, web, fmt.Sprintf("forged-%d", sent.Add(1))); err == nil && code != http.StatusOK {
					answers.Add(1)
				}
			}
		})
	}
	for sent.Load() < int64(connections) { // all are there
		if !harness.Sleep(ctx, 100*time.Millisecond) {
			return nil, ctx.Err()
		}
	}
	from := map[string]*http.Client{forgersAddress: clientFrom(forgersAddress), honestAddress: clientFrom(honestAddress)}
	for i := range signIns {
		for _, caller := range []struct {
			address, token string
			took           *[]time.Duration
		}{{forgersAddress, tokens[i], &f.beside}, {honestAddress, tokens[signIns+i], &f.elsewhere}, {honestAddress, h.token, &f.known}} {
			code, took, err := h.list(ctx, from[caller.address], caller.token)
			if err != nil {
				return nil, fmt.Errorf("list recordings among forged tokens: %w", err)
			}
			if code != http.StatusOK {
				f.refused++
			}
			*caller.took = append(*caller.took, took)
		}
	}
	f.forged = answers.Load()
	for _, all := range [][]time.Duration{f.beside, f.elsewhere, f.known} {
		slices.Sort(all)
	}
	return f, nil
}

// list returns the status of a list, and how long it took.
func (h *bench) list(ctx context.Context, web *http.Client, token string) (int, time.Duration, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.events+"/api/v1/recordings?namespace=default&limit=1", http.NoBody)
	if err != nil {
		return 0, 0, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	began := time.Now()
	response, err := web.Do(request)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = response.Body.Close() }() // it was read
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, time.Since(began), err
}

// clientFrom returns a client that connects from an address.
func clientFrom(address string) *http.Client {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	return &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 10000, DisableCompression: true}}
}
