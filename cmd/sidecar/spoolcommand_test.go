// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
)

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
	if _, stderr := runTool(t, 1, "delete", "--spool-dir", directory, fmt.Sprint(record.ID)); !strings.Contains(stderr, "0 dead letters deleted: the other IDs are not dead letters") {
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
