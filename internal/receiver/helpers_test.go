// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"errors"
	"time"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
)

const (
	testMeeting = "hstr-afz3-tt4f"
	testSession = "62d148951a1eb20029fc9b05"
	testName    = testMeeting + "-" + testSession
)

var session = recorder.Session{Namespace: "meetings", MeetingID: testMeeting, SessionID: testSession}

var epoch = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// errAway is a failure to reach the API server.
var errAway = errors.New("connection refused")

// Types of events.
const (
	starting = v1alpha1.EventStarting
	started  = v1alpha1.EventStarted
	stopping = v1alpha1.EventStopping
)
