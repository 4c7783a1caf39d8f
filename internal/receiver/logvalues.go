// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"encoding/json"
	"strings"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// subject returns what the log says a webhook is about: the recording's namespace and name, or where that is not known yet, the
// session; nothing where not even that is.
func (a *answer) subject() []any {
	if namespace, name, ok := strings.Cut(a.recording, "/"); ok {
		return []any{"namespace", namespace, "name", name}
	}
	if a.about != nil {
		return a.about.values()
	}
	if a.namespace != "" {
		return []any{"namespace", a.namespace}
	}
	return nil
}

// values returns what the log says of an event that is of no recording yet: the name that the session's first one has or will have,
// with which those of the others begin. So whoever looks for a recording's name finds the lines of its session.
func (s Session) values() []any {
	values := []any{"session", lifecycle.Name(s.MeetingID, s.SessionID, 1)}
	if s.Namespace != "" {
		values = append(values, "namespace", s.Namespace)
	}
	return values
}

// valuesOf is the same for a session as the spool names it.
func valuesOf(spoolKey string) []any {
	var parts []string
	if err := json.Unmarshal([]byte(spoolKey), &parts); err != nil {
		return []any{"session", spoolKey}
	}
	switch len(parts) {
	case 2:
		return Session{MeetingID: parts[0], SessionID: parts[1]}.values()
	case 3:
		return Session{Namespace: parts[0], MeetingID: parts[1], SessionID: parts[2]}.values()
	}
	return []any{"session", spoolKey}
}
