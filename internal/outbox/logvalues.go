// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"encoding/json"

	"github.com/meetingops/meeting-recording-operator/internal/recorder"
)

// valuesOf is the same for a session as the spool names it.
func valuesOf(spoolKey string) []any {
	var parts []string
	if err := json.Unmarshal([]byte(spoolKey), &parts); err != nil {
		return []any{"session", spoolKey}
	}
	switch len(parts) {
	case 2:
		return recorder.Session{MeetingID: parts[0], SessionID: parts[1]}.LogValues()
	case 3:
		return recorder.Session{Namespace: parts[0], MeetingID: parts[1], SessionID: parts[2]}.LogValues()
	}
	return []any{"session", spoolKey}
}
