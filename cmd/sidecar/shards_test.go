// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/outbox"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/shard"
	"github.com/meetingops/meeting-recording-operator/internal/spool"
	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/memoryapi"
)

// A shard's API server works, breaks every connection, or does not answer.
const (
	works int32 = iota
	breaks
	hangs
)

// testShard is a cluster in memory, behind an address.
type testShard struct {
	*memoryapi.Server
	name, kubeconfig string
	state            atomic.Int32
}

func newTestShard(t *testing.T, name string) *testShard {
	t.Helper()
	s := &testShard{Server: memoryapi.New(time.Now, "default"), name: name}
	transport := &memoryapi.Transport{Server: s.Server}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch s.state.Load() {
		case breaks:
			panic(http.ErrAbortHandler)
		case hangs:
			_, _ = io.Copy(io.Discard, r.Body) // or the server would not notice that nobody waits
			<-r.Context().Done()
			return
		}
		response, err := transport.RoundTrip(r)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer func() { _ = response.Body.Close() }()
		w.Header().Set("Content-Type", response.Header.Get("Content-Type"))
		w.WriteHeader(response.StatusCode)
		_, _ = io.Copy(w, response.Body)
	}))
	t.Cleanup(server.Close)
	s.kubeconfig = kubeconfigFor(t, server.URL)
	return s
}

// recordings returns the events of all recordings by session, in the order of their arrival.
func (s *testShard) recordings(t *testing.T) map[string][]string {
	t.Helper()
	bySession := map[string][]string{}
	for _, object := range s.Objects("meetingrecordings") {
		var recording v1alpha1.MeetingRecording
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object, &recording); err != nil {
			t.Fatal(err)
		}
		if got := shard.Of([]string{"eu-1", "eu-2", "us-1"}, recording.Spec.SessionID); got != s.name {
			t.Errorf("%s has session %s of %s", s.name, recording.Spec.SessionID, got)
		}
		var last time.Time
		for _, ev := range recording.Status.Recording.Events {
			if ev.Deliveries != 1 || ev.ReceiveTime.Time.Before(last) {
				t.Errorf("%s: %s has %d deliveries at %s, after %s", recording.Name, ev.Type, ev.Deliveries, ev.ReceiveTime, last)
			}
			last = ev.ReceiveTime.Time
			bySession[recording.Spec.SessionID] = append(bySession[recording.Spec.SessionID], string(ev.Type))
		}
	}
	return bySession
}

// sharded are three shards, and sessions of each.
type sharded struct {
	t        *testing.T
	shards   []*testShard
	sessions map[string][]string // by shard
	args     []string
}

func newSharded(t *testing.T) *sharded {
	t.Helper()
	s := &sharded{t: t, sessions: map[string][]string{}, args: []string{"--insecure-skip-signature", "--namespace=default", "--spool-dir=" + socketDir(t), "--write-timeout=1s"}}
	var names []string
	for _, name := range []string{"eu-1", "eu-2", "us-1"} {
		one := newTestShard(t, name)
		s.shards, names, s.args = append(s.shards, one), append(names, name), append(s.args, "--shard="+name+"="+one.kubeconfig)
	}
	for i := range 40 {
		session := fmt.Sprintf("613731342f27f56e%08x", i)
		s.sessions[shard.Of(names, session)] = append(s.sessions[shard.Of(names, session)], session)
	}
	return s
}

// send sends an event of every session, and expects one answer for a shard and another for the others.
func (s *sharded) send(p *program, eventType, shard string, status, otherwise int) {
	s.t.Helper()
	for name, sessions := range s.sessions {
		want := map[bool]int{true: status, false: otherwise}[name == shard]
		for _, session := range sessions {
			begin := time.Now()
			got, answer := ask(s.t, http.MethodPost, "http://"+p.Webhooks+"/webhooks/videosdk", body(eventType, session), false)
			if got != want {
				s.t.Errorf("%s of %s: %d %s after %s, want %d", eventType, name, got, answer, time.Since(begin), want)
			}
		}
	}
}

