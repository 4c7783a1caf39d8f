// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
)

// serveGenuine serves genuine requests until the test ends, on so many connections. answer is called before each is answered.
func serveGenuine(t *testing.T, limit int, answer func(*network, *Conn, http.Header)) *network {
	t.Helper()
	n := newNetwork()
	server := NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn := ConnOf(r)
		conn.SetBusy(true)
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		conn.Genuine()
		answer(n, conn, w.Header())
	}), time.Hour, logr.Discard())
	listener, ended := NewConnections(limit, nil).Listen(server, n, nil), make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		if err := errors.Join(server.Close(), <-ended); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return n
}

// send sends a genuine request. It returns the status of the answer, 0 if there is none, and whether the connection ends.
func send(t *testing.T, conn net.Conn) (status int, closes bool) {
	t.Helper()
	if _, err := io.WriteString(conn, genuineRequest); err != nil {
		t.Error(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Errorf("no answer: %v", err)
		return 0, false
	}
	_ = response.Body.Close()
	return response.StatusCode, response.Close
}

// TestBurstOfSenders: while the provider's own connections hold most slots and one more of them waits, an answer ends its connection.
func TestBurstOfSenders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 3
		entered, release := make(chan struct{}), make(chan struct{})
		n := serveGenuine(t, limit, func(_ *network, conn *Conn, header http.Header) {
			entered <- struct{}{}
			<-release
			if conn.Answered() {
				header.Set("Connection", "close")
			}
		})
		closes := make(chan bool, limit+1)
		sender := func() {
			conn := n.dial()
			t.Cleanup(func() { _ = conn.Close() })
			_, ends := send(t, conn)
			closes <- ends
		}
		for range limit {
			go sender()
			<-entered
		}
		go sender()
		<-time.After(time.Second) // it waits for a slot
		release <- struct{}{}
		if <-entered; !<-closes { // the next has the slot of the one that was answered
			t.Error("a connection goes on although another one waits for a slot")
		}
		close(release)
		for range limit {
			if <-closes {
				t.Error("a connection ended though nobody waited")
			}
		}
	})
}

// TestAnswersArrive: a sender whose webhook took long is not cut for its silence before it has the answer.
func TestAnswersArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := serveGenuine(t, 1, func(n *network, conn *Conn, _ http.Header) {
			<-time.After(2 * genuinePatience)
			conn.Answered()
			waits := n.dial() // before net/http writes the answer
			synctest.Wait()
			t.Cleanup(func() { _ = waits.Close() })
		})
		conn := n.dial()
		defer func() { _ = conn.Close() }()
		if status, _ := send(t, conn); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	})
}
