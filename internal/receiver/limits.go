// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import "time"

// Limits of what a sender can make us spend.
const (
	// maxBodyBytes is the longest body that is read. The provider's webhooks
	// have under 1 KiB.
	maxBodyBytes = 64 << 10
	// maxHeaderBytes is the longest request line with headers, give or take the
	// 4 KiB that net/http adds. A signature by the largest key has 1,368 bytes.
	maxHeaderBytes = 16 << 10
	// readHeaderTimeout is how long the headers may take to arrive.
	readHeaderTimeout = 5 * time.Second
	// readTimeout is how long headers and body may take together.
	readTimeout = 10 * time.Second
	// answerMargin is what is left to send the answer, after reading took
	// readTimeout and writing to the API server its own limit.
	answerMargin = 5 * time.Second
	// idleTimeout is how long a connection may stay open between requests.
	idleTimeout = time.Minute
	// patience is how long a connection may keep us waiting when others need its
	// place.
	patience = 250 * time.Millisecond
	// bodyPatience is how long a body may take to arrive when others need its
	// place. A webhook is in one packet or two, and so mostly takes nothing.
	bodyPatience = 100 * time.Millisecond
	// handshakePatience is the same for connections with TLS that have brought no
	// request yet: it is two round trips more.
	handshakePatience = time.Second
	// provenPatience is the same for connections over which the provider has
	// sent before: it may be about to send again.
	provenPatience = 10 * time.Second
	// placeTimeout is how long a request may wait for a place among those in
	// flight.
	placeTimeout = time.Second
	// maxClients is how many addresses are remembered, each in about 400 bytes,
	// and clientMemory for how long after they were seen. By then their
	// limits' bursts are whole again, so that forgetting them changes nothing.
	maxClients   = 4096
	clientMemory = time.Minute
	// summaryInterval is the least time between two log lines on refusals that
	// are not logged each.
	summaryInterval = 10 * time.Second
	// retryAfterSeconds is what a sender is told to wait after a 503.
	retryAfterSeconds = 5
)
