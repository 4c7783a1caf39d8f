// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/outputs"
)

func writeText(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

var archivedAt = time.Date(2026, 6, 1, 10, 0, 0, 0, time.UTC)

func TestMetadata(t *testing.T) {
	b := newBench(t, serveLarge)
	b.Program, b.Now = "postprocess/v1", func() time.Time { return archivedAt }
	recording := Recording{Name: "m-s", Namespace: "prod", MeetingID: "m", SessionID: "s", Segment: "1", State: "Stopped", FileName: "a.mp4"}
	made, err := b.Archive(t.Context(), Request{SourceURL: b.url, Object: "a.mp4", MetadataObject: "a.mp4.json", Recording: recording})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(b.folder, "a.mp4.json"))
	if err != nil {
		t.Fatal(err)
	}
	size := int64(len(text))
	want := outputs.Output{
		Name: "metadata", URL: "file://" + b.folder + "/a.mp4.json", MediaType: "application/json", SizeBytes: &size, SHA256: digest(text),
	}
	if diff := cmp.Diff(want, made[1]); diff != "" {
		t.Errorf("output (-want +got)\n%s", diff)
	}
	var got Metadata
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.Object.ETag == "" {
		t.Error("no ETag of the object")
	}
	got.Object.ETag = ""
	if diff := cmp.Diff(Metadata{
		Schema:     "recording.meetingops.dev/archive/v1",
		Recording:  recording,
		Source:     Source{URL: strings.TrimSuffix(b.url, "?sig=topsecret"), Validator: `"v1"`, ContentType: "video/mp4"},
		Object:     Object{URL: "file://" + b.folder + "/a.mp4", MediaType: "video/mp4", SizeBytes: int64(len(large)), SHA256: digest(large)},
		ArchivedAt: archivedAt,
		ArchivedBy: "postprocess/v1",
	}, got); diff != "" {
		t.Errorf("metadata (-want +got)\n%s", diff)
	}
}

// The same file again is left alone, and the outputs are the same to the byte.
func TestAgain(t *testing.T) {
	for name, place := range map[string]func(*testing.T, http.HandlerFunc) *bench{"file": newBench, "s3": newS3Bench} {
		t.Run(name, func(t *testing.T) {
			var etag, mediaType string
			var file []byte
			var sent atomic.Int64
			b := place(t, func(w http.ResponseWriter, r *http.Request) {
				if etag != "" {
					w.Header().Set("ETag", etag)
				}
				w.Header().Set("Content-Type", mediaType)
				http.ServeContent(countingWriter{w, &sent}, r, "", time.Time{}, bytes.NewReader(file))
			})
			tests := []struct {
				name, etag, mediaType string
				file                  []byte
				arrange               func()
				copied, read          bool
			}{
				{"at first", `"v1"`, "video/mp4", large, nil, true, true},
				{"again", `"v1"`, "video/mp4", large, nil, false, false},
				{"same bytes, other validator", `"v2"`, "video/mp4", large, nil, false, true},
				{"same bytes, no validator", "", "video/mp4", large, nil, false, true},
				{"other media type", `"v1"`, "video/webm", large, nil, true, true},
				{"again with that", `"v1"`, "video/webm", large, nil, false, false},
				{"other bytes", `"v3"`, "video/webm", content, nil, true, true},
				{"other object in its place", `"v3"`, "video/webm", content, func() {
					if err := b.Destination.Write(t.Context(), "m/a.mp4", "video/mp4", writeText("other")); err != nil {
						t.Fatal(err)
					}
				}, true, true},
				{"object gone", `"v3"`, "video/webm", content, func() {
					if err := b.Destination.bucket.Delete(t.Context(), "m/a.mp4"); err != nil {
						t.Fatal(err)
					}
				}, true, true},
				{"metadata gone", `"v3"`, "video/webm", content, func() {
					if err := b.Destination.bucket.Delete(t.Context(), "m/a.mp4.json"); err != nil {
						t.Fatal(err)
					}
				}, true, true},
				{"metadata of another", `"v3"`, "video/webm", content, func() {
					if err := b.Destination.Write(t.Context(), "m/a.mp4.json", "text/plain", writeText("{}")); err != nil {
						t.Fatal(err)
					}
				}, true, true},
				{"large document in its place", `"v3"`, "video/webm", content, func() {
					if err := b.Destination.Write(t.Context(), "m/a.mp4.json", "text/plain", writeText(strings.Repeat(" ", maxMetadataBytes+1))); err != nil {
						t.Fatal(err)
					}
				}, true, true},
			}
			var before []outputs.Output
			for _, test := range tests {
				etag, mediaType, file = test.etag, test.mediaType, test.file
				if test.arrange != nil {
					test.arrange()
				}
				sent.Store(0)
				b.log.Reset()
				made, err := b.withMetadata(t.Context())
				if err != nil {
					t.Fatalf("%s: %v", test.name, err)
				}
				if copied := strings.Contains(b.log.String(), "msg=Archived "); copied != test.copied {
					t.Errorf("%s: copied = %v\n%s", test.name, copied, b.log)
				}
				if read := sent.Load() == int64(len(file)); read != test.read {
					t.Errorf("%s: %d bytes were sent", test.name, sent.Load())
				}
				if !test.copied {
					if diff := cmp.Diff(before, made); diff != "" {
						t.Errorf("%s: outputs (-before +now)\n%s", test.name, diff)
					}
				}
				if made[0].SHA256 != digest(file) || made[0].MediaType != test.mediaType {
					t.Errorf("%s: outputs = %+v", test.name, made)
				}
				b.expectFiles(t, "m/a.mp4", "m/a.mp4.json")
				before = made
			}
		})
	}
}

type countingWriter struct {
	http.ResponseWriter
	sent *atomic.Int64
}

func (w countingWriter) Write(p []byte) (int, error) {
	w.sent.Add(int64(len(p)))
	return w.ResponseWriter.Write(p)
}

// A recording that has the place of another is not taken for it.
func TestAnotherRecording(t *testing.T) {
	b := newBench(t, serveLarge)
	req := Request{SourceURL: b.url, Object: "a.mp4", MetadataObject: "a.mp4.json", Recording: Recording{SessionID: "1"}}
	for _, session := range []string{"1", "2"} {
		req.Recording.SessionID = session
		b.log.Reset()
		if _, err := b.Archive(t.Context(), req); err != nil || !strings.Contains(b.log.String(), "msg=Archived ") {
			t.Errorf("session %s: %v\n%s", session, err, b.log)
		}
	}
	b.log.Reset()
	req.SourceURL = strings.Replace(req.SourceURL, "topsecret", "other", 1)
	if _, err := b.Archive(t.Context(), req); err != nil || !strings.Contains(b.log.String(), "Already archived") {
		t.Errorf("with another signature: %v\n%s", err, b.log)
	}
}

func TestMetadataCannotBeWritten(t *testing.T) {
	b := newBench(t, serveContent)
	if err := os.Mkdir(filepath.Join(b.folder, "a.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := b.Archive(t.Context(), Request{SourceURL: b.url, Object: "a.mp4", MetadataObject: "a.json"})
	expectError(t, err, 74, "cannot")
	_, err = b.Archive(t.Context(), Request{SourceURL: b.url, Object: "a.mp4", MetadataObject: "../a.json"})
	expectError(t, err, 64, `has the part ".."`)
}