// TestShards: the events of a lost shard wait on its own disk, whether its API server refuses or hangs, and over a restart. Those of the
// others are written meanwhile. Once it is back, each event is written once, in order, and to its own shard.
func TestShards(t *testing.T) {
	for name, lost := range map[string]int32{"refuses": breaks, "hangs": hangs} {
		t.Run(name, func(t *testing.T) {
			s := newSharded(t)
			p := start(t, s.args...)
			p.becomes(t, 200, "ok")
			s.send(p, "recording-starting", "", 0, 200)
			s.shards[1].state.Store(lost)
			s.send(p, "recording-started", "eu-2", 202, 200)
			metrics := func() (int, string) { return ask(t, http.MethodGet, "http://"+p.Metrics+"/metrics", "", false) }
			waiting := len(s.sessions["eu-2"])
			eventually(t, 200, fmt.Sprintf("\nmeetingrecording_spool_events{shard=\"eu-2\"} %d\n", waiting), metrics)
			eventually(t, 200, "\nmeetingrecording_spool_events{shard=\"eu-1\"} 0\n", metrics)
			p.becomes(t, 200, "ok")
			if code := p.end(t); code != 0 {
				t.Fatalf("exit code %d", code)
			}
			p = start(t, s.args...)
			p.becomes(t, 200, "ok")
			s.send(p, "recording-stopping", "eu-2", 202, 200)
			if got := s.shards[1].recordings(t); len(got) != waiting {
				t.Errorf("%d sessions on eu-2, want %d", len(got), waiting)
			}
			s.shards[1].state.Store(works)
			eventually(t, 200, "\nmeetingrecording_spool_events{shard=\"eu-2\"} 0\n", metrics)
			s.send(p, "recording-failed", "", 0, 200)
			for _, one := range s.shards {
				want := map[string][]string{}
				for _, session := range s.sessions[one.name] {
					want[session] = []string{"Starting", "Started", "Stopping", "Failed"}
				}
				if diff := cmp.Diff(want, one.recordings(t)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", one.name, diff)
				}
			}
		})
	}
}

