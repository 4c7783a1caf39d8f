// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/bench/script"
)

const metrics = `# TYPE apiserver_request_total counter
apiserver_request_total{code="200",component="apiserver",group="recording.meetingops.dev",resource="meetingrecordings",scope="resource",subresource="status",verb="PATCH",version="v1alpha1"} 7
apiserver_request_total{code="422",component="apiserver",group="recording.meetingops.dev",resource="meetingrecordings",scope="resource",subresource="status",verb="PATCH",version="v1alpha1"} 2
apiserver_request_total{code="201",component="apiserver",group="batch",resource="jobs",scope="resource",subresource="",verb="POST",version="v1"} 3
# TYPE etcd_requests_total counter
etcd_requests_total{group="batch",operation="create",resource="jobs"} 3
`

func TestCounts(t *testing.T) {
	got, err := parseCounts(strings.NewReader(metrics))
	if err != nil {
		t.Fatal(err)
	}
	want := Counts{API: Requests{"PATCH meetingrecordings/status": 9, "POST jobs": 3}, Etcd: Requests{"create jobs": 3}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	got.UncachedGets = 5
	before := Counts{API: Requests{"PATCH meetingrecordings/status": 4, "POST jobs": 3}, Etcd: Requests{}, UncachedGets: 2}
	since := Counts{API: Requests{"PATCH meetingrecordings/status": 5}, Etcd: Requests{"create jobs": 3}, UncachedGets: 3}
	if diff := cmp.Diff(since, got.Since(before)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestCountsOfAnotherVersion(t *testing.T) {
	for text, problem := range map[string]string{
		"# TYPE apiserver_request_total counter\napiserver_request_total 1\n": "no etcd_requests_total",
		"{": "parse",
	} {
		if _, err := parseCounts(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%q: %v, want %q", text, err, problem)
		}
	}
}

// TestUncachedGets: a get is answered from the watch cache if it names a version, whichever.
func TestUncachedGets(t *testing.T) {
	const path = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","verb":"get","requestURI":"/apis/recording.meetingops.dev/v1alpha1/namespaces/n/meetingrecordings/r`
	for log, want := range map[string]float64{
		"": 0,
		path + `?resourceVersion=0"}` + "\n" + path + `?resourceVersion=4711"}` + "\n":   0,
		path + `"}` + "\n" + path + `?resourceVersion=0"}` + "\n" + path + `?pretty=1"}`: 2,
	} {
		if got, err := countUncached(strings.NewReader(log)); err != nil || got != want {
			t.Errorf("%s: %g, %v, want %g", log, got, err, want)
		}
	}
	for _, log := range []string{"no JSON", `{"requestURI":"://"}`} {
		if _, err := countUncached(strings.NewReader(log)); err == nil || !strings.Contains(err.Error(), "audit log") {
			t.Errorf("%s: %v", log, err)
		}
	}
}

func TestRules(t *testing.T) {
	for _, file := range []string{"sidecar_role.yaml", "manager_role.yaml"} {
		if _, err := readRules(filepath.Join("..", "..", "..", "config", "rbac", file)); err != nil {
			t.Error(err)
		}
	}
	empty := filepath.Join(t.TempDir(), "empty.yaml")
	if err := os.WriteFile(empty, []byte("kind: Role\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readRules(empty); err == nil || !strings.Contains(err.Error(), "make manifests") {
		t.Errorf("%v", err)
	}
}

// TestCopyOf: the copy of an object is that of another recording, and nothing else differs.
func TestCopyOf(t *testing.T) {
	from, to := script.Script{Tag: "00000001"}.Recording(1), script.Script{Tag: "00000002", PerSession: 3}.Recording(70000)
	object := func(r script.Recording, uid string) *v1alpha1.MeetingRecording {
		recording := &v1alpha1.MeetingRecording{}
		recording.Name, recording.UID = r.Name, types.UID(uid)
		recording.Spec = v1alpha1.MeetingRecordingSpec{MeetingID: r.MeetingID, SessionID: r.SessionID, Segment: r.Segment}
		recording.Status.Recording.File = &v1alpha1.RecordingFile{Path: r.FilePath, URL: r.FileURL}
		return recording
	}
	stored, err := json.Marshal(object(from, "6f8b1a52-0d1c-4c62-8d53-9d7b6c5c7b11"))
	if err != nil {
		t.Fatal(err)
	}
	copied, err := copyOf(stored, from.Name, to)
	if err != nil {
		t.Fatal(err)
	}
	var got v1alpha1.MeetingRecording
	if err := json.Unmarshal(copied, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(object(to, string(got.UID)), &got); diff != "" || len(got.UID) != 36 {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, err := copyOf([]byte{1, 2}, from.Name, to); err == nil {
		t.Error("what is no object is copied")
	}
}
