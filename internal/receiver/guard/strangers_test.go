// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
)

const (
	slots    = 64
	latency  = time.Millisecond // of the network, one way
	wanted   = 250 * time.Millisecond
	genuineN = 200
)

// network is a listener on connections in memory, for a synctest bubble.
type network struct {
	queue  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newNetwork() *network { return &network{queue: make(chan net.Conn), closed: make(chan struct{})} }

func (n *network) Accept() (net.Conn, error) {
	select {
	case conn := <-n.queue:
		return conn, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error { n.once.Do(func() { close(n.closed) }); return nil }
func (n *network) Addr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}
}

// dial waits for a slot, as a connection in the kernel's queue does.
func (n *network) dial() net.Conn {
	<-time.After(latency)
	client, server := net.Pipe()
	select {
	case n.queue <- server:
		return client
	case <-n.closed:
		_ = client.Close()
		return nil
	}
}

// site is a server behind a guard, whose genuine requests are those to /genuine.
type site struct {
	*network
	connections *Connections
	server      *http.Server
	secret      *tls.Config // nil without TLS
	done        sync.WaitGroup
}

func newSite(overTLS bool) *site {
	s := &site{network: newNetwork(), connections: NewConnections(slots, nil)}
	inFlight := NewInFlight(slots / 2)
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, status := ConnOf(r), http.StatusNotFound
		conn.SetBusy(false)
		_, err := io.Copy(io.Discard, r.Body)
		conn.SetBusy(true)
		leave := inFlight.Enter(r.Context())
		defer leave()
		if err == nil && r.URL.Path == "/genuine" {
			conn.Genuine()
			status = http.StatusOK
		}
		if conn.Answered() {
			w.Header().Set("Connection", "close")
		}
		w.WriteHeader(status)
	})
	s.server = NewServer(answer, time.Second, logr.Discard())
	var config *tls.Config
	if overTLS {
		borrowed := httptest.NewUnstartedServer(nil)
		borrowed.StartTLS()
		config = &tls.Config{Certificates: borrowed.TLS.Certificates, MinVersion: tls.VersionTLS12}
		borrowed.Close()
		s.secret = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12} // who the server is does not matter here
	}
	listener := s.connections.Listen(s.server, s.network, config)
	s.done.Go(func() { _ = s.server.Serve(listener) })
	return s
}

func (s *site) stop() {
	_ = s.server.Close()
	s.done.Wait()
}

// connect returns a connection on which requests can be sent; nil if it failed.
func (s *site) connect() net.Conn {
	conn := s.dial()
	if conn == nil || s.secret == nil {
		return conn
	}
	secure := tls.Client(conn, s.secret)
	if secure.Handshake() != nil {
		_ = conn.Close()
		return nil
	}
	return secure
}

// exchange sends a request and returns its status, 0 if there is no answer.
func exchange(conn net.Conn, reader *bufio.Reader, request string) int {
	<-time.After(latency)
	if _, err := io.WriteString(conn, request); err != nil {
		return 0
	}
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	if response.Close {
		_ = conn.Close()
	}
	return response.StatusCode
}

const genuineRequest = "POST /genuine HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"

// repeats sends a request over and over on a connection.
func repeats(request string, pause time.Duration) func(*site, net.Conn) {
	return func(_ *site, conn net.Conn) {
		for reader := bufio.NewReader(conn); exchange(conn, reader, request) > 0; {
			<-time.After(pause)
		}
	}
}

// sends sends a text once, and then nothing.
func sends(text string) func(*site, net.Conn) {
	return func(_ *site, conn net.Conn) {
		_, _ = io.WriteString(conn, text)
		_, _ = io.Copy(io.Discard, conn)
	}
}

// trickles sends a text byte by byte.
func trickles(text string) func(*site, net.Conn) {
	return func(_ *site, conn net.Conn) {
		for i := range text {
			if _, err := io.WriteString(conn, text[i:i+1]); err != nil {
				return
			}
			<-time.After(10 * time.Millisecond)
		}
	}
}

