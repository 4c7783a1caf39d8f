// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package notify sends a receiver news of a processed recording, as a CloudEvents 1.0 event, signed as the Standard Webhooks
// specification says (https://www.standardwebhooks.com). Every error it returns is a sysexits.ExitError.
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

// DefaultType is the event's type when nothing else is said.
const DefaultType = "dev.meetingops.recording.processed"

// Data is what the event carries, in the words of the manager's own CloudEvents.
type Data struct {
	Recording events.Recording `json:"recording"`
	// State is how the recording ended, and File the recorded file at the provider. Its URL may be signed, and so a secret between us and the
	// receiver.
	State string       `json:"state,omitempty"`
	File  *events.File `json:"file,omitempty"`
	// Steps are the steps before this one that made something, by name.
	Steps map[string]Step `json:"steps"`
}

// Step is what a step made.
type Step struct {
	// State is how it ended: Succeeded, or Skipped where its condition was false.
	State   string           `json:"state,omitempty"`
	Outputs []outputs.Output `json:"outputs"`
}

// ParseSteps reads the outputs of earlier steps as the operator hands them over:
//
//	{"steps":{"archive":{"state":"Succeeded","outputs":[{"name":"archive","url":"s3://b/a.mp4",...}]}}}
//
// Empty text, and no "steps", are none. It returns an ExitError (DataErr) for what breaks that form.
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

// Event is an event that is ready to be sent, however often.
type Event struct {
	// ID is made of what the event says, so the same news has the same id, however many Jobs send it: receivers that keep
	// ids take it once.
	ID   string
	body []byte
}

// NewEvent returns the event in the JSON format of CloudEvents. It returns an ExitError (Usage) when the recording has no
// name, or eventType is none.
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
		return Event{}, sysexits.New(sysexits.Usage, err, "that is no event; is --event-type right?")
	}
	body, err := json.Marshal(event)
	if err != nil {
		return Event{}, sysexits.New(sysexits.Software, err, "cannot write the event")
	}
	return Event{ID: event.ID(), body: body}, nil
}
