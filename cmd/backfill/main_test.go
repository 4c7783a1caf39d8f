// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/backfill"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
	"github.com/meetingops/meeting-recording-operator/internal/shard"
	"github.com/meetingops/meeting-recording-operator/internal/startup"
	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
	"github.com/meetingops/meeting-recording-operator/test/harness/provider"
)

var api *controlplane.ControlPlane

func TestMain(m *testing.M) {
	controlplane.Main(m, func(c *controlplane.ControlPlane) error {
		api = c
		return nil
	})
}

// TestWrongOptions: each message says what to fix.
func TestWrongOptions(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		want string
	}{
		{"no key", nil, "--api-key-file and --api-secret-file are required"},
		{"no secret", []string{"--api-key-file=k"}, "--api-key-file and --api-secret-file are required"},
		{"a lookback of zero", []string{"--lookback=0s"}, "--lookback must be longer than --grace (10m0s)"},
		{"a lookback within the grace period", []string{"--lookback=5m"}, "--lookback must be longer than --grace"},
		{"a negative lookback", []string{"--lookback=-48h"}, "--lookback must be longer than --grace"},
		{"an interval as long as the lookback", []string{"--interval=48h"}, "--lookback must be longer than --interval and --grace together (48h10m0s)"},
		{"a negative grace period", []string{"--grace=-1s"}, "--grace must not be negative"},
		{"no interval", []string{"--interval=0s"}, "--interval must be at least 1s"},
		{"ids that are neither", []string{"--recording-ids=some"}, "must be auto or ignore"},
		{"a negative window", []string{"--reorder-window=-1s"}, "must not be negative"},
		{"no time to write", []string{"--write-timeout=1ms"}, "--write-timeout must be from 100ms to 1m"},
		{"an argument", []string{"now"}, `unexpected argument "now"`},
		{"a shard among none", []string{"--shard=eu-1"}, "--shard=eu-1 is not one of --shards=: set --shard to this cluster's name, and --shards to all names"},
		{"a shard among others", []string{"--shard=eu-1", "--shards=eu-2,us-1"}, "--shard=eu-1 is not one of --shards=eu-2,us-1: "},
		{"shards and none of them", []string{"--shards=eu-2,us-1"}, "--shard= is not one of --shards=eu-2,us-1: "},
		{"a shard that is none", []string{"--shards=eu-2,US"}, `invalid shard name "US"`},
		{"a bad namespace", []string{"--namespace=a/b"}, `"a/b" of --namespace is not a namespace`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			args := tc.args
			if !strings.HasPrefix(tc.want, "--api-key") {
				args = append([]string{"--api-key-file=k", "--api-secret-file=s", "--namespace=n"}, args...)
			}
			var stderr bytes.Buffer
			if code := run(t.Context(), args, &bytes.Buffer{}, &stderr); code != startup.Usage || !strings.Contains(stderr.String(), tc.want) {
				t.Errorf("exit code %d: %s; want %q", code, &stderr, tc.want)
			}
		})
	}
}

// world is an account and a namespace, and backfill between them.
type world struct {
	account   *provider.Account
	namespace string
	args      []string
	folder    string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{account: provider.NewAccount(), namespace: api.Namespace(t), folder: t.TempDir()}
	server := httptest.NewServer(w.account)
	t.Cleanup(server.Close)
	w.write(t, "key", w.account.Key)
	w.write(t, "secret", w.account.Secret+"\n")
	w.args = []string{
		"--kubeconfig=" + api.Kubeconfig, "--namespace=" + w.namespace, "--api-url=" + server.URL,
		"--api-key-file=" + filepath.Join(w.folder, "key"), "--api-secret-file=" + filepath.Join(w.folder, "secret"),
		"--health-probe-bind-address=0", "--metrics-bind-address=0", "--diagnostics-bind-address=0",
	}
	return w
}

func (w *world) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.folder, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (w *world) run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out, errors bytes.Buffer
	code = run(ctx, append(w.args, args...), &out, &errors)
	return code, out.String(), errors.String()
}

// add adds a session with a recording that ended an hour ago.
func (w *world) add(number int) provider.Recording {
	s := provider.Session{ID: provider.ID('5', number), RoomID: provider.Room(number), Start: time.Now().Add(-2 * time.Hour), End: time.Now().Add(-time.Hour)}
	r := provider.Recording{
		ID: provider.ID('a', number), SessionID: s.ID, RoomID: s.RoomID, FileID: provider.ID('f', number), Created: s.End.UTC().Truncate(time.Millisecond),
	}
	w.account.AddSession(s)
	w.account.AddRecording(r)
	return r
}

