// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// FuzzHandler sends anything anywhere, signed or not. Whatever comes is
// answered, in JSON, by a code of the table; only what is signed gets 2xx; and
// what is recorded has a name that an object can have.
func FuzzHandler(f *testing.F) {
	for _, body := range []string{
		goodBody, "", "{", `{"webhookType":"recording-stopped","data":{"meetingId":"A/b","sessionId":"ß","fileUrl":"https://x/y.mp4"}}`,
		`{"type":"recording-failed","data":{"meetingId":"m","sessionId":"s"},}`, `{"webhookType":"session-ended"}`,
	} {
		f.Add("POST", WebhookPath, "", "", true, []byte(body))
		f.Add("POST", WebhookPath, "AAAA", "identity", false, []byte(body))
	}
	f.Add("GET", "/webhooks/videosdk/../x", "", "gzip", true, []byte("{}"))
	f.Fuzz(func(t *testing.T, method, path, signature, encoding string, signed bool, body []byte) {
		fixture := newFixture(t, NewQueue((&Writer{Store: newMemoryStore(), Windows: testWindows}).Write, time.Second))
		r := &http.Request{
			Method: method, URL: &url.URL{Path: path}, Header: http.Header{},
			Body: http.NoBody, ContentLength: int64(len(body)),
		}
		r.Body = httptest.NewRequest("POST", "/", strings.NewReader(string(body))).Body
		r.Header.Set("Videosdk-Signature", signature)
		r.Header.Set("Content-Encoding", encoding)
		if signed {
			r.Header.Set("Videosdk-Signature", sign(t, body))
		}
		w := httptest.NewRecorder()
		fixture.ServeHTTP(w, r)
		checkAnswer(t, w, signed)
	})
}

func checkAnswer(t *testing.T, w *httptest.ResponseRecorder, signed bool) {
	t.Helper()
	switch w.Code {
	case 200:
		if !signed {
			t.Errorf("200 for what was not signed: %s", w.Body)
		}
	case 400, 401, 404, 405, 413:
	default:
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	var body struct{ Error, Result, Recording string }
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("body %s: %v", w.Body, err)
	}
	if (body.Error == "") == (body.Result == "") {
		t.Errorf("body %s has neither or both of error and result", w.Body)
	}
	if name, inNamespace := strings.CutPrefix(body.Recording, "meetings/"); body.Recording != "" && (!inNamespace || len(name) > lifecycle.MaxNameLength) {
		t.Errorf("recording %q", body.Recording)
	}
}
