// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/access"
	"github.com/meetingops/meeting-recording-operator/internal/follow"
	"github.com/meetingops/meeting-recording-operator/internal/stream/feed"
)

// heartbeat is longer than writeTimeout, so that what is written before one is told from it.
const heartbeat = 15 * time.Second

// A reader that takes nothing is cut off once there has been something to take for writeTimeout, an event or a heartbeat, and not
// before. Others are served meanwhile, and what is cut off leaves nothing behind.
func TestStuckReaders(t *testing.T) {
	for name, test := range map[string]struct {
		events int // written while the reader takes nothing
		quiet  time.Duration
	}{
		"an event":         {events: 1},
		"many events":      {events: 5000},
		"a heartbeat only": {quiet: heartbeat},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				stuck, lively := w.open(t), w.open(t)
				told := make(chan int)
				go func() {
					text, _ := io.ReadAll(lively)
					told <- strings.Count(string(text), "event: recordingStateChanged")
				}()
				for i := range test.events {
					w.write(i)
					synctest.Wait()
				}
				pass(test.quiet + writeTimeout - time.Nanosecond)
				w.expect(t, "before", 2, 0)
				pass(time.Nanosecond)
				w.expect(t, "then", 1, 1)
				if rest, err := io.ReadAll(stuck); err != nil || len(rest) > maxBuffer {
					t.Errorf("the stuck reader finds %d bytes and %v, not the end", len(rest), err)
				}
				w.end()
				if n := <-told; n != test.events {
					t.Errorf("the other reader was told %d of %d events", n, test.events)
				}
			})
		})
	}
}

// Where net/http keeps the connection, as with HTTP/2, a reader is cut off after the same time, whatever the error is that a late write has.
func TestStuckReadersWithoutAConnection(t *testing.T) {
	for _, late := range []error{os.ErrDeadlineExceeded, errors.New("http2: stream closed")} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			answer := &stuckAnswer{ResponseRecorder: httptest.NewRecorder(), late: late}
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				w.handler.ServeHTTP(answer, newRequest(t.Context()))
			}()
			synctest.Wait()
			w.expect(t, "before", 1, 0)
			answer.stuck = true
			w.write(0)
			began := time.Now()
			<-ended
			if took := time.Since(began); took != writeTimeout {
				t.Errorf("it took %s", took)
			}
			w.expect(t, "then", 0, 1)
		})
	}
}

// A reader that takes what there is to tell as slowly as it may, which is hours in all, loses its right as soon as others do, and ends with the server.
func TestReadersThatTakeHours(t *testing.T) {
	for name, test := range map[string]struct {
		happens func(*world)
		within  time.Duration
		reason  string
	}{
		"the right is taken away": {func(w *world) { w.rights.gone.Store(true) }, recheckEvery * 5 / 4, endRights},
		"the server ends":         {func(w *world) { w.server.Drain() }, 0, endShutdown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				for i := range 2000 {
					w.write(i)
				}
				synctest.Wait()
				reader := w.connect(t)
				if err := newRequest(t.Context()).Write(reader); err != nil {
					t.Fatal(err)
				}
				if _, err := io.CopyN(io.Discard, reader, maxBuffer); err != nil {
					t.Fatal(err)
				}
				test.happens(w)
				for passed := time.Duration(0); passed <= test.within+2*writeTimeout; passed += writeTimeout - time.Second {
					_, _ = io.CopyN(io.Discard, reader, maxBuffer) // until the stream has ended
					pass(writeTimeout - time.Second)
				}
				if n := testutil.ToFloat64(w.counts.ended.WithLabelValues(test.reason)); n != 1 {
					t.Errorf("%v streams ended for it", n)
				}
				_ = reader.Close()
			})
		})
	}
}

