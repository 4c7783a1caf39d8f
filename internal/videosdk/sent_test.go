// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const (
	recordingID = "65a0f1c2d3e4f5a6b7c8d9e0"
	fileID      = "62d148951a1eb20029fc9b05"
)

// sentField is a field of data as it may be sent, and what it makes of the event.
type sentField struct {
	json string
	want func(*Event)
}

func same(*Event) {}

func sentIDs() []sentField {
	return []sentField{
		{``, same},
		{`"id":"` + recordingID + `"`, func(e *Event) { e.ID = recordingID }},
		{`"ID":"` + recordingID + `"`, func(e *Event) { e.ID = recordingID }},
		{`"id":null`, same},
		{`"id":""`, same},
		{`"id":" "`, same},
		{`"id":42`, same},
		{`"id":{"$oid":"x"}`, same},
		{`"id":"a","id":"b"`, same},
		{`"id":"a\u0000b"`, same},
		{`"id":"` + strings.Repeat("x", MaxRecordingIDBytes+1) + `"`, same},
		{`"id":"` + session + `"`, same},
		{`"id":"` + meeting + `"`, same},
	}
}

// sentFiles has every combination of the file's fields.
func sentFiles() []sentField {
	var all []sentField
	for _, filePath := range []string{``, `"filePath":null`, `"filePath":""`, `"filePath":"` + path + `"`} {
		for _, fileURL := range []string{``, `"fileUrl":null`, `"fileUrl":""`, `"fileUrl":"` + address + `"`} {
			for _, id := range []string{``, `"fileId":null`, `"fileId":"` + fileID + `"`, `"fileId":7`} {
				all = append(all, sentField{join(filePath, fileURL, id), func(e *Event) {
					if strings.Contains(fileURL, address) {
						e.FilePath, e.FileURL = path, address
					}
					if strings.Contains(filePath, path) {
						e.FilePath = path
					}
					if e.FilePath == "" && strings.Contains(id, fileID) {
						e.FilePath = fileID
					}
				}})
			}
		}
	}
	return all
}

func sentEncryptions() []sentField {
	key, metadata := "https://h.example/key?sig=1", "https://h.example/meta"
	return []sentField{
		{``, same},
		{`"encryption":null`, same},
		{`"encryption":{}`, same},
		{`"encryption":false`, same},
		{`"encryption":{"keyUrl":null,"metaUrl":""}`, same},
		{fmt.Sprintf(`"encryption":{"keyUrl":%q,"metaUrl":%q}`, key, metadata), func(e *Event) { e.Encryption = Encryption{true, key, metadata} }},
		{fmt.Sprintf(`"encryption":{"keyUrl":%q}`, key), func(e *Event) { e.Encryption = Encryption{true, key, ""} }},
		{fmt.Sprintf(`"encryption":{"metaUrl":%q,"more":[1]}`, metadata), func(e *Event) { e.Encryption = Encryption{true, "", metadata} }},
		{`"encryption":{"keyUrl":"https://user:pass@h/","metaUrl":7}`, func(e *Event) { e.Encryption = Encryption{Encrypted: true} }},
	}
}

func join(members ...string) string {
	var sent []string
	for _, member := range members {
		if member != "" {
			sent = append(sent, member)
		}
	}
	return strings.Join(sent, ",")
}

// TestParseReadsEveryCombination sends every type with every combination of the
// fields that a webhook may carry, spelled either way.
func TestParseReadsEveryCombination(t *testing.T) {
	for _, eventType := range append(RecordingEventTypes(), SessionEnded) {
		for _, typeField := range []string{"webhookType", "type"} {
			for _, id := range sentIDs() {
				for _, file := range sentFiles() {
					for _, encryption := range sentEncryptions() {
						body := fmt.Sprintf(`{%q:%q,"data":{%s}}`, typeField, eventType,
							join(fmt.Sprintf(`"meetingId":%q,"sessionId":%q`, meeting, session), id.json, file.json, encryption.json))
						want := Event{Type: eventType, MeetingID: meeting, SessionID: session}
						if eventType != SessionEnded {
							id.want(&want)
						}
						if eventType == RecordingStopped {
							file.want(&want)
							encryption.want(&want)
						}
						got, err := Parse([]byte(body))
						if err != nil || got != want {
							t.Fatalf("%s:\n%v\n%s", body, err, cmp.Diff(want, got))
						}
						if !got.Recognised() {
							t.Fatalf("%s is not recognised", eventType)
						}
					}
				}
			}
		}
	}
}

// TestUndocumentedFieldsRefuseNothing sends any JSON at all under the names
// that the provider does not document.
func TestUndocumentedFieldsRefuseNothing(t *testing.T) {
	anything := rapid.SampledFrom([]string{
		`null`, `true`, `0`, `-1e9`, `""`, `"x"`, `"\u0000"`, `[]`, `[{}]`, `{}`, `{"keyUrl":{}}`, `{"keyUrl":"x","keyUrl":"y"}`,
		`{"metaUrl":["https://h/"]}`, `"` + strings.Repeat("ü", MaxFileURLBytes) + `"`,
	})
	rapid.Check(t, func(t *rapid.T) {
		members := fmt.Sprintf(`"meetingId":%q,"sessionId":%q,"filePath":%q`, meeting, session, path)
		for range rapid.IntRange(0, 5).Draw(t, "fields") {
			name := rapid.SampledFrom([]string{"id", "encryption", "reason", "end", "start", "ID", "Encryption"}).Draw(t, "name")
			members += fmt.Sprintf(`,%q:%s`, name, anything.Draw(t, "value"))
		}
		for _, eventType := range append(RecordingEventTypes(), SessionEnded) {
			got, err := Parse([]byte(fmt.Sprintf(`{"webhookType":%q,"data":{%s}}`, eventType, members)))
			if err != nil || got.MeetingID != meeting || (eventType == RecordingStopped && got.FilePath != path) {
				t.Fatalf("%s with %s: %+v, %v", eventType, members, got, err)
			}
		}
	})
}
