// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
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

// runTool runs `sidecar spool`.
func runTool(t *testing.T, want int, args ...string) (stdout, stderr string) {
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
	if list, _ := runTool(t, 0, "list", "--spool-dir", directory); !strings.Contains(list, session) || !strings.Contains(list, "waiting") {
		t.Errorf("list of a sidecar that runs:\n%s", list)
	}
	if code := p.end(t); code != 0 {
		t.Errorf("exit code %d\n%s", code, p.stderr)
	}
	p.stderr.line(t, "Events left in the spool")

	dead := fmt.Sprintf(`{"id":1,"state":"dead","payload":{"namespace":"default","meetingId":%q,"sessionId":%q,"type":"Started","source":"Webhook","receiveTime":"2026-11-23T12:00:00Z","reason":"the reason"}}`, meetingID, session)
	addDeadLetters(t, directory, dead+"\n"+dead)
	export, _ := runTool(t, 0, "export", "--spool-dir", directory)
	lines := strings.Split(strings.TrimSpace(export), "\n")
	if len(lines) != 3 || !json.Valid([]byte(lines[0])) || !strings.Contains(lines[1], `"reason":"the reason"`) {
		t.Fatalf("export:\n%s", export)
	}
	list, _ := runTool(t, 0, "list", "--spool-dir", directory)
	if !strings.Contains(list, `"the reason"`) {
		t.Errorf("list:\n%s", list)
	}
	var record spool.Record
	if err := json.Unmarshal([]byte(lines[2]), &record); err != nil {
		t.Fatal(err)
	}
	if told, _ := runTool(t, 0, "delete", "--spool-dir", directory, fmt.Sprint(record.ID)); told != "1 dead letters deleted\n" {
		t.Errorf("delete: %s", told)
	}
	if _, stderr := runTool(t, 1, "delete", "--spool-dir", directory, fmt.Sprint(record.ID)); !strings.Contains(stderr, "0 dead letters deleted: the other IDs are not those of dead letters") {
		t.Errorf("delete: %s", stderr)
	}

	g.set(gatePasses)
	p = start(t, args...)
	p.stderr.line(t, "Spool has events from last run")
	if told, _ := runTool(t, 0, "retry", "--spool-dir", directory, "--all"); told != "1 dead letters will be written again\n" {
		t.Errorf("retry: %s", told)
	}
	if code := p.end(t); code != 0 { // which waits for the write
		t.Errorf("exit code %d\n%s", code, p.stderr)
	}
	if told, _ := runTool(t, 0, "retry", "--spool-dir", directory, "--all"); told != "0 dead letters will be written again when the sidecar runs\n" {
		t.Errorf("retry: %s", told)
	}
	var object v1alpha1.MeetingRecording
	if err := cluster.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: lifecycle.Name(meetingID, session, 1)}, &object); err != nil {
		t.Fatal(err)
	}
	if got := object.Status.Recording; got.State != v1alpha1.RecordingStarted || len(got.Events) != 2 {
		t.Errorf("recording %+v", got)
	}
}