// Who does not read an answer, as any stranger can have of the page, holds the connection for a minute at most.
func TestUnreadAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		conn := w.connect(t)
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if text, err := io.ReadAll(conn); err != nil || len(text) > 0 {
			t.Errorf("after a minute the server still has it: %d bytes, %v", len(text), err)
		}
	})
}

// A stream with nothing to tell stays open by HTTP/2 as well, where a deadline ends a stream that nobody writes to.
func TestQuietStreamOverHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		transport := &http.Transport{Protocols: new(http.Protocols), DialContext: func(context.Context, string, string) (net.Conn, error) { return w.connect(t), nil }}
		transport.Protocols.SetUnencryptedHTTP2(true)
		defer transport.CloseIdleConnections()
		response, err := transport.RoundTrip(newRequest(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		pass(20 * heartbeat)
		w.expect(t, "later", 1, 0)
		w.server.Drain()
		text, err := io.ReadAll(response.Body)
		if n := strings.Count(string(text), ": heartbeat"); err != nil || response.ProtoMajor != 2 || n < 19 {
			t.Errorf("%s: %d heartbeats, %v", response.Proto, n, err)
		}
		_ = response.Body.Close()
	})
}

// pass lets time pass, by the bubble's clock, and what comes of it.
func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // the bubble's clock
	synctest.Wait()
}

// stuckAnswer is a ResponseWriter whose writes take until their deadline once it is stuck.
type stuckAnswer struct {
	*httptest.ResponseRecorder
	stuck    bool
	late     error
	deadline time.Time
}

func (a *stuckAnswer) SetReadDeadline(time.Time) error { return nil }

func (a *stuckAnswer) SetWriteDeadline(deadline time.Time) error {
	a.deadline = deadline
	return nil
}

func (a *stuckAnswer) Write(text []byte) (int, error) {
	if a.stuck {
		<-time.After(time.Until(a.deadline)) // by the bubble's clock
		return 0, a.late
	}
	return a.ResponseRecorder.Write(text)
}

// world is a server of which streams can be opened without a network, and the API server behind it.
type world struct {
	api     *apiServer
	server  *Server
	handler http.Handler
	conns   chan net.Conn
	metrics *prometheus.Registry
	counts  *Metrics
	rights  rights
	end     func() // ends the server and its streams
}

// newWorld returns one whose recordings are known, in a synctest bubble.
func newWorld(t *testing.T) *world {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &world{api: &apiServer{watcher: watch.NewFake()}, conns: make(chan net.Conn), metrics: prometheus.NewRegistry()}
	w.counts = NewMetrics(w.metrics)
	recordings := feed.New(follow.Source{Client: w.api}, time.Now, logr.Discard(), feed.NewMetrics(w.metrics))
	go func() { _ = recordings.Run(ctx) }()
	w.server = New(Options{
		Feeds: []*feed.Feed{recordings}, Reviewer: &w.rights, Page: http.NotFoundHandler(),
		Heartbeat: heartbeat, MaxStreams: 10, MaxStreamsPerUser: 10, Metrics: w.counts, Log: logr.Discard(),
	})
	w.handler = w.server.Handler()
	web := NewHTTP(w.handler, logr.Discard())
	web.Protocols = new(http.Protocols)
	web.Protocols.SetHTTP1(true)
	web.Protocols.SetUnencryptedHTTP2(true)
	go func() { _ = web.Serve(&pipes{conns: w.conns, closed: ctx.Done()}) }()
	w.end = func() {
		w.server.Drain()
		w.server.Wait(context.Background())
		cancel()
		w.api.watcher.Stop()
		_ = web.Close()
	}
	t.Cleanup(w.end)
	synctest.Wait()
	return w
}

// rights lets everybody see everything until it is gone, as long as the reviews that it stands for are answered.
type rights struct{ tokensFail, accessFails, gone atomic.Bool }

var errNoAnswer = errors.New("no connection")

func (r *rights) Authenticate(context.Context, netip.Addr, string) (access.User, error) {
	if r.tokensFail.Load() {
		return access.User{}, errNoAnswer
	}
	return access.User{Username: "somebody"}, nil
}

