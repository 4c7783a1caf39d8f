// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/media/mediatest"
)

// made is an output of the step probe of the pipeline web, and its file.
func made(t *testing.T, archive, file, mediaType string, content []byte) string {
	t.Helper()
	path := filepath.Join(archive, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	mediatest.Write(t, path, content)
	sum, size := sha256.Sum256(content), int64(len(content))
	var r recording
	r.Status.Processing.Steps = []step{{Pipeline: "web", Name: "probe", State: "Succeeded", Outputs: []output{{
		Name: "x", URL: "file:///archive/" + file, MediaType: mediaType, SizeBytes: &size, SHA256: hex.EncodeToString(sum[:]),
	}}}}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 2))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOutputs(t *testing.T) {
	video, err := os.ReadFile(mediatest.Recording(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	segment := mediatest.Make(t, "a.ts", mediatest.Join(mediatest.Picture("64x36", 2, 0), mediatest.H264())...)
	archive := t.TempDir()
	made(t, archive, "m/sprite.png", "image/png", picture(t))
	ts, err := os.ReadFile(segment)
	if err != nil {
		t.Fatal(err)
	}
	made(t, archive, "m/240p/s.ts", "", ts)
	made(t, archive, "m/240p/index.m3u8", "", []byte("#EXTM3U\n#EXTINF:2,\ns.ts\n#EXT-X-ENDLIST\n"))
	sum := sha256.Sum256(ts)
	tests := map[string]struct {
		file, mediaType string
		content         []byte
		change          func(string) string
		want            string
	}{
		"picture":           {"a.png", "image/png", picture(t), nil, "png of 4 x 2"},
		"video":             {"a.mp4", "video/mp4", video, nil, "h264 320 x 180 and aac 48000 Hz, 2.0 s"},
		"playlist":          {"m/master.m3u8", "application/vnd.apple.mpegurl", []byte("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n240p/index.m3u8\n"), nil, "h264 64 x 36"},
		"JSON":              {"a.json", "application/json", []byte(`{"a":1}`), nil, "JSON"},
		"track":             {"m/a.vtt", "text/vtt", []byte("WEBVTT\n\n00:00.000 --> 00:01.000\nsprite.png#xywh=0,0,4,2\n"), nil, "1 thumbnails"},
		"checksums":         {"m/SHA256SUMS", "text/plain", []byte(hex.EncodeToString(sum[:]) + "  240p/s.ts\n"), nil, "1 checksums"},
		"no picture":        {"b.png", "image/png", []byte("no"), nil, "error: output web/probe/x (file:///archive/b.png): image: unknown format"},
		"no video":          {"b.mp4", "video/mp4", []byte("no"), nil, "error: output web/probe/x"},
		"no rendition":      {"m/none.m3u8", "application/vnd.apple.mpegurl", []byte("#EXTM3U\n"), nil, "it names no rendition"},
		"rendition missing": {"m/lost.m3u8", "application/vnd.apple.mpegurl", []byte("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n480p/index.m3u8\n"), nil, "no such file"},
		"no JSON":           {"b.json", "application/json", []byte(`{`), nil, "it is no JSON"},
		"no track":          {"m/b.vtt", "text/vtt", []byte("WEBVTT\n"), nil, "it is no WebVTT track"},
		"cue outside":       {"m/c.vtt", "text/vtt", []byte("WEBVTT\n\nsprite.png#xywh=2,0,4,2\n"), nil, "is not in a sprite of 4 x 2"},
		"other checksum":    {"n/SHA256SUMS", "text/plain", []byte(strings.Repeat("0", 64) + "  ../m/240p/s.ts\n"), nil, "is no checksum"},
		"unknown":           {"a.xyz", "text/plain", []byte("x"), nil, "nobody knows how to open text/plain"},
		"other size":        {"c.json", "application/json", []byte(`{}`), func(s string) string { return strings.Replace(s, `"sizeBytes":2`, `"sizeBytes":3`, 1) }, "it has 2 bytes and the SHA-256"},
		"no size":           {"c.json", "application/json", []byte(`{}`), func(s string) string { return strings.Replace(s, `"sizeBytes":2`, `"sizeBytes":null`, 1) }, "it lacks"},
		"elsewhere":         {"c.json", "application/json", []byte(`{}`), func(s string) string { return strings.Replace(s, "archive/c", "archive/../c", 1) }, "it lacks"},
		"failed":            {"c.json", "application/json", []byte(`{}`), func(s string) string { return strings.Replace(s, "Succeeded", "Failed", 1) }, "step web/probe is Failed"},
		"missing":           {"c.json", "application/json", []byte(`{}`), func(s string) string { return strings.Replace(s, `"x"`, `"y"`, 1) }, "web/probe/x is missing, of [web/probe web/probe/y]"},
		"no recording":      {"c.json", "application/json", []byte(`{}`), func(string) string { return "no" }, "reading the recording"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text := made(t, archive, test.file, test.mediaType, test.content)
			if test.change != nil {
				text = test.change(text)
			}
			var out bytes.Buffer
			err := run([]string{"outputs", "-archive=" + archive, "-want=web/probe/x,web/probe"}, strings.NewReader(text), &out)
			if err != nil {
				out.WriteString("error: " + err.Error())
			}
			if !strings.Contains(out.String(), test.want) {
				t.Errorf("%s, want %s", &out, test.want)
			}
		})
	}
}

func TestReceiver(t *testing.T) {
	key := []byte("a key of the test")
	tests := map[string]struct {
		body, id, signature string
		code                int
	}{
		// echo -n 'evt.5.{"a": 1}' | openssl dgst -sha256 -hmac 'a key of the test' -binary | base64
		"right":   {`{"a": 1}`, "evt", "v1,other v1,FeLfnAyb5sQcFU58hOR6vrFXE+cnV6QonKFjSwSJICU=", 204},
		"wrong":   {`{"a": 1}`, "other", "v1,FeLfnAyb5sQcFU58hOR6vrFXE+cnV6QonKFjSwSJICU=", 401},
		"none":    {`{"a": 1}`, "evt", "", 401},
		"no JSON": {`{`, "evt", "", 400},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "events")
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(test.body))
			r.Header.Set("webhook-id", test.id)
			r.Header.Set("webhook-timestamp", "5")
			r.Header.Set("webhook-signature", test.signature)
			w := httptest.NewRecorder()
			receiver(key, file).ServeHTTP(w, r)
			kept, err := os.ReadFile(file)
			if w.Code != test.code || (err == nil) != (test.code == 204) || err == nil && string(kept) != "{\"a\":1}\n" {
				t.Errorf("code %d, kept %q, %v", w.Code, kept, err)
			}
		})
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"bogus"}, {"outputs", "-bogus"}, {"receive", "-bogus"}, {"receive", "-secret=whsec_"}} {
		if err := run(args, strings.NewReader(""), &bytes.Buffer{}); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}
