// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
	"github.com/meetingops/meeting-recording-operator/internal/transcript"
)

const (
	stateFile   = "transcript.state.json"
	stateSchema = "recording.meetingops.dev/transcript-state/v1"
	// maxStateBytes is far more than a day of speech has.
	maxStateBytes = 64 << 20
)

// state is what an interrupted transcription has finished. It lies beside the outputs.
type state struct {
	Schema string `json:"schema"`
	// Key names the sound and the options, so that answers to other questions are not taken for these.
	Key   string            `json:"key"`
	Parts []transcript.Part `json:"parts"` // of the first chunks
}

// resume returns what an earlier run has finished. Credentials that may only write are enough, at the price that every run
// begins again.
func (t *transcription) resume(ctx context.Context) ([]transcript.Part, error) {
	text, err := t.Destination.Read(ctx, t.Prefix+stateFile, maxStateBytes)
	if err != nil || text == nil {
		return nil, err
	}
	var s state
	if json.Unmarshal(text, &s) != nil || s.Schema != stateSchema || s.Key != t.key || !t.fits(s.Parts) {
		t.Log.Info("Sound or options changed, starting over", "state", stateFile)
		return nil, nil //nolint:nilerr // what is not ours is left behind
	}
	return s.Parts, nil
}

// fits reports whether parts are those of the first chunks.
func (t *transcription) fits(parts []transcript.Part) bool {
	if len(parts) > len(t.chunks) {
		return false
	}
	for i, part := range parts {
		if part.Start != t.chunks[i].Start() {
			return false
		}
	}
	return true
}

// save stores what is finished.
func (t *transcription) save(ctx context.Context, parts []transcript.Part) error {
	text, err := json.Marshal(state{stateSchema, t.key, parts})
	if err != nil {
		return sysexits.New(sysexits.Software, err, "cannot write the state")
	}
	_, err = t.Destination.Put(ctx, t.Prefix+stateFile, "application/json", bytes.NewReader(text))
	return err
}

// forget removes the state. One that stays does no harm but to be taken up when the same is asked again.
func (t *transcription) forget(ctx context.Context) {
	if err := t.Destination.Delete(ctx, t.Prefix+stateFile); err != nil {
		t.Log.Warn("Cannot remove the state", "state", stateFile, "error", err.Error())
	}
}
