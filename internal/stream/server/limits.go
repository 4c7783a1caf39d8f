// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import "time"

// Limits on the load that a client can cause.
const (
	// maxHeaderBytes is the longest request line with headers, give or take the 4 KiB that net/http adds: a token and a cookie.
	maxHeaderBytes = 16 << 10
	// maxBodyBytes is the longest body of a request: a token.
	maxBodyBytes = 16 << 10
	// readHeaderTimeout is how long the headers may take to arrive, and readTimeout headers and body together.
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 10 * time.Second
	// idleTimeout is how long a connection may stay open between requests.
	idleTimeout = time.Minute
	// answerTimeout is how long a request that is no stream may take.
	answerTimeout = 30 * time.Second
	// maxLists is how many lists are put together at once, each of up to maxPage recordings in full, and listWait how long others wait
	// for a slot: less than answerTimeout, so that they are told when to come again.
	maxLists = 8
	listWait = 20 * time.Second
	// maxRequests is how many requests one connection of HTTP/2 may have at once.
	maxRequests = 100
	// writeTimeout is how long a stream's reader may take nothing while there is something to take.
	writeTimeout = 10 * time.Second
	// maxBuffer is about how much is put together for one write.
	maxBuffer = 16 << 10
	// recheckEvery is how often a stream's right is checked again; recheckTimeout how long that may take.
	recheckEvery   = time.Minute
	recheckTimeout = 5 * time.Second
	// maxUnchecked is for how many times recheckEvery a stream goes on while the API server cannot be asked about its right.
	maxUnchecked = 10
	// retryAfter is how long clients should wait before they reconnect, up to twice that.
	retryAfter = time.Second
	// defaultPage and maxPage are the sizes of a page of recordings.
	defaultPage = 100
	maxPage     = 500
)