// addDeadLetters imports records into a spool that no sidecar has open.
func addDeadLetters(t *testing.T, directory, records string) {
	t.Helper()
	tool, isRunning, closeTool, err := openTool(t.Context(), directory, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var told bytes.Buffer
	err = spoolRequest{verb: "import"}.do(tool, isRunning, strings.NewReader(records), &told)
	if err := errors.Join(err, closeTool()); err != nil || !strings.Contains(told.String(), "events imported") {
		t.Fatalf("%v: %s", err, told.String())
	}
}

// TestSpoolToolOfARunningSidecar: import and delete reach it as well, and what is wrong is said.
func TestSpoolToolOfARunningSidecar(t *testing.T) {
	directory := socketDir(t)
	store, err := spool.Open(directory, spool.Options{MaxBytes: 1 << 20, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if _, stderr := runTool(t, 1, "list", "--spool-dir", directory); !strings.Contains(stderr, "does not answer on") {
		t.Errorf("a spool that is in use: %s", stderr)
	}
	changes := 0
	var wake error
	c := newControl(directory, localTool{store: store}, func() error { changes++; return wake })
	if err := c.listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	go func() { _ = c.serve() }()
	t.Cleanup(func() { _ = c.close() })
	addDeadLetters(t, directory, `{"state":"dead","payload":{"namespace":"a","meetingId":"b","sessionId":"c","type":"Started","source":"Webhook","receiveTime":"2026-11-23T12:00:00Z"}}`)
	if list, _ := runTool(t, 0, "list", "--spool-dir", directory); !strings.Contains(list, "dead") {
		t.Errorf("list:\n%s", list)
	}
	tool, _, _, err := openTool(t.Context(), directory, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tool.Import(strings.NewReader("{")); err == nil || !strings.Contains(err.Error(), "record 1") {
		t.Errorf("error %v", err)
	}
	// What fails midway says how far it came.
	failing := errors.New("the sidecar is ending")
	wake = failing
	if n, err := tool.Retry(nil); n != 1 || err == nil || !strings.Contains(err.Error(), failing.Error()) {
		t.Errorf("retry: %d, %v", n, err)
	}
	wake = nil
	addDeadLetters(t, directory, `{"state":"dead","payload":{"namespace":"a","meetingId":"b","sessionId":"d","type":"Started","source":"Webhook","receiveTime":"2026-11-23T12:00:00Z"}}`)
	if told, _ := runTool(t, 0, "delete", "--all", "--spool-dir", directory); told != "1 dead letters deleted\n" || store.Stats().DeadLetters != 0 || changes == 0 {
		t.Errorf("delete: %s, %+v, %d", told, store.Stats(), changes)
	}
}

func TestSpoolToolUsage(t *testing.T) {
	empty := t.TempDir()
	damaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, "00000001.spool"), []byte("garbage garbage garbage garbage garbage garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "list|export|import|retry|delete"},
		{[]string{"--help"}, 0, "list|export|import|retry|delete"},
		{[]string{"drop"}, 2, "list|export|import|retry|delete"},
		{[]string{"list"}, 2, "-spool-dir"},
		{[]string{"list", "--help"}, 0, "-spool-dir"},
		{[]string{"list", "--no-such"}, 2, "flag provided but not defined"},
		{[]string{"list", "--spool-dir", empty, "more"}, 2, `"more" is not an ID of`},
		{[]string{"list", "--spool-dir", empty, "1"}, 2, "-spool-dir"},
		{[]string{"retry", "--spool-dir", empty}, 2, "--all"},
		{[]string{"retry", "--spool-dir", empty, "--all", "1"}, 2, "--all"},
		{[]string{"delete", "--spool-dir", empty, "x"}, 2, `"x" is not an ID of`},
		{[]string{"list", "--spool-dir", empty + "/missing"}, 1, "no spool: set the sidecar's --spool-dir"},
		{[]string{"list", "--spool-dir", damaged}, 0, "bytes were copied to " + damaged},
	} {
		if _, stderr := runTool(t, tc.code, tc.args...); !strings.Contains(stderr, tc.want) {
			t.Errorf("%v: %q, want %q", tc.args, stderr, tc.want)
		}
	}
}

// TestDamagedSpool: damage is set aside, and said so; the sidecar serves.
func TestDamagedSpool(t *testing.T) {
	directory := socketDir(t)
	if err := os.WriteFile(filepath.Join(directory, "00000001.spool"), bytes.Repeat([]byte("garbage "), 20), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "--insecure-skip-signature", "--namespace=default", "--kubeconfig="+kubeconfig, "--spool-dir="+directory)
	p.stderr.line(t, "Spool damaged, bytes set aside")
	p.becomes(t, 200, "ok")
	if kept, err := filepath.Glob(filepath.Join(directory, "damaged-*")); err != nil || len(kept) != 1 {
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
		{[]string{"--spool-dir=/dev/null/such"}, 1, "--spool-dir must be a writable directory"},
		{[]string{"--spool-max-bytes=lots"}, 2, "-spool-max-bytes"},
		{[]string{"--spool-max-bytes=10"}, 2, "--spool-max-bytes must be from 1Mi to 64Gi"},
		{[]string{"--spool-max-bytes=1Ti"}, 2, "--spool-max-bytes must be from 1Mi to 64Gi"},
	} {
		var stderr bytes.Buffer
		code := run(t.Context(), append([]string{"--insecure-skip-signature", "--namespace=a", "--kubeconfig=" + kubeconfig}, tc.args...), io.Discard, &stderr)
		if code != tc.code || !strings.Contains(stderr.String(), tc.want) {
			t.Errorf("%v: exit code %d, printed %q", tc.args, code, stderr.String())
		}
	}
}
