// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tailscale/hujson"
)

func addFixtures(f *testing.F) {
	for _, eventType := range RecordingEventTypes() {
		f.Add(readFixture(f, string(eventType)+".txt"))
		f.Add(readFixture(f, string(eventType)+".json"))
	}
	for _, body := range []string{
		``, `{}`, `null`, `[[[`, `{,}`, `{"a":,}`, `[1,,]`, `{"a":[1,],}`, `{"a":1,]`, `// c`, `{"a":"\"`, `{"a":"/*,}*/",}`,
		`{"type":"recording-started","data":{"LivestreamId":"m","sessionId":"s",},}`,
		`{"type":"session-ended","data":{"meetingId":"m","sessionId":"s","end":"2026-11-29T12:00:00.000Z","reason":null}}`,
		stopped(`,"id":"62d148951a1eb20029fc9b05","fileUrl":null,"fileId":"62d148951a1eb20029fc9b05"`),
		stopped(`,"id":7,"filePath":"/v/a.mp4","encryption":{"keyUrl":"https://h/k","metaUrl":"ftp://h/m"}`),
		stopped(`,"id":"a","ID":"b","encryption":[],"encryption":{"keyUrl":"https://h/k","keyUrl":"https://h/l"}`),
		stopped(`,"fileUrl":"https://h/a%2fb?x#y"`), stopped(`,"fileUrl":"https://h/%ff"`), started(`{"MEETINGID":"\ud800","sessionid":"\u0000"}`),
	} {
		f.Add([]byte(body))
	}
}

// FuzzParse checks what holds for every body, and which bodies are JSON, with
// hujson as a second opinion on that.
func FuzzParse(f *testing.F) {
	addFixtures(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		event, err := Parse(body)
		if !bytes.Equal(before, body) {
			t.Fatal("the body was modified")
		}
		checkSyntax(t, body)
		if err != nil {
			var fieldError *FieldError
			if !errors.As(err, &fieldError) || fieldError.Field == "" || fieldError.Problem == "" {
				t.Fatalf("error = %#v, want a *FieldError", err)
			}
			return
		}
		checkEvent(t, event)
		var indented bytes.Buffer
		if json.Indent(&indented, body, " ", "\t") != nil {
			return // not strict JSON
		}
		again, err := Parse(indented.Bytes())
		if err != nil || again != event {
			t.Fatalf("with more white space: %+v, %v; want %+v", again, err, event)
		}
	})
}

// checkSyntax expects a body to be taken for JSON exactly when it is so but
// for trailing commas.
func checkSyntax(t *testing.T, body []byte) {
	if !utf8.Valid(body) {
		return
	}
	strict, err := blankTrailingCommas(body)
	if err != nil && strings.Contains(err.Error(), "levels deep") {
		return
	}
	ours := err == nil && json.Valid(strict)
	theirs, err := hujson.Parse(bytes.Clone(body))
	want := err == nil && !hasComment(theirs)
	if want {
		// hujson, too, puts a space where the comma was.
		theirs.Standardize()
		if standard := theirs.Pack(); !bytes.Equal(standard, strict) {
			t.Fatalf("blanked to %q, hujson to %q", strict, standard)
		}
	}
	if ours != want {
		t.Fatalf("valid = %v, hujson says %v", ours, want)
	}
}

func hasComment(value hujson.Value) bool {
	found := false
	for v := range value.All() {
		found = found || bytes.ContainsRune(v.BeforeExtra, '/') || bytes.ContainsRune(v.AfterExtra, '/')
		switch composite := v.Value.(type) {
		case *hujson.Object:
			found = found || bytes.ContainsRune(composite.AfterExtra, '/')
		case *hujson.Array:
			found = found || bytes.ContainsRune(composite.AfterExtra, '/')
		}
	}
	return found
}

func checkEvent(t *testing.T, event Event) {
	if strings.TrimSpace(string(event.Type)) == "" {
		t.Fatalf("no type: %+v", event)
	}
	if !event.Recognised() {
		if event != (Event{Type: event.Type}) {
			t.Fatalf("more than a type: %+v", event)
		}
		return
	}
	if len(event.ID) > MaxRecordingIDBytes || !utf8.ValidString(event.ID) || strings.ContainsAny(event.ID, "\x00\r\n") ||
		(event.ID != "" && (event.ID == event.SessionID || !event.Type.IsRecording())) {
		t.Fatalf("bad id of a recording: %+v", event)
	}
	if e := event.Encryption; !e.Encrypted && e != (Encryption{}) || len(e.KeyURL) > MaxFileURLBytes || len(e.MetadataURL) > MaxFileURLBytes {
		t.Fatalf("bad encryption: %+v", event)
	}
	for _, id := range []string{event.MeetingID, event.SessionID} {
		if strings.TrimSpace(id) == "" || !utf8.ValidString(id) || utf8.RuneCountInString(id) > MaxIDLength || strings.ContainsAny(id, "\x00\r\n") {
			t.Fatalf("bad id: %+v", event)
		}
	}
	if len(event.FilePath) > MaxFilePathBytes || len(event.FileURL) > MaxFileURLBytes || !utf8.ValidString(event.FilePath) {
		t.Fatalf("bad file: %+v", event)
	}
	if event.FileURL != "" && event.FilePath == "" {
		t.Fatalf("a URL without a path: %+v", event)
	}
	if event.Type != RecordingStopped && (event.FilePath != "" || event.Encryption != (Encryption{})) {
		t.Fatalf("a file of another event: %+v", event)
	}
}

// FuzzVerify checks that nothing but the key's own signature over the very
// body is accepted.
func FuzzVerify(f *testing.F) {
	key := testKeys()[0]
	verifier := NewVerifier(&fixedKeys{keys: public(0, 1)})
	body := readFixture(f, "recording-stopped.json")
	good := sign(f, key, body)
	f.Add(body, good)
	f.Add(body, " "+good+"\t")
	f.Add(body, good[1:])
	f.Add(append(bytes.Clone(body), ' '), good)
	f.Add(body, sign(f, testKeys()[2], body))
	f.Add([]byte{}, "")
	f.Add(body, base64.StdEncoding.EncodeToString(make([]byte, 256)))
	f.Add(body, base64.URLEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 256)))
	f.Fuzz(func(t *testing.T, sent []byte, signature string) {
		err := verifier.Verify(t.Context(), sent, signature)
		genuine := bytes.Equal(sent, body) && strings.TrimSpace(signature) == good
		switch {
		case genuine && err != nil:
			t.Fatalf("genuine: %v", err)
		case !genuine && err == nil:
			t.Fatal("accepted a forgery")
		case !genuine && !errors.Is(err, ErrBadSignature) && !errors.Is(err, ErrMalformedSignature) && !errors.Is(err, ErrMissingSignature):
			t.Fatalf("error = %v", err)
		}
	})
}