// TestOnce: a dry run writes nothing, a round writes each file once, and a
// second one nothing more.
func TestOnce(t *testing.T) {
	w := newWorld(t)
	r, encrypted := w.add(1), w.add(2)
	if err := w.account.Change(encrypted.ID, func(r *provider.Recording) { r.Encrypted, r.NoURL = true, true }); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := w.run(t, "--dry-run")
	if code != startup.OK || !strings.Contains(stdout, "would record\t"+r.RoomID+"\t"+r.SessionID+"\t"+r.FilePath()) || !strings.Contains(stdout, "would record: 2") {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	if got := w.recordings(t); len(got) != 0 {
		t.Fatalf("a dry run wrote %v", got)
	}
	versions := map[string]string{}
	for round := range 2 {
		if code, stdout, stderr := w.run(t, "--once"); code != startup.OK || !strings.Contains(stdout, []string{"recorded: 2", "present: 2"}[round]) {
			t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
		}
		for _, object := range w.recordings(t) {
			if before := versions[object.Name]; before != "" && before != object.ResourceVersion {
				t.Errorf("the second round wrote %s", object.Name)
			}
			versions[object.Name] = object.ResourceVersion
		}
	}
	if len(versions) != 2 {
		t.Errorf("objects %v", versions)
	}
	var object v1alpha1.MeetingRecording
	if err := api.Client.Get(t.Context(), client.ObjectKey{Namespace: w.namespace, Name: lifecycle.Name(r.RoomID, r.SessionID, 1)}, &object); err != nil {
		t.Fatal(err)
	}
	got := object.Status.Recording
	if got.State != v1alpha1.RecordingStopped || got.ProviderID != r.ID || got.File.Path != r.FilePath() || got.File.URL != r.FileURL() || got.File.Encryption != nil ||
		!got.EndTime.Time.Equal(r.Created) || got.Events[0].Source != v1alpha1.EventSourceBackfill {
		t.Errorf("status.recording %+v", got)
	}
	if err := api.Client.Get(t.Context(), client.ObjectKey{Namespace: w.namespace, Name: lifecycle.Name(encrypted.RoomID, encrypted.SessionID, 1)}, &object); err != nil {
		t.Fatal(err)
	}
	if file := object.Status.Recording.File; file.URL != "" || file.Encryption == nil || !strings.HasSuffix(file.Encryption.KeyURL, ".key") || !strings.HasSuffix(file.Encryption.MetadataURL, ".json") {
		t.Errorf("file %+v", file)
	}
}

// TestShards: the backfill of each shard records the sessions of its own, in whichever order it is given the names. Here all are one cluster.
func TestShards(t *testing.T) {
	w := newWorld(t)
	names := []string{"eu-1", "eu-2", "us-1"}
	for number := range 20 {
		w.add(number)
	}
	recorded := map[string]bool{}
	for i, name := range names {
		shuffled := append(append([]string{}, names[i:]...), names[:i]...)
		if code, stdout, stderr := w.run(t, "--once", "--shard="+name, "--shards="+strings.Join(shuffled, ",")); code != startup.OK {
			t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
		}
		for _, object := range w.recordings(t) {
			if of := shard.Of(names, object.Spec.SessionID); !recorded[object.Name] && of != name {
				t.Errorf("the backfill of %s records session %s of %s", name, object.Spec.SessionID, of)
			}
			recorded[object.Name] = true
		}
	}
	if len(recorded) != 20 {
		t.Errorf("%d of 20 sessions are recorded", len(recorded))
	}
}

func (w *world) recordings(t *testing.T) []v1alpha1.MeetingRecording {
	t.Helper()
	var list v1alpha1.MeetingRecordingList
	if err := api.Client.List(t.Context(), &list, client.InNamespace(w.namespace)); err != nil {
		t.Fatal(err)
	}
	return list.Items
}

// TestReadsWhatTheSidecarWrites: what backfill has seen of a recording says nothing of what the sidecar has written since.
func TestReadsWhatTheSidecarWrites(t *testing.T) {
	w := newWorld(t)
	r := w.add(1)
	change := func(age time.Duration) {
		t.Helper()
		if err := w.account.Change(r.ID, func(r *provider.Recording) { r.Updated = time.Now().Add(-age) }); err != nil {
			t.Fatal(err)
		}
	}
	store, err := recorder.NewRESTStore(api.Config, recorder.NewMetrics(prometheus.NewRegistry()))
	if err != nil {
		t.Fatal(err)
	}
	webhook := func(ev lifecycle.Event) {
		t.Helper()
		ev.Source, ev.ReceivedAt = v1alpha1.EventSourceWebhook, time.Now()
		sidecar := recorder.Writer{Store: store, Windows: lifecycle.Windows{Reorder: time.Minute, Redelivery: 10 * time.Second}}
		session := recorder.Session{Namespace: w.namespace, MeetingID: r.RoomID, SessionID: r.SessionID}
		if written := sidecar.Write(t.Context(), session, []lifecycle.Event{ev}); written[0].Err != nil {
			t.Fatal(written[0].Err)
		}
	}
	o, err := parseOptions(w.args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	b, err := newBackfill(o, api.Config, registry, nil, logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	round := func(want backfill.Outcome) {
		t.Helper()
		if summary, err := b.Round(t.Context()); err != nil || summary.Found[want] != 1 {
			t.Fatalf("found %v, want it %s: %v", summary.Found, want, err)
		}
	}
	webhook(lifecycle.Event{Type: v1alpha1.EventStarted})
	change(time.Minute)
	round(backfill.Waiting)
	webhook(lifecycle.Event{Type: v1alpha1.EventStopped, FilePath: r.WebhookPath(), FileURL: r.FileURL()})
	change(time.Hour)
	harness.Eventually(t, "the API server's watch cache has what the sidecar wrote", func(ctx context.Context) error {
		var cached v1alpha1.MeetingRecording
		err := api.Client.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: lifecycle.Name(r.RoomID, r.SessionID, 1)}, &cached,
			&client.GetOptions{Raw: &metav1.GetOptions{ResourceVersion: "0"}})
		if err == nil && cached.Status.Recording.File == nil {
			err = errors.New("no file yet")
		}
		return err
	})
	round(backfill.Present)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if family.GetName() == "meetingrecording_api_requests_total" && label.GetName() == "verb" && label.GetValue() != "get" && metric.GetCounter().GetValue() > 0 {
					t.Errorf("it asked the API server for %v", metric)
				}
			}
		}
	}
}

