// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// gate is a way to the API server that can be shut.
type gate struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	state gateState
	open  map[net.Conn]bool
}

type gateState int

const (
	gatePasses  gateState = iota
	gateHangs             // takes connections, and is silent
	gateRefuses           // ends them
)

// newGate returns a gate to the API server, and a kubeconfig that goes through.
func newGate(t *testing.T) (g *gate, path string) {
	t.Helper()
	config, err := clientcmd.LoadFromFile(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	g = &gate{open: map[net.Conn]bool{}}
	if g.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	for _, c := range config.Clusters {
		g.target = strings.TrimPrefix(c.Server, "https://")
		c.Server = "https://" + g.listener.Addr().String()
	}
	path = filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	go g.serve()
	t.Cleanup(func() {
		_ = g.listener.Close()
		g.set(gateRefuses)
	})
	return g, path
}

// set changes the state, and ends every connection.
func (g *gate) set(state gateState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.state = state
	for c := range g.open {
		_ = c.Close()
	}
	clear(g.open)
}

func (g *gate) serve() {
	for {
		from, err := g.listener.Accept()
		if err != nil {
			return
		}
		g.mu.Lock()
		switch g.state {
		case gateRefuses:
			_ = from.Close()
		case gateHangs:
			g.open[from] = true
		case gatePasses:
			g.open[from] = true
			go g.pass(from)
		}
		g.mu.Unlock()
	}
}

func (g *gate) pass(from net.Conn) {
	to, err := net.Dial("tcp", g.target)
	if err != nil {
		_ = from.Close()
		return
	}
	go func() {
		_, _ = io.Copy(to, from)
		_ = to.Close()
	}()
	_, _ = io.Copy(from, to)
	_ = from.Close()
}

// outageSender sends webhooks, and checks the answers.
type outageSender struct {
	address  atomic.Pointer[string]
	mu       sync.Mutex
	answers  map[int]int
	longest  time.Duration
	problems []string
}

// send sends a webhook until it is answered: a sidecar that is killed answers
// nothing.
func (s *outageSender) send(ctx context.Context, body string) {
	for ctx.Err() == nil {
		begin := time.Now()
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+*s.address.Load()+"/webhooks/videosdk", strings.NewReader(body))
		if err != nil {
			panic(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			<-time.After(50 * time.Millisecond)
			continue
		}
		content, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		s.mu.Lock()
		s.answers[response.StatusCode]++
		s.longest = max(s.longest, time.Since(begin))
		if response.StatusCode/100 != 2 {
			s.problems = append(s.problems, string(content))
		}
		s.mu.Unlock()
		return
	}
}

// TestSpoolOverOutage: the API server hangs and then refuses under load, the
// sidecar is killed with SIGKILL and started again meanwhile; every webhook is
// answered 2xx in time, and all are in the status once the API server is back.
func TestSpoolOverOutage(t *testing.T) {
	const sessions, perSecond = 175, 100
	folder := t.TempDir()
	spoolDir := filepath.Join(folder, "spool")
	binary, err := harness.Binary("sidecar")
	if err != nil {
		t.Fatal(err)
	}
	g, through := newGate(t)
	args := []string{"--namespace=default", "--kubeconfig=" + through, "--insecure-skip-signature", "--spool-dir=" + spoolDir, "--reorder-window=10m"}
	p := launch(t, binary, args...)
	s := &outageSender{answers: map[int]int{}}
	s.address.Store(&p.Webhooks)

	prefix := fmt.Sprintf("outage-%d-", time.Now().UnixNano())
	types := []string{"recording-starting", "recording-started", "recording-stopping", "recording-stopped"}
	var sending sync.WaitGroup
	tick := time.NewTicker(time.Second / perSecond)
	defer tick.Stop()
	for i := range len(types) * sessions {
		switch i {
		case perSecond:
			g.set(gateHangs)
		case 3 * perSecond:
			_ = p.Process.Kill()
			_ = p.Wait()
			p = launch(t, binary, args...)
			p.becomes(t, 200, "ok") // although the API server is unavailable
			s.address.Store(&p.Webhooks)
		case 5 * perSecond:
			g.set(gateRefuses)
		}
		session, eventType := prefix+fmt.Sprint(i/len(types)), types[i%len(types)]
		content := body(eventType, session)
		if eventType == "recording-stopped" {
			content = fmt.Sprintf(`{"webhookType":%q,"data":{"meetingId":%q,"sessionId":%q,"filePath":"/%s","fileUrl":"https://cdn.example.com/%s"}}`,
				eventType, meetingID, session, session, session)
		}
		sending.Go(func() { s.send(t.Context(), content) })
		<-tick.C
	}
	sending.Wait()
	g.set(gatePasses)
	back := time.Now()
	p.stderr.line(t, "Spool empty")
	awaitEmptySpool(t, p)
	t.Logf("answers %v, longest %s, all written %s after the API server's return", s.answers, s.longest, time.Since(back))
	if len(s.problems) > 0 {
		t.Errorf("answers %v: %q", s.answers, s.problems)
	}
	for n := range sessions {
		var object v1alpha1.MeetingRecording
		name := lifecycle.Name(meetingID, prefix+fmt.Sprint(n), 1)
		if err := cluster.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: name}, &object); err != nil {
			t.Fatal(err)
		}
		if r := object.Status.Recording; len(r.Events) != len(types) || r.State != v1alpha1.RecordingStopped || r.File == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func awaitEmptySpool(t *testing.T, p *spooling) {
	t.Helper()
	timeout := time.After(patience)
	for {
		_, metrics := ask(t, http.MethodGet, "http://"+p.Metrics+"/metrics", "", false)
		if strings.Contains(metrics, "\nmeetingrecording_spool_events 0\n") {
			return
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-timeout:
			t.Fatalf("the spool is not replayed:\n%s", p.stderr)
		}
	}
}
