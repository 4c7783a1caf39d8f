// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package follow_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/follow"
	"github.com/meetingops/meeting-recording-operator/test/harness/memoryapi"
)

// A list of many recordings comes in pages, or it would take as much memory as all of them.
func TestListIsPaged(t *testing.T) {
	const recordings = 1234
	server := memoryapi.New(time.Now, "meetings")
	for i := range recordings {
		put(server, fmt.Sprintf("recording-%04d", i))
	}
	transport := &memoryapi.Transport{Server: server}
	config := transport.Config()
	requests, version := 0, uint64(0)
	config.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		requests++
		query := r.URL.Query()
		if query.Get("limit") != "500" || query.Get("fieldSelector") != follow.InFlight {
			t.Errorf("request for %s", r.URL)
		}
		if isExact := query.Get("resourceVersionMatch") == "Exact"; isExact != (version != 0 && query.Get("continue") == "") {
			t.Errorf("request for %s at version %d", r.URL, version)
		}
		return transport.RoundTrip(r)
	})
	reader := newReader(t, config)
	for _, version = range []uint64{0, server.Version()} {
		requests = 0
		found := map[string]int{}
		reached, err := follow.Source{Client: reader, Namespace: "meetings"}.List(t.Context(), follow.InFlight, version,
			func(recording *v1alpha1.MeetingRecording) { found[recording.Name]++ })
		if err != nil || reached != server.Version() || len(found) != recordings || requests != 3 {
			t.Errorf("%d recordings at version %d by %d requests: %v", len(found), reached, requests, err)
		}
		for name, times := range found {
			if times != 1 {
				t.Errorf("%s is listed %d times", name, times)
			}
		}
	}
}

func newReader(t *testing.T, config *rest.Config) client.WithWatch {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(v1alpha1.GroupVersion.WithKind("MeetingRecording"), meta.RESTScopeNamespace)
	reader, err := client.NewWithWatch(config, client.Options{Scheme: scheme, Mapper: mapper})
	if err != nil {
		t.Fatal(err)
	}
	return reader
}

func put(server *memoryapi.Server, name string) {
	server.Put("meetingrecordings", memoryapi.Object{
		"metadata": memoryapi.Object{"namespace": "meetings", "name": name},
		"spec":     memoryapi.Object{"meetingID": "meeting", "sessionID": name, "segment": int64(1)},
	})
}

// What is written after etcd was restored from a backup is not missed, although its version is one that was already followed past.
func TestRunAfterRestore(t *testing.T) {
	for name, written := range map[string]int{"behind what was followed": 1, "past what was followed": 9} {
		t.Run(name, func(t *testing.T) { runAfterRestore(t, written) })
	}
}

// runAfterRestore writes so much after the restore, before anybody can connect.
func runAfterRestore(t *testing.T, written int) {
	synctest.Test(t, func(t *testing.T) {
		server := memoryapi.New(time.Now, "meetings")
		pass := func() { time.Sleep(time.Minute) } //nolint:forbidigo // the bubble's clock
		put(server, "before")
		pass()
		backup := time.Now()
		var isDown atomic.Bool
		transport := &memoryapi.Transport{Server: server, Fault: func(memoryapi.Call) (fault memoryapi.Fault) {
			if isDown.Load() {
				fault.Refused = fmt.Errorf("dial tcp: %w", syscall.ECONNREFUSED)
			}
			return fault
		}}
		source := follow.Source{Client: newReader(t, transport.Config()), Namespace: "meetings"}
		var mu sync.Mutex
		observed := map[string]bool{}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			source.Run(ctx, "", func(recording *v1alpha1.MeetingRecording) {
				mu.Lock()
				defer mu.Unlock()
				observed[recording.Name] = true
			}, nil)
		})
		pass()
		for i := range 3 {
			put(server, fmt.Sprintf("lost-%d", i))
		}
		pass()
		isDown.Store(true)
		server.Restore(backup)
		pass()
		for i := range written {
			put(server, fmt.Sprintf("after-%d", i))
		}
		isDown.Store(false)
		pass()
		cancel()
		running.Wait()
		for _, name := range []string{"before", "lost-2", "after-0"} {
			if !observed[name] {
				t.Errorf("%s is not observed", name)
			}
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
