// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// recordingPath is the subtree of a MeetingRecording that the recorder writes.
const recordingPath = "/status/recording"

// operation is one of a JSON Patch.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// memberOperations returns the operations that change the status.recording of read to status. Members that a newer version of the sidecar
// wrote stay.
func memberOperations(read *Object, status v1alpha1.RecordingStatus) ([]operation, error) {
	var versions [3]map[string]any
	for i, value := range []any{read.RawRecording, read.Recording, status} {
		encoded, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		decoder := json.NewDecoder(bytes.NewReader(encoded))
		decoder.UseNumber() // a number of a newer version stays as it is
		if err := decoder.Decode(&versions[i]); err != nil {
			return nil, err
		}
	}
	raw, merged := versions[0], mergeMembers(versions[0], versions[1], versions[2])
	var operations []operation
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		if _, stays := merged[name]; !stays {
			operations = append(operations, operation{Op: "remove", Path: recordingPath + "/" + name})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(merged)) {
		if before, is := raw[name]; !is || !reflect.DeepEqual(before, merged[name]) {
			operations = append(operations, operation{Op: "add", Path: recordingPath + "/" + name, Value: merged[name]})
		}
	}
	return operations, nil
}

// mergeMembers returns raw with the members of before, which this version decoded, replaced by those of after.
func mergeMembers(raw, before, after map[string]any) map[string]any {
	merged := maps.Clone(raw)
	for name := range before {
		if _, stays := after[name]; !stays {
			delete(merged, name)
		}
	}
	for name, value := range after {
		merged[name] = mergeValue(raw[name], before[name], value)
	}
	return merged
}

func mergeValue(raw, before, after any) any {
	switch after := after.(type) {
	case map[string]any:
		raw, isObject := raw.(map[string]any)
		before, wasObject := before.(map[string]any)
		if isObject && wasObject {
			return mergeMembers(raw, before, after)
		}
	case []any:
		merged := make([]any, len(after))
		for i, entry := range after {
			merged[i] = mergeValue(entryOf(raw, entry), entryOf(before, entry), entry)
		}
		return merged
	}
	return after
}

// entryOf returns the entry of a list that has the same type of event as another entry.
func entryOf(list, entry any) any {
	entries, _ := list.([]any)
	want, _ := entry.(map[string]any)
	for _, candidate := range entries {
		if object, isObject := candidate.(map[string]any); isObject && want["type"] == object["type"] {
			return candidate
		}
	}
	return nil
}
