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
	if conn, _, err := control.Hijack(); err == nil {
		head := append([]byte("HTTP/1.1 200 OK\r\nConnection: close\r\n"), headerText(w.Header())...)
		go s.attendConnection(conn, head, serve)
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

// attendConnection serves a stream whose end is the connection's.
func (s *Server) attendConnection(conn net.Conn, head []byte, serve func(context.Context, *writer)) {
	defer s.streams.Done()
	defer func() { _ = conn.Close() }()
	defer func() {
		if cause := recover(); cause != nil {
			s.Log.Error(nil, "A stream met a bug", "stack", string(debug.Stack()))
		}
	}()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out := &writer{w: conn, setDeadline: conn.SetWriteDeadline, flushed: func() error { return nil }}
	_ = conn.SetReadDeadline(time.Time{})
	go func() {
		defer cancel()
		untilGone(conn)
	}()
	_ = out.write(head) // a client that is gone is found out by the next write
	serve(ctx, out)
}

// untilGone reads what a client should not send, until it is gone.
func untilGone(conn net.Conn) {
	var nothing [1]byte
	for {
		if _, err := conn.Read(nothing[:]); err != nil {
			return
		}
	}
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
