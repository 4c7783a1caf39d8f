// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

func TestReadsEntries(t *testing.T) {
	at := time.Date(2026, 11, 29, 12, 0, 0, 123e6, time.UTC)
	const ids = `"id":"r1","roomId":"room","sessionId":"s1",`
	whole := Recording{ID: "r1", RoomID: "room", SessionID: "s1"}
	with := func(change func(*Recording)) Recording {
		r := whole
		change(&r)
		return r
	}
	for _, tc := range []struct {
		name, json string
		want       Recording
	}{
		{"nothing but ids", `{` + ids + `"file":null}`, whole},
		{"a file", `{` + ids + `"file":{"filePath":"uploads/videos/a.mp4","fileUrl":"https://h/a.mp4"}}`, with(func(r *Recording) { r.FilePath, r.FileURL = "uploads/videos/a.mp4", "https://h/a.mp4" })},
		{"no path, but an address", `{` + ids + `"file":{"fileUrl":"https://h/v/a.mp4?x"}}`, with(func(r *Recording) { r.FilePath, r.FileURL = "/v/a.mp4", "https://h/v/a.mp4?x" })},
		{"an id of the file only", `{` + ids + `"fileId":"61dff29d9e5b1a4e4a34d17e"}`, whole},
		{"a file without a path", `{` + ids + `"file":{"size":7,"type":"video"}}`, with(func(r *Recording) { r.Problem = "file.filePath and file.fileUrl are missing" })},
		{"a path that is a number", `{` + ids + `"file":{"filePath":7,"size":7}}`, with(func(r *Recording) { r.Problem = "file.filePath is not a text" })},
		{"an address that is an object", `{` + ids + `"file":{"filePath":"a.mp4","fileUrl":{}}}`, with(func(r *Recording) { r.FilePath, r.Problem = "a.mp4", "file.fileUrl is not a text" })},
		{"a file of no shape", `{` + ids + `"file":[1]}`, with(func(r *Recording) { r.Problem = "file is not an object" })},
		{"a file of nothing", `{` + ids + `"file":{"filePath":null,"fileUrl":null,"size":null}}`, whole},
		{"an id that is the session's", `{"id":"s1","roomId":"room","sessionId":"s1"}`, with(func(r *Recording) { r.ID = "" })},
		{"an id that is the room's", `{"id":"room","roomId":"room","sessionId":"s1"}`, with(func(r *Recording) { r.ID = "" })},
		{"an id too long to store", `{"id":"` + strings.Repeat("x", videosdk.MaxRecordingIDBytes+1) + `","roomId":"room","sessionId":"s1"}`, with(func(r *Recording) { r.ID = "" })},
		{"a field twice", `{"id":"r0",` + ids + `"file":null}`, whole},
		{"text with escapes", `{` + ids + `"file":{"filePath":"a\u00e9\"b.mp4"}}`, with(func(r *Recording) { r.FilePath = "aé\"b.mp4" })},
		{"text that is not UTF-8", `{` + ids + `"file":{"filePath":"a` + "\xff" + `.mp4"}}`, with(func(r *Recording) { r.Problem = "file.filePath is not a text" })},
		{"the end", `{` + ids + `"end":"2026-11-29T12:00:00.123Z","updatedAt":"2026-11-29T13:00:00Z"}`, with(func(r *Recording) { r.Time = at })},
		{"the last update", `{` + ids + `"end":null,"updatedAt":"2026-11-29T14:00:00.123+02:00","createdAt":"2026-11-29T11:00:00Z"}`, with(func(r *Recording) { r.Time = at })},
		{"the creation, in milliseconds", `{` + ids + `"updatedAt":"soon","createdAt":1795953600123}`, with(func(r *Recording) { r.Time = at })},
		{"a time without a zone", `{` + ids + `"end":"2026-11-29T12:00:00.123"}`, with(func(r *Recording) { r.Time = at })},
		{"a time with a space", `{` + ids + `"end":"2026-11-29 12:00:00.123"}`, with(func(r *Recording) { r.Time = at })},
		{"a time in seconds", `{` + ids + `"end":1795953600.123}`, with(func(r *Recording) { r.Time = at })},
		{"a time in milliseconds, as text", `{` + ids + `"end":"1795953600123"}`, with(func(r *Recording) { r.Time = at })},
		{"times that are none", `{` + ids + `"end":-5,"updatedAt":1e300,"createdAt":{"at":1}}`, whole},
		{"the beginning of time", `{` + ids + `"end":"1970-01-01T00:00:00Z","updatedAt":0,"createdAt":""}`, whole},
		{"encrypted", `{` + ids + `"encryption":{"keyUrl":"https://h/k"}}`, with(func(r *Recording) { r.Encryption = videosdk.Encryption{Encrypted: true, KeyURL: "https://h/k"} })},
		{"encrypted, said of the file", `{` + ids + `"file":{"encryption":{"metaUrl":"https://h/m"}}}`, with(func(r *Recording) { r.Encryption = videosdk.Encryption{Encrypted: true, MetadataURL: "https://h/m"} })},
		{"the ledger", `{` + ids + `"webhook":{"totalCount":3,"successCount":1,"data":[{"type":"recording-started","success":false},{"type":"recording-stopped","success":true}]}}`, with(func(r *Recording) { r.Deliveries = Deliveries{3, 1, []videosdk.EventType{"recording-started"}} })},
		{"a ledger of no shape", `{` + ids + `"webhook":"none"}`, whole},
		{"no session", `{"id":"r1","roomId":"room"}`, Recording{ID: "r1", RoomID: "room", Problem: "sessionId is missing"}},
		{"a session that is a number", `{"id":"r1","roomId":"room","sessionId":7}`, Recording{ID: "r1", RoomID: "room", Problem: "sessionId is not a text"}},
		{"a room with a control character", `{"id":"r1","roomId":"a\u0000b","sessionId":"s1"}`, Recording{ID: "r1", SessionID: "s1", Problem: "roomId is not a text"}},
		{"a blank room", `{"id":"r1","roomId":" ","sessionId":"s1"}`, Recording{ID: "r1", RoomID: " ", SessionID: "s1", Problem: "roomId is missing"}},
		{"no id", `{"roomId":"room","sessionId":"s1"}`, Recording{RoomID: "room", SessionID: "s1"}},
		{"an address that is none", `{` + ids + `"file":{"filePath":"a.mp4","fileUrl":"ftp://h/a"}}`, with(func(r *Recording) {
			r.FilePath, r.FileURL, r.Problem = "a.mp4", "ftp://h/a", "fileUrl must be an absolute http or https URL"
		})},
		{"no object", `"r1"`, Recording{Problem: "roomId is missing"}},
		{"null", `null`, Recording{Problem: "roomId is missing"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body := `{"data":[` + tc.json + `,{` + ids + `"file":null}],"pageInfo":{"lastPage":1}}`
			page, err := decodePage(strings.NewReader(body), "", 1, (*decoder).recording)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]Recording{tc.want, whole}, page.entries); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzDecodePage checks that no page makes decoding panic, and that what is
// read can be stored.
func FuzzDecodePage(f *testing.F) {
	for _, body := range []string{
		``, `{}`, `[]`, `{"pageInfo":{"lastPage":1},"data":[{"id":"r","roomId":"a","sessionId":"s","file":{"filePath":"/a"}}]}`,
		`{"pageInfo":{"lastPage":1e99},"data":[null,1,"x",[],{}]}`, `{"pageInfo":{"lastPage":-1,"currentPage":1},"data":null}`,
		`{"pageInfo":{"lastPage":1},"data":[{"roomId":"\ud800","sessionId":"s","createdAt":-1,"webhook":{"totalCount":-5}}]}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if page, err := decodePage(bytes.NewReader(body), "", 1, (*decoder).session); err == nil && page.entries == nil {
			t.Fatal("neither entries nor an error")
		}
		page, err := decodePage(bytes.NewReader(body), "", 1, (*decoder).recording)
		if err != nil {
			return
		}
		for _, r := range page.entries {
			if r.Problem == "" && (r.RoomID == "" || r.SessionID == "" || len(r.FilePath) > videosdk.MaxFilePathBytes || len(r.FileURL) > videosdk.MaxFileURLBytes || len(r.ID) > videosdk.MaxRecordingIDBytes) {
				t.Fatalf("%+v", r)
			}
			if r.Deliveries.Total < 0 || r.Deliveries.Succeeded < 0 {
				t.Fatalf("%+v", r)
			}
		}
	})
}
