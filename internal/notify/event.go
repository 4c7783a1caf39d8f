// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package notify sends a CloudEvents 1.0 event about a processed recording, signed according to Standard Webhooks
// (https://www.standardwebhooks.com). Every error it returns is a sysexits.ExitError.
package notify

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/internal/event/cloudevent"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// DefaultType is the default type of the event.
const DefaultType = "dev.meetingops.recording.processed"

// Data is the event's data, with the same fields as the manager's CloudEvents.
type Data struct {
	Recording events.Recording `json:"recording"`
	// State is how the recording ended, and File the recorded file at the provider. Its URL may be signed, and so a secret between us and the
	// receiver.
	State string       `json:"state,omitempty"`
	File  *events.File `json:"file,omitempty"`
	// Steps are the steps before this one that made something, by name.
	Steps map[string]Step `json:"steps"`
}

// Step has the outputs of a step.
type Step struct {
	// State is how it ended: Succeeded, or Skipped if its condition was false.
	State   string           `json:"state,omitempty"`
	Outputs []outputs.Output `json:"outputs"`
}

// ParseSteps reads the outputs of earlier steps in the operator's format:
//
//	{"steps":{"archive":{"state":"Succeeded","outputs":[{"name":"archive","url":"s3://b/a.mp4",...}]}}}
//
// Empty text, or no "steps", means none. It returns an ExitError (DataErr) for other text.
func ParseSteps(text []byte) (map[string]Step, error) {
	steps := map[string]Step{}
	if len(bytes.TrimSpace(text)) == 0 {
		return steps, nil
	}
	var doc struct {
		Steps map[string]Step `json:"steps"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, sysexits.New(sysexits.DataErr, err, `the outputs of earlier steps are not {"steps":{"NAME":{"outputs":[...]}}}`)
	}
	for name, step := range doc.Steps {
		if err := (outputs.Message{Outputs: step.Outputs}).Validate(); err != nil {
			return nil, sysexits.New(sysexits.DataErr, err, "the outputs of the earlier step %q are malformed", name)
		}
		if step.Outputs == nil {
			step.Outputs = []outputs.Output{}
		}
		steps[name] = step
	}
	return steps, nil
}

// Event is an event that is ready to be sent.
type Event struct {
	// ID is a digest of the event's content, so it is the same if several Jobs send it: receivers that store ids accept it once.
	ID   string
	body []byte
}

// NewEvent returns the event in the JSON format of CloudEvents. It returns an ExitError (Usage) if the recording has no name, or eventType is
// not valid.
func NewEvent(eventType string, data Data, at time.Time) (Event, error) {
	if data.Recording.Name == "" {
		return Event{}, sysexits.New(sysexits.Usage, nil, "no recording: set RECORDING_NAME")
	}
	text, err := json.Marshal(data)
	if err != nil {
		return Event{}, sysexits.New(sysexits.Software, err, "cannot write the event")
	}
	sum := sha256.New()
	for _, part := range [][]byte{[]byte(eventType), {0}, []byte(cloudevent.Source(data.Recording)), {0}, text} {
		sum.Write(part)
	}
	event, err := cloudevent.Encode("msg_"+hex.EncodeToString(sum.Sum(nil))[:32], eventType, data.Recording, at, data)
	if err != nil {
		return Event{}, sysexits.New(sysexits.Usage, err, "invalid event; check --event-type")
	}
	body, err := json.Marshal(event)
	if err != nil {
		return Event{}, sysexits.New(sysexits.Software, err, "cannot write the event")
	}
	return Event{ID: event.ID(), body: body}, nil
}
