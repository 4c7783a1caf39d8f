// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package follow_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
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
		server.Put("meetingrecordings", memoryapi.Object{
			"metadata": memoryapi.Object{"namespace": "meetings", "name": fmt.Sprintf("recording-%04d", i)},
			"spec":     memoryapi.Object{"meetingID": "meeting", "sessionID": fmt.Sprint(i), "segment": int64(1)},
		})
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

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
