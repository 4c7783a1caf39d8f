// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseClientEvent(t *testing.T) {
	for status, want := range map[string]EventType{
		"RECORDING_STARTING": RecordingStarting, "RECORDING_STARTED": RecordingStarted,
		"RECORDING_STOPPING": RecordingStopping, "RECORDING_STOPPED": RecordingStopped,
	} {
		got, err := ParseClientEvent(fmt.Appendf(nil, `{"status":%q,"meetingId":"Room A","sessionId":"s","filePath":"/lies.mp4","more":[1]}`, status))
		if diff := cmp.Diff(Event{Type: want, MeetingID: "Room A", SessionID: "s"}, got); diff != "" || err != nil {
			t.Errorf("%s: error %v (-want +got):\n%s", status, err, diff)
		}
	}
	for body, want := range map[string]string{
		``:                                  "body is empty",
		`[]`:                                "body must be an object, not an array",
		`{"meetingId":"m","sessionId":"s"}`: "status must be one of RECORDING_STARTING, RECORDING_STARTED, RECORDING_STOPPING, RECORDING_STOPPED",
		`{"meetingId":"m","sessionId":"s","status":"recording_started"}`:                                "status must be one of",
		`{"meetingId":"m","sessionId":"s","status":{}}`:                                                 "status must be a string, not an object",
		`{"meetingId":" ","sessionId":"s","status":"RECORDING_STARTED"}`:                                "meetingId is blank",
		`{"meetingId":"m","sessionId":7,"status":"RECORDING_STARTED"}`:                                  "sessionId must be a string, not a number",
		`{"meetingId":"m","meetingId":"n","sessionId":"s","status":"RECORDING_STARTED"}`:                "meetingId is given more than once",
		`{"meetingId":"m","sessionId":"` + strings.Repeat("x", 513) + `","status":"RECORDING_STARTED"}`: "sessionId is longer than 512 characters",
		`{"meetingId":"m\u0000","sessionId":"s","status":"RECORDING_STARTED"}`:                          "meetingId has a control character",
	} {
		_, err := ParseClientEvent([]byte(body))
		var field *FieldError
		if !errors.As(err, &field) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", body, err, want)
		}
	}
}