// TestErrors: what a user can do about it is in the last line.
func TestErrors(t *testing.T) {
	for _, tc := range []struct {
		name  string
		setUp func(t *testing.T, w *world)
		want  string
	}{
		{"a wrong secret", func(t *testing.T, w *world) { w.write(t, "secret", "another") }, "HTTP status 401 (\"Token is invalid or expired\"): check that the API key and its secret belong together"},
		{"a key without permission", func(_ *testing.T, w *world) { w.account.Forbidden.Store(true) }, "the API key has no permission to list sessions and recordings"},
		{"an empty file", func(t *testing.T, w *world) { w.write(t, "secret", " \n") }, "secret is empty"},
		{"a missing file", func(_ *testing.T, w *world) { w.args = append(w.args, "--api-key-file=/no/such") }, "read --api-key-file and --api-secret-file: "},
		{"an address that is none", func(_ *testing.T, w *world) { w.args = append(w.args, "--api-url=api.videosdk.live") }, "--api-url: API address must be an absolute http or https URL"},
		{"something else at the address", func(_ *testing.T, w *world) {
			w.account.Faults = &provider.Faults{Rate: 1, Kinds: []provider.Fault{provider.HTML}}
		}, "the response is not JSON but text/html: check the API address"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.add(1)
			tc.setUp(t, w)
			code, _, stderr := w.run(t, "--once")
			if code != startup.Failed || !strings.Contains(stderr, tc.want) {
				t.Errorf("exit code %d: %s; want %q", code, stderr, tc.want)
			}
			if strings.Contains(stderr, w.account.Secret) || strings.Contains(stderr, "eyJ") {
				t.Errorf("a secret is in %s", stderr)
			}
		})
	}
}

// TestServes: rounds go on until it is told to end.
func TestServes(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	var stderr bytes.Buffer
	go func() { done <- run(ctx, append(w.args, "--interval=1s"), &bytes.Buffer{}, &stderr) }()
	r := w.add(7)
	name := client.ObjectKey{Namespace: w.namespace, Name: lifecycle.Name(r.RoomID, r.SessionID, 1)}
	deadline, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for found := false; !found; {
		select {
		case <-tick.C:
			found = api.Client.Get(deadline, name, &v1alpha1.MeetingRecording{}) == nil
		case <-deadline.Done():
			t.Fatal("the recording was not found")
		}
	}
	cancel()
	if code := <-done; code != startup.OK {
		t.Errorf("exit code %d: %s", code, &stderr)
	}
}
