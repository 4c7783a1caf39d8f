// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"runtime/debug"
	"time"
)

// setHeaders sets a stream's headers.
func setHeaders(header http.Header) {
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would hold events back
}

// attend answers a request by a stream, for as long as serve takes; its context ends when the client goes. The connection of HTTP/1 is
// taken from net/http, whose buffers and goroutine are two thirds of what a quiet stream takes otherwise: then attend returns at once.
func (s *Server) attend(w http.ResponseWriter, r *http.Request, serve func(context.Context, *writer)) {
	control := http.NewResponseController(w)
	s.streams.Add(1)
	if conn, buffered, err := control.Hijack(); err == nil {
		head := append([]byte("HTTP/1.1 200 OK\r\nConnection: close\r\n"), headerText(w.Header())...)
		go s.attendConnection(conn, head, buffered.Reader.Buffered() > 0, serve) //nolint:gosec // a hijacked connection outlives its request
		return
	}
	defer s.streams.Done()
	_ = control.SetReadDeadline(time.Time{}) // the request is read; the server's limit would end the stream
	w.WriteHeader(http.StatusOK)
	serve(r.Context(), &writer{w: w, setDeadline: control.SetWriteDeadline, flushed: control.Flush})
}

func headerText(header http.Header) []byte {
	var text bytes.Buffer
	_ = header.Write(&text) // a buffer takes everything
	text.WriteString("\r\n")
	return text.Bytes()
}

// attendConnection serves a stream whose end is the connection's. A client has nothing to send after its request: if it does, the stream ends.
func (s *Server) attendConnection(conn net.Conn, head []byte, sentMore bool, serve func(context.Context, *writer)) {
	defer s.streams.Done()
	defer func() { _ = conn.Close() }()
	defer func() {
		if cause := recover(); cause != nil {
			s.Log.Error(nil, "Stream caused a panic", "stack", string(debug.Stack()))
		}
	}()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out := &writer{w: conn, setDeadline: conn.SetWriteDeadline, flushed: func() error { return nil }}
	_ = conn.SetReadDeadline(time.Time{})
	if sentMore {
		return
	}
	go func() {
		defer cancel()
		_, _ = conn.Read(make([]byte, 1)) // returns when the client is gone, or sends what it should not
	}()
	_ = out.write(head) // a client that is gone is found out by the next write
	serve(ctx, out)
}

// Wait waits until all streams have ended, or the context has.
func (s *Server) Wait(ctx context.Context) {
	ended := make(chan struct{})
	go func() {
		s.streams.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}
