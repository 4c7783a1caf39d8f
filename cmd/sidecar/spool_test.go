// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
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
	"github.com/meetingops/meeting-recording-operator/internal/spool"
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

// spooling is a sidecar of its own.
type spooling struct {
	*exec.Cmd
	addresses
	stderr *output
}

// launchable is one that does not run yet.
func launchable(t *testing.T, binary string, args ...string) *spooling {
	t.Helper()
	p := &spooling{Cmd: exec.Command(binary, append(append([]string{}, localPorts...), args...)...), stderr: newOutput()}
	p.Stderr = p.stderr
	return p
}

func launch(t *testing.T, binary string, args ...string) *spooling {
	t.Helper()
	p := launchable(t, binary, args...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() })
	p.addresses = p.stderr.addresses(t)
	return p
}

// outageSender sends webhooks, and judges the answers.
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
	if err := os.Mkdir(spoolDir, 0o700); err != nil {
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
			p.becomes(t, 200, "ok") // although the API server is away
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
	p.stderr.line(t, "spool replayed")
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

// spoolTool runs `sidecar spool`.
func spoolTool(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, problems bytes.Buffer
	if code := run(t.Context(), append([]string{"spool"}, args...), &out, &problems); code != want {
		t.Errorf("%v: exit code %d, want %d: %s", args, code, want, problems.String())
	}
	return out.String(), problems.String()
}

// socketDir is a temporary directory with a path that is short enough for a
// socket in it.
func socketDir(t *testing.T) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	return directory
}

// TestSpoolTool looks into the spool of a sidecar that runs, and of one that
// does not.
func TestSpoolTool(t *testing.T) {
	directory := socketDir(t)
	g, through := newGate(t)
	g.set(gateRefuses)
	args := []string{"--insecure-skip-signature", "--namespace=default", "--kubeconfig=" + through, "--spool-dir=" + directory, "--write-timeout=100ms"}
	p := start(t, args...)
	p.becomes(t, 200, "ok")
	session := fmt.Sprintf("tool-%d", time.Now().UnixNano())
	webhooks := "http://" + p.Webhooks + "/webhooks/videosdk"
	if status, got := ask(t, http.MethodPost, webhooks, body("recording-starting", session), false); status != 202 || got != `{"result":"spooled"}` {
		t.Fatalf("%d %s", status, got)
	}
	if list, _ := spoolTool(t, 0, "list", "--spool-dir", directory); !strings.Contains(list, session) || !strings.Contains(list, "waiting") {
		t.Errorf("list of a sidecar that runs:\n%s", list)
	}
	if code := p.end(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.stderr)
	}
	p.stderr.line(t, "events stay in the spool for the next run")

	store, _, err := spool.Open(directory, spool.Options{MaxBytes: 1 << 20, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	dead := fmt.Sprintf(`{"meetingId":%q,"sessionId":%q,"type":"Started","source":"Webhook","receivedAt":"2026-11-23T12:00:00Z"}`, meetingID, session)
	if err := store.AppendDead(t.Context(), "any", json.RawMessage(dead), "the reason"); err != nil {
		t.Fatal(err)
	}
	if _, stderr := spoolTool(t, 1, "list", "--spool-dir", directory); !strings.Contains(stderr, "does not answer on") {
		t.Errorf("a spool that is in use: %s", stderr)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	export, _ := spoolTool(t, 0, "export", "--spool-dir", directory)
	if lines := strings.Split(strings.TrimSpace(export), "\n"); len(lines) != 2 || !json.Valid([]byte(lines[0])) || !strings.Contains(lines[1], `"reason":"the reason"`) {
		t.Errorf("export:\n%s", export)
	}
	if list, _ := spoolTool(t, 0, "list", "--spool-dir", directory); !strings.Contains(list, `"the reason"`) {
		t.Errorf("list:\n%s", list)
	}

	g.set(gatePasses)
	p = start(t, args...)
	p.stderr.line(t, "events in the spool since the last run")
	if told, _ := spoolTool(t, 0, "replay", "--spool-dir", directory); told != "1 dead letters will be written again now\n" {
		t.Errorf("replay: %s", told)
	}
	if code := p.end(t); code != 0 { // which waits for the replay
		t.Errorf("exit code %d\n%s", code, p.stderr)
	}
	if told, _ := spoolTool(t, 0, "replay", "--spool-dir", directory); told != "0 dead letters will be written again when the sidecar runs\n" {
		t.Errorf("replay: %s", told)
	}
	var object v1alpha1.MeetingRecording
	if err := cluster.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: lifecycle.Name(meetingID, session, 1)}, &object); err != nil {
		t.Fatal(err)
	}
	if got := object.Status.Recording; got.State != v1alpha1.RecordingStarted || len(got.Events) != 2 {
		t.Errorf("recording %+v", got)
	}
}

func TestSpoolToolUsage(t *testing.T) {
	empty := t.TempDir()
	damaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, spool.FileName), []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "list|replay|export"},
		{[]string{"--help"}, 0, "list|replay|export"},
		{[]string{"drop"}, 2, "list|replay|export"},
		{[]string{"list"}, 2, "-spool-dir"},
		{[]string{"list", "--help"}, 0, "-spool-dir"},
		{[]string{"list", "--no-such"}, 2, "flag provided but not defined"},
		{[]string{"list", "--spool-dir", empty, "more"}, 2, "-spool-dir"},
		{[]string{"list", "--spool-dir", empty}, 1, "no spool, give the sidecar's own --spool-dir"},
		{[]string{"list", "--spool-dir", damaged}, 1, "was set aside as " + damaged},
	} {
		if _, stderr := spoolTool(t, tc.code, tc.args...); !strings.Contains(stderr, tc.want) {
			t.Errorf("%v: %q, want %q", tc.args, stderr, tc.want)
		}
	}
}

// TestDamagedSpool is set aside, and said so; the sidecar serves.
func TestDamagedSpool(t *testing.T) {
	directory := socketDir(t)
	if err := os.WriteFile(filepath.Join(directory, spool.FileName), []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "--insecure-skip-signature", "--namespace=default", "--kubeconfig="+kubeconfig, "--spool-dir="+directory)
	p.stderr.line(t, "spool set aside and a new one begun")
	p.becomes(t, 200, "ok")
	if kept, err := filepath.Glob(filepath.Join(directory, spool.FileName+".corrupt-*")); err != nil || len(kept) != 1 {
		t.Errorf("%v, %v", kept, err)
	}
	if code := p.end(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestWrongSpoolOptions(t *testing.T) {
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--spool-dir=/no/such"}, 1, "--spool-dir must be a directory that the sidecar may write to"},
		{[]string{"--spool-max-bytes=lots"}, 2, "-spool-max-bytes"},
		{[]string{"--spool-max-bytes=10"}, 1, "--spool-max-bytes must be from 1Mi to 64Gi"},
		{[]string{"--spool-max-bytes=1Ti"}, 1, "--spool-max-bytes must be from 1Mi to 64Gi"},
	} {
		var stderr bytes.Buffer
		code := run(t.Context(), append([]string{"--insecure-skip-signature", "--namespace=a", "--kubeconfig=" + kubeconfig}, tc.args...), io.Discard, &stderr)
		if code != tc.code || !strings.Contains(stderr.String(), tc.want) {
			t.Errorf("%v: exit code %d, printed %q", tc.args, code, stderr.String())
		}
	}
}