// TestHangingShardLeavesRoom: senders that wait for a shard that hangs leave slots to those of the others, also within a namespace's share.
func TestHangingShardLeavesRoom(t *testing.T) {
	const token = "token-of-team-a-0"
	routes := filepath.Join(t.TempDir(), "routes.yaml")
	write(t, routes, "routes:\n- {namespace: default, endpointToken: "+token+"}\n")
	for name, tc := range map[string]struct{ namespaces, path string }{
		"one namespace": {"--namespace=default", ""},
		"routes":        {"--routes-file=" + routes, "/" + token},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSharded(t)
			s.args[1] = tc.namespaces
			p := start(t, append(s.args, "--write-timeout=4s", "--max-in-flight=64")...)
			p.becomes(t, 200, "ok")
			url := "http://" + p.Webhooks + "/webhooks/videosdk" + tc.path
			s.shards[1].state.Store(hangs)
			var senders sync.WaitGroup
			var unanswered atomic.Int64
			for i := range 200 {
				session := fmt.Sprintf("%s-%d", name, i)
				if shard.Of([]string{"eu-1", "eu-2", "us-1"}, session) != "eu-2" {
					continue
				}
				unanswered.Add(1)
				senders.Go(func() {
					status, got := ask(t, http.MethodPost, url, body("recording-started", session), false)
					if unanswered.Add(-1); status != 202 {
						t.Errorf("%d %s, want 202", status, got)
					}
				})
				// Not more come at once than a namespace may send to shards that work.
				harness.Eventually(t, "it waits or is answered", func(context.Context) error {
					_, metrics := ask(t, http.MethodGet, "http://"+p.Metrics+"/metrics", "", false)
					if want := fmt.Sprintf("\nmeetingrecording_webhooks_in_flight %d\n", unanswered.Load()); !strings.Contains(metrics, want) {
						return errors.New("metrics lack " + want)
					}
					return nil
				})
			}
			for _, session := range s.sessions["eu-1"] {
				begin := time.Now()
				status, got := ask(t, http.MethodPost, url, body("recording-started", session), false)
				if took := time.Since(begin); status != 200 || took > time.Second {
					t.Errorf("%d %s after %s, want 200 at once", status, got, took)
				}
			}
			senders.Wait()
			if code := p.end(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// TestShardsImport: a running sidecar takes only events of the shard into its spool.
func TestShardsImport(t *testing.T) {
	s := newSharded(t)
	p := start(t, s.args...)
	p.becomes(t, 200, "ok")
	var export bytes.Buffer
	all := 0
	for _, sessions := range s.sessions {
		for _, session := range sessions {
			all++
			fmt.Fprintf(&export, `{"id":%d,"state":"waiting","payload":{"namespace":"default","meetingId":%q,"sessionId":%q,"type":"Started","source":"Webhook","receiveTime":"2026-11-23T12:00:00Z"}}`+"\n", all, meetingID, session)
		}
	}
	for _, one := range s.shards {
		tool, isRunning, closeTool, err := openTool(t.Context(), filepath.Join(strings.TrimPrefix(s.args[2], "--spool-dir="), one.name), io.Discard)
		if err != nil || !isRunning {
			t.Fatalf("running %t, %v", isRunning, err)
		}
		n, err := tool.Import(bytes.NewReader(export.Bytes()))
		if want := fmt.Sprintf("%d events belong to sessions of other shards", all-n); n != len(s.sessions[one.name]) || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %d imported, %v", one.name, n, err)
		}
		eventually(t, 200, fmt.Sprintf("\nmeetingrecording_spool_events{shard=%q} 0\n", one.name), func() (int, string) {
			return ask(t, http.MethodGet, "http://"+p.Metrics+"/metrics", "", false)
		})
		if got := one.recordings(t); len(got) != n {
			t.Errorf("%s has %d sessions, want %d", one.name, len(got), n)
		}
		if err := closeTool(); err != nil {
			t.Error(err)
		}
	}
}

// TestSpoolToolOfShards: in the folder of all shards no event would be found, and none that is imported there would be written.
func TestSpoolToolOfShards(t *testing.T) {
	s := newSharded(t)
	directory := strings.TrimPrefix(s.args[2], "--spool-dir=")
	addDeadLetters(t, directory, "") // as a sidecar without shards leaves it
	p := start(t, s.args...)
	p.becomes(t, 200, "ok")
	for _, state := range []string{"runs", "has ended"} {
		for _, args := range [][]string{{"list"}, {"export"}, {"import"}, {"retry", "--all"}, {"delete", "--all"}} {
			_, stderr := runTool(t, 1, append(args, "--spool-dir", directory+"/")...)
			if want := " has a spool for each shard: set --spool-dir to one of " + filepath.Join(directory, "eu-1") + ", " + filepath.Join(directory, "eu-2"); !strings.Contains(stderr, want) {
				t.Errorf("%s of a sidecar that %s: %q, want %q", args[0], state, stderr, want)
			}
		}
		for _, one := range s.shards {
			if list, _ := runTool(t, 0, "list", "--spool-dir", filepath.Join(directory, one.name)); !strings.HasPrefix(list, "ID ") {
				t.Errorf("list of %s: %q", one.name, list)
			}
		}
		if state == "runs" && p.end(t) != 0 {
			t.Error("exit code is not 0")
		}
	}
}

// TestStrays: a sidecar does not start beside events that it would never write.
func TestStrays(t *testing.T) {
	s := newSharded(t)
	directory := strings.TrimPrefix(s.args[2], "--spool-dir=")
	single := []string{s.args[0], s.args[1], s.args[2], "--kubeconfig=" + s.shards[0].kubeconfig}
	for _, tc := range []struct {
		name, folder string
		args         []string
		want         string
	}{
		{"a shard was removed", "eu-3", s.args, "of an unknown shard"},
		{"shards were introduced", "", s.args, "of an unknown shard"},
		{"shards were given up", "eu-1", single, "of an unknown shard"},
		{"a shard was added", shard.Of([]string{"eu-1", "eu-2"}, "stray-of-us-1"), s.args, "of other shards' sessions"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			store, err := spool.Open(filepath.Join(directory, tc.folder), spool.Options{MaxBytes: maxSpoolBytes, Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			record := outbox.SpooledEvent{Event: recorder.Event{
				Session: recorder.Session{Namespace: "default", MeetingID: meetingID, SessionID: "stray-of-us-1"},
				Event:   lifecycle.Event{Type: v1alpha1.EventStarted, Source: v1alpha1.EventSourceWebhook, ReceivedAt: time.Now()},
			}}.Record(spool.Waiting)
			if err := spool.AppendNow(store, []spool.Record{record}); err != nil {
				t.Fatal(err)
			}
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			var stderr bytes.Buffer
			code := run(t.Context(), append(append([]string{}, localPorts...), tc.args...), io.Discard, &stderr)
			if code != 1 || !strings.Contains(stderr.String(), filepath.Join(directory, tc.folder)+" has 1 events "+tc.want) {
				t.Errorf("exit code %d, printed %q", code, stderr.String())
			}
			if err := os.RemoveAll(directory); err != nil {
				t.Fatal(err)
			}
		})
	}
	// What an empty spool leaves is no reason.
	for _, args := range [][]string{single, s.args, s.args[:5], single} {
		p := start(t, args...)
		p.becomes(t, 200, "ok")
		if status, got := ask(t, http.MethodPost, "http://"+p.Webhooks+"/webhooks/videosdk", body("recording-started", s.sessions["eu-1"][0]), false); status != 200 {
			t.Errorf("%d %s", status, got)
		}
		if code := p.end(t); code != 0 {
			t.Errorf("exit code %d", code)
		}
	}
}

// TestWrongShards: each message says what to fix.
func TestWrongShards(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	write(t, empty, "")
	for _, tc := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no kubeconfig", []string{"--shard=eu-1", "--spool-dir=x"}, 2, "must be NAME=KUBECONFIG"},
		{"a name that is none", []string{"--shard=EU/1=a", "--spool-dir=x"}, 2, `invalid shard name "EU/1"`},
		{"twice", []string{"--shard=eu-1=a", "--shard=eu-1=b", "--spool-dir=x"}, 2, "shard eu-1 is set twice"},
		{"one kubeconfig for two", []string{"--shard=eu-1=a", "--shard=eu-2=a", "--spool-dir=x"}, 2, "shard eu-1 has the same kubeconfig: each shard needs its own cluster"},
		{"no spool", []string{"--shard=eu-1=a"}, 2, "--shard needs --spool-dir: while a shard is lost, its events wait there"},
		{"a missing kubeconfig", []string{"--shard=eu-1=/no/such", "--spool-dir=" + t.TempDir()}, 1, "read the kubeconfig of --shard=eu-1=/no/such: stat /no/such: "},
		{"an empty kubeconfig", []string{"--shard=eu-1=" + empty, "--spool-dir=" + t.TempDir()}, 1, "read the kubeconfig of --shard=eu-1=" + empty + ": it needs a current-context with a cluster and a user"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var stderr bytes.Buffer
			code := run(t.Context(), append([]string{"--insecure-skip-signature", "--namespace=default"}, tc.args...), io.Discard, &stderr)
			if code != tc.code || !strings.Contains(stderr.String(), tc.want) {
				t.Errorf("exit code %d, printed %q, want %q", code, stderr.String(), tc.want)
			}
		})
	}
}