// TestStrangersHoldNoSlots: as many strangers as there are slots, who come again
// as soon as they are cut, whatever they do: genuine requests, each on a
// connection of its own, get through, and none is cut. TestBusyStrangers of
// cmd/sidecar does the same to the real program, over TLS too.
func TestStrangersHoldNoSlots(t *testing.T) {
	for name, tc := range map[string]struct {
		strangers int
		tls, raw  bool // raw: they do not finish their handshake
		do        func(*site, net.Conn)
	}{
		"refused requests":          {slots, false, false, repeats("GET /x HTTP/1.1\r\nHost: x\r\n\r\n", 200*time.Millisecond)},
		"refused requests, fast":    {slots, false, false, repeats("GET /x HTTP/1.1\r\nHost: x\r\n\r\n", 20*time.Millisecond)},
		"refused bodies":            {slots, false, false, repeats("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 40*time.Millisecond)},
		"more than there are slots": {3 * slots, false, false, repeats("GET /x HTTP/1.1\r\nHost: x\r\n\r\n", 200*time.Millisecond)},
		"silence":                   {slots, false, false, sends("")},
		"silence instead of TLS":    {slots, true, true, sends("")},
		"half a handshake":          {slots, true, true, sends("\x16\x03\x01")},
		"silence after a handshake": {slots, true, false, sends("")},
		"half a head":               {slots, false, false, sends("POST /genuine HTTP/1.1\r\nHo")},
		"half a body":               {slots, false, false, sends(strings.TrimSuffix(genuineRequest, "}"))},
		"a body, byte by byte":      {slots, false, false, trickles("POST /genuine HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + strings.Repeat("x", 999))},
		"captured webhooks, idle":   {slots, false, false, repeats(genuineRequest, time.Hour)},
		"captured webhooks, busy":   {slots, false, false, repeats(genuineRequest, 200*time.Millisecond)},
		"captured, then half a body": {slots, false, false, func(s *site, conn net.Conn) {
			exchange(conn, bufio.NewReader(conn), genuineRequest)
			sends(strings.TrimSuffix(genuineRequest, "}"))(s, conn)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(tc.tls)
				var strangers sync.WaitGroup
				stopped := make(chan struct{})
				for range tc.strangers {
					strangers.Go(func() {
						for {
							select {
							case <-stopped:
								return
							default:
							}
							conn := s.connect
							if tc.raw {
								conn = s.dial
							}
							if c := conn(); c != nil {
								tc.do(s, c)
								_ = c.Close()
							}
						}
					})
				}
				<-time.After(time.Second)
				var took []time.Duration
				for range genuineN {
					begin := time.Now()
					conn := s.connect()
					if conn == nil || exchange(conn, bufio.NewReader(conn), genuineRequest) != http.StatusOK {
						t.Error("a genuine request is not answered")
					}
					took = append(took, time.Since(begin))
					if conn != nil {
						_ = conn.Close()
					}
					<-time.After(20 * time.Millisecond)
				}
				close(stopped)
				s.stop()
				strangers.Wait()
				slices.Sort(took)
				if p99 := took[len(took)*99/100]; p99 > wanted {
					t.Errorf("p50 %s, p99 %s, longest %s; want a p99 under %s", took[len(took)/2], p99, took[len(took)-1], wanted)
				}
				if open := s.connections.count(); open != 0 {
					t.Errorf("%d slots are not given back", open)
				}
			})
		})
	}
}

// TestGenuineSendersStay: who has brought a genuine request keeps the connection
// while strangers come, and a connection that is older has no advantage.
func TestGenuineSendersStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(false)
		conn := s.connect()
		reader := bufio.NewReader(conn)
		var strangers sync.WaitGroup
		for range 2 * slots {
			strangers.Go(func() {
				for c := s.connect(); c != nil; c = s.connect() {
					sends("")(s, c)
					_ = c.Close()
				}
			})
		}
		for range 20 {
			if status := exchange(conn, reader, genuineRequest); status != http.StatusOK {
				t.Fatalf("status %d: the connection was cut", status)
			}
			<-time.After(genuinePatience - time.Second)
		}
		<-time.After(2 * genuinePatience)
		if exchange(conn, reader, genuineRequest) != 0 {
			t.Error("it was silent for too long, and still has its slot")
		}
		s.stop()
		strangers.Wait()
	})
}

// TestClosedConnectionsGiveTheirSlotsBack, over TLS too.
func TestClosedConnectionsGiveTheirSlotsBack(t *testing.T) {
	for _, overTLS := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newSite(overTLS)
			for range 3 * slots {
				conn := s.connect()
				exchange(conn, bufio.NewReader(conn), genuineRequest)
				_ = conn.Close()
				synctest.Wait()
			}
			<-time.After(time.Second)
			if open := s.connections.count(); open != 0 {
				t.Errorf("TLS %t: %d slots are taken by closed connections", overTLS, open)
			}
			s.stop()
		})
	}
}