func (r *rights) AuthorizeResource(context.Context, access.User, authorizationv1.ResourceAttributes) error {
	if r.accessFails.Load() {
		return errNoAnswer
	}
	if r.gone.Load() {
		return access.ErrForbidden
	}
	return nil
}

// connect returns the client's end of a new connection.
func (w *world) connect(t *testing.T) net.Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _ = ours.Close() })
	w.conns <- theirs
	return ours
}

// open returns the connection of a stream that has reported the present state. What nobody reads of it is buffered nowhere.
func (w *world) open(t *testing.T) net.Conn {
	t.Helper()
	ours := w.connect(t)
	if err := newRequest(t.Context()).Write(ours); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(&byteByByte{ours}) // which takes nothing that comes later
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line == "event: ready\n" {
			break
		}
	}
	for range 2 { // its data, and an empty line
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	return ours
}

func newRequest(ctx context.Context) *http.Request {
	request := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://events.example.com/events", http.NoBody)
	request.Header.Set("Authorization", "Bearer token")
	return request
}

// byteByByte reads one byte at a time.
type byteByByte struct{ io.Reader }

func (b *byteByByte) Read(into []byte) (int, error) { return b.Reader.Read(into[:min(1, len(into))]) }

// write stores a recording that begins.
func (w *world) write(i int) {
	at := metav1.NewMicroTime(time.Now())
	w.api.watcher.Add(&v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: "meetings", Name: fmt.Sprintf("recording-%d", i), ResourceVersion: strconv.Itoa(200 + i)},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "abcd-efgh-ijkl", SessionID: strconv.Itoa(i), Segment: 1},
		Status: v1alpha1.MeetingRecordingStatus{Recording: v1alpha1.RecordingStatus{
			State:  v1alpha1.RecordingStarted,
			Events: []v1alpha1.RecordingEvent{{Type: v1alpha1.EventType(v1alpha1.RecordingStarted), Source: v1alpha1.EventSourceWebhook, Deliveries: 1, ReceiveTime: at, LastReceiveTime: at}},
		}},
	})
}

// expect checks how many streams are open, and how many ended because their readers were slow; none ended otherwise.
func (w *world) expect(t *testing.T, when string, open, slow int) {
	t.Helper()
	want := fmt.Sprintf(`
# HELP meetingrecording_events_streams Open streams.
# TYPE meetingrecording_events_streams gauge
meetingrecording_events_streams %d
# HELP meetingrecording_events_streams_ended_total Streams that ended, by reason: the client disconnected, was too slow, lost its rights or could not be checked, the server shut down, or an error.
# TYPE meetingrecording_events_streams_ended_total counter
meetingrecording_events_streams_ended_total{reason="client"} 0
meetingrecording_events_streams_ended_total{reason="error"} 0
meetingrecording_events_streams_ended_total{reason="rights"} 0
meetingrecording_events_streams_ended_total{reason="shutdown"} 0
meetingrecording_events_streams_ended_total{reason="slow"} %d
meetingrecording_events_streams_ended_total{reason="unchecked"} 0
`, open, slow)
	err := testutil.GatherAndCompare(w.metrics, strings.NewReader(want), "meetingrecording_events_streams", "meetingrecording_events_streams_ended_total")
	if err != nil {
		t.Errorf("%s: %v", when, err)
	}
}

// apiServer has no recordings at first.
type apiServer struct {
	client.WithWatch
	watcher *watch.FakeWatcher
}

func (a *apiServer) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	list.SetResourceVersion("100")
	return nil
}

func (a *apiServer) Watch(context.Context, client.ObjectList, ...client.ListOption) (watch.Interface, error) {
	return a.watcher, nil
}

// pipes are connections of clients on no network.
type pipes struct {
	conns  <-chan net.Conn
	closed <-chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }
