// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/source"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

func TestNotMedia(t *testing.T) {
	for head, want := range map[string]string{
		"<!DOCTYPE html><html>": "an HTML page", "\r\n <HTML lang=en>": "an HTML page", "<!-- cached --><html>": "an HTML page", "<?xml version='1.0'?><!DOCTYPE html>\n<html xmlns=''>": "an HTML page",
		"\xff\xfe<\x00h\x00t\x00m\x00l\x00>\x00": "an HTML page", "<head><title>x": "an HTML page",
		"<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>": "an XML document", "<Error>": "an XML document", "\xef\xbb\xbf<?xml": "an XML document",
		"<svg xmlns=''>": "an XML document", "<script>": "an XML document",
		"{\"message\":\"expired\"}": "a JSON document", "[]": "a JSON document", "{}": "a JSON document", "[{\"a\":1}]": "a JSON document",
		"#EXTM3U\n": "a playlist (HLS), which only names other files", "ffconcat version 1.0": "a playlist, which only names other files",
		"<?xml version='1.0'?><!-- x --><MPD xmlns=''>": "a playlist, which only names other files", "<MPD>": "a playlist (DASH), which only names other files",
		"[playlist]\nFile1=x": "a playlist (PLS), which only names other files", "v=0\r\no=-": "a session description, which only names other places",
		"%PDF-1.7": "a PDF document", "PK\x03\x04": "a ZIP archive", "\x1f\x8b\x08": "a gzip archive",
		"": "", "\x00\x00\x00\x18ftypmp42": "", "\x00\x00\x00\x00": "", "\x1a\x45\xdf\xa3": "", "OggS": "", "RIFF": "", "G@\x00": "", "ID3\x03": "", "FLV\x01": "", "recorded": "", "\x00": "",
	} {
		if got := source.NotMedia([]byte(head)); got != want {
			t.Errorf("NotMedia(%q) = %q, want %q", head, got, want)
		}
	}
}

// What a server sends with status 200 in place of a recording is stored nowhere, whatever type it says.
func TestFetchOfWhatIsNoRecording(t *testing.T) {
	for body, what := range map[string]string{
		"<html>Not found</html>": "an HTML page", "<?xml version=\"1.0\"?><Error/>" + strings.Repeat(" ", 5000): "an XML document", "#EXTM3U": "a playlist", "{\"error\":404}": "a JSON document",
	} {
		f := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Content-Type", "video/mp4")
			for _, b := range []byte(body[:5]) { // byte by byte
				_, _ = w.Write([]byte{b})
				w.(http.Flusher).Flush()
			}
			_, _ = io.WriteString(w, body[5:])
		})
		client := source.New(f.opts)
		got := 0
		_, err := client.Fetch(t.Context(), f.url(), func(_ context.Context, file source.File) error {
			n, err := io.Copy(io.Discard, file.Body)
			got = int(n)
			return err
		})
		client.Close()
		f.expect(t, err, sysexits.DataErr, "source is "+what)
		if got != 0 || f.hits.Load() != 1 {
			t.Errorf("%q: %d bytes were given to the store, %d requests", body[:5], got, f.hits.Load())
		}
	}
}
