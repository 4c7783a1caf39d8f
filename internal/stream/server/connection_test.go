// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"io"
	"net"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// A client has nothing to say on a stream: the first byte ends it, so that nobody makes the server read on and on.
func TestBytesOnAStreamEndIt(t *testing.T) {
	for name, ends := range map[string]func(*testing.T, *world){
		"later": func(t *testing.T, w *world) {
			conn := w.open(t)
			go func() { _, _ = conn.Write(make([]byte, 4<<20)) }()
			if _, err := io.Copy(io.Discard, conn); err != nil {
				t.Errorf("read to the end: %v", err)
			}
		},
		"with the request": func(t *testing.T, w *world) {
			ours, theirs := net.Pipe()
			defer func() { _ = ours.Close() }()
			w.conns <- theirs
			go func() {
				_, _ = io.WriteString(ours, "GET /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token\r\n\r\nGET / HTTP/1.1\r\n")
			}()
			if _, err := io.Copy(io.Discard, ours); err != nil {
				t.Errorf("read to the end: %v", err)
			}
		},
		"as a body": func(t *testing.T, w *world) {
			ours, theirs := net.Pipe()
			defer func() { _ = ours.Close() }()
			w.conns <- theirs
			go func() {
				_, _ = io.WriteString(ours, "GET /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token\r\nContent-Length: 4194304\r\n\r\n")
				_, _ = ours.Write(make([]byte, 4<<20))
			}()
			if _, err := io.Copy(io.Discard, ours); err != nil {
				t.Errorf("read to the end: %v", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				ends(t, w)
				synctest.Wait()
				if open := testutil.ToFloat64(w.counts.open); open != 0 {
					t.Errorf("%v streams are open", open)
				}
			})
		})
	}
}
