// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// lifecycleOf are the webhooks of a session's only recording.
func lifecycleOf(session string) []string {
	return []string{
		body("recording-starting", session), body("recording-started", session), body("recording-stopping", session),
		fmt.Sprintf(`{"webhookType":"recording-stopped","data":{"meetingId":%q,"sessionId":%q,"filePath":"/%s","fileUrl":"https://cdn.example.com/%s"}}`,
			meetingID, session, session, session),
	}
}

// TestAcknowledgedBySpool: with --acknowledge=spool every webhook is answered 202
// by the disk alone. Killed with SIGKILL while it writes them, the sidecar
// writes the rest when it is started again, each event once it has been seen at
// most twice; and then four events have cost the API server two writes.
func TestAcknowledgedBySpool(t *testing.T) {
	const sessions = 60
	directory := socketDir(t)
	g, through := newGate(t)
	args := []string{"--kubeconfig=" + through, "--spool-dir=" + directory, "--acknowledge=spool"}
	p := startProcess(t, args...)
	p.stderr.line(t, "--acknowledge=spool")
	prefix := newSessionID("acknowledged", 0)
	send := func(from, to int) {
		var senders sync.WaitGroup
		for n := from; n < to; n++ {
			senders.Go(func() {
				for _, content := range lifecycleOf(fmt.Sprint(prefix, "-", n)) {
					request, err := signedWebhook{content, sign(t, content)}.request("http://" + p.Webhooks)
					if err != nil {
						t.Error(err)
						return
					}
					response, err := http.DefaultClient.Do(request)
					if err != nil {
						t.Error(err)
						return
					}
					answer, err := io.ReadAll(response.Body)
					if err = errors.Join(err, response.Body.Close()); err != nil || response.StatusCode != http.StatusAccepted || string(answer) != `{"result":"spooled"}` {
						t.Errorf("%d %s, %v", response.StatusCode, answer, err)
					}
				}
			})
		}
		senders.Wait()
	}
	send(0, sessions/2)
	g.set(gateHangs)
	send(sessions/2, sessions)
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
	g.set(gatePasses)

	p = startProcess(t, args...)
	p.stderr.line(t, "Spool has events from last run")
	awaitEmptySpool(t, &spooling{addresses: p.addresses, stderr: p.stderr})
	for n := range sessions {
		var object v1alpha1.MeetingRecording
		name := lifecycle.Name(meetingID, fmt.Sprint(prefix, "-", n), 1)
		if err := cluster.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: name}, &object); err != nil {
			t.Fatal(err)
		}
		r := object.Status.Recording
		if len(r.Events) != 4 || r.State != v1alpha1.RecordingStopped || r.File == nil {
			t.Errorf("%s: %+v", name, r)
		}
		for _, ev := range r.Events {
			if ev.Deliveries > 2 {
				t.Errorf("%s: %s has come once, been killed once, and counts %d", name, ev.Type, ev.Deliveries)
			}
		}
	}
	before := apiWrites(t, p)
	prefix = newSessionID("counted", 0)
	g.set(gateHangs)
	send(0, 1)
	g.set(gatePasses)
	awaitEmptySpool(t, &spooling{addresses: p.addresses, stderr: p.stderr})
	// One more than two where the first write began before the last event came.
	// Written one by one they would be five.
	if writes := apiWrites(t, p) - before; writes < 2 || writes > 3 {
		t.Errorf("four events cost %d writes", writes)
	}
	p.terminate()
	p.wait()
}

// apiWrites is how many creates and patches the sidecar has made.
func apiWrites(t *testing.T, p *process) int {
	t.Helper()
	_, metrics := ask(t, http.MethodGet, "http://"+p.Metrics+"/metrics", "", false)
	total := 0
	for line := range strings.Lines(metrics) {
		for _, verb := range []string{"create", "patch"} {
			if value, found := strings.CutPrefix(line, `meetingrecording_api_requests_total{outcome="ok",verb="`+verb+`"} `); found {
				var n int
				if _, err := fmt.Sscan(value, &n); err != nil {
					t.Fatal(err)
				}
				total += n
			}
		}
	}
	return total
}

func TestWrongAcknowledgement(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"--acknowledge=disk"}, `--acknowledge must be api or spool, not "disk"`},
		{[]string{"--acknowledge=spool"}, "--acknowledge=spool needs --spool-dir"},
	} {
		var stderr bytes.Buffer
		code := run(t.Context(), append([]string{"--insecure-skip-signature", "--namespace=a", "--kubeconfig=" + kubeconfig}, tc.args...), io.Discard, &stderr)
		if code != 2 || !strings.Contains(stderr.String(), tc.want) {
			t.Errorf("%v: exit code %d, printed %q", tc.args, code, stderr.String())
		}
	}
}
