// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// silence is how long a request must have waited before its end says something
// of the connection: one that was begun shortly before its time was over does not.
const silence = time.Second

// dialer dials the API server, and knows what came from it when by which
// connection. HTTP/2 finds out after 45 s only that one is dead, and meanwhile
// gives it every request.
type dialer struct {
	net.Dialer
	mu   sync.Mutex
	open map[*heardConn]struct{}
}

// The times are those of client-go's own dialer.
func newDialer() *dialer {
	return &dialer{Dialer: net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}, open: map[*heardConn]struct{}{}}
}

// dial is the Dial of a rest.Config.
func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	heard := &heardConn{Conn: conn, dialer: d}
	heard.last.Store(time.Now().UnixNano())
	d.mu.Lock()
	d.open[heard] = struct{}{}
	d.mu.Unlock()
	return heard, nil
}

// closeSilent closes the connections by which nothing has come since. It is for
// when a request was given up that was sent then.
func (d *dialer) closeSilent(since time.Time) {
	var silent []*heardConn
	d.mu.Lock()
	for conn := range d.open {
		if conn.last.Load() < since.UnixNano() {
			silent = append(silent, conn)
		}
	}
	d.mu.Unlock()
	for _, conn := range silent {
		_ = conn.Close() // it is given up
	}
}

// heardConn is a connection that knows when something came by it last.
type heardConn struct {
	net.Conn
	dialer *dialer
	last   atomic.Int64 // Unix time in ns
}

// Read implements net.Conn.
func (c *heardConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.last.Store(time.Now().UnixNano())
	}
	return n, err
}

// Close implements net.Conn.
func (c *heardConn) Close() error {
	c.dialer.mu.Lock()
	delete(c.dialer.open, c)
	c.dialer.mu.Unlock()
	return c.Conn.Close()
}
