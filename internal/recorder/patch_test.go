// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"encoding/json"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// TestUnknownMembersStay: what a newer version wrote is there after this one has written, at every depth.
func TestUnknownMembersStay(t *testing.T) {
	for name, tc := range map[string]struct{ raw, want string }{
		"a member":      {`{"state":"Started","events":[],"newer":{"a":12345678901234567890}}`, `{"state":"Stopped","file":{"path":"/a.mp4"},"events":[],"newer":{"a":12345678901234567890}}`},
		"of a file":     {`{"file":{"path":"/a.mp4","url":"x","newer":1},"events":[]}`, `{"state":"Stopped","file":{"path":"/a.mp4","newer":1},"events":[]}`},
		"a known one":   {`{"superseded":true,"providerID":"x","events":[]}`, `{"state":"Stopped","file":{"path":"/a.mp4"},"events":[]}`},
		"all the same":  {`{"state":"Stopped","file":{"path":"/a.mp4"},"events":[]}`, `{"state":"Stopped","file":{"path":"/a.mp4"},"events":[]}`},
		"explicit null": {`{"state":"Started","file":null,"events":[]}`, `{"state":"Stopped","file":{"path":"/a.mp4"},"events":[]}`},
	} {
		t.Run(name, func(t *testing.T) {
			checkPatch(t, tc.raw, v1alpha1.RecordingStatus{
				State: v1alpha1.RecordingStopped, File: &v1alpha1.RecordingFile{Path: "/a.mp4"}, Events: []v1alpha1.RecordingEvent{},
			}, tc.want)
		})
	}
	t.Run("of an event", func(t *testing.T) {
		raw := `{"events":[{"type":"Started","source":"Webhook","receiveTime":"2026-11-23T12:00:01.000000Z","deliveries":1,"lastReceiveTime":"2026-11-23T12:00:01.000000Z","newer":[1]}]}`
		var status v1alpha1.RecordingStatus
		if err := json.Unmarshal([]byte(raw), &status); err != nil {
			t.Fatal(err)
		}
		first := status.Events[0]
		first.Type = v1alpha1.EventStarting
		status.Events = append([]v1alpha1.RecordingEvent{first}, status.Events...)
		status.Events[1].Deliveries = 2
		checkPatch(t, raw, status, `{"events":[
			{"type":"Starting","source":"Webhook","receiveTime":"2026-11-23T12:00:01.000000Z","deliveries":1,"lastReceiveTime":"2026-11-23T12:00:01.000000Z"},
			{"type":"Started","source":"Webhook","receiveTime":"2026-11-23T12:00:01.000000Z","deliveries":2,"lastReceiveTime":"2026-11-23T12:00:01.000000Z","newer":[1]}]}`)
	})
}

// checkPatch applies the operations as the API server does.
func checkPatch(t *testing.T, raw string, status v1alpha1.RecordingStatus, want string) {
	t.Helper()
	read := &Object{RawRecording: json.RawMessage(raw)}
	if err := json.Unmarshal(read.RawRecording, &read.Recording); err != nil {
		t.Fatal(err)
	}
	operations, err := memberOperations(read, status)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(append([]operation{{Op: "test", Path: recordingPath, Value: read.RawRecording}}, operations...))
	if err != nil {
		t.Fatal(err)
	}
	patch, err := jsonpatch.DecodePatch(encoded)
	if err != nil {
		t.Fatal(err)
	}
	got, err := patch.Apply([]byte(`{"status":{"recording":` + raw + `}}`))
	if err != nil {
		t.Fatalf("%v: %s", err, encoded)
	}
	var gotValue, wantValue any
	if err := json.Unmarshal(got, &gotValue); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`{"status":{"recording":`+want+`}}`), &wantValue); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantValue, gotValue); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, encoded)
	}
}
