// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
	"github.com/meetingops/meeting-recording-operator/internal/transcript/engine"
)

const sound = "RIFF, and so on"

func audio() engine.Audio {
	return engine.Audio{Size: int64(len(sound)), Open: func() io.Reader { return strings.NewReader(sound) }}
}

// askHTTP asks an engine once.
func askHTTP(t *testing.T, handler http.HandlerFunc, endpoint engine.HTTPOptions, opts engine.Options) (string, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	endpoint.URL = server.URL + "/v1/audio/transcriptions?sig=secret-in-url"
	endpoint.AllowHTTP, endpoint.AllowPrivateAddresses = true, true
	e, err := engine.NewHTTP(endpoint, opts)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := e.Attempt(t.Context(), audio())
	return answer.Text, err
}

// The request is the form that OpenAI describes, with a length, the file last, and the key in its header only.
func TestRequest(t *testing.T) {
	var fields []string
	var key, agent string
	text, err := askHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		key, agent = r.Header.Get("Authorization"), r.UserAgent()
		if r.Method != http.MethodPost || r.ContentLength <= 0 {
			t.Errorf("%s of %d bytes", r.Method, r.ContentLength)
		}
		form, err := r.MultipartReader()
		if err != nil {
			t.Error(err)
			return
		}
		for {
			part, err := form.NextPart()
			if err != nil {
				break
			}
			value, _ := io.ReadAll(part)
			fields = append(fields, part.FormName()+part.FileName()+"="+string(value))
		}
		_, _ = io.WriteString(w, `{"text":"hello"}`)
	}, engine.HTTPOptions{Key: "sk-1", UserAgent: "us/1"}, engine.Options{Language: "en", Model: "whisper-1", Prompt: "Aisha & Bjørn", ResponseFormat: engine.VerboseJSON})
	want := []string{"response_format=verbose_json", "temperature=0", "model=whisper-1", "language=en", "prompt=Aisha & Bjørn",
		"timestamp_granularities[]=segment", "timestamp_granularities[]=word", "fileaudio.wav=" + sound}
	if diff := cmp.Diff(want, fields); diff != "" || err != nil || text != "hello" || key != "Bearer sk-1" || agent != "us/1" {
		t.Errorf("%q, %v, key %q, agent %q (-want +got)\n%s", text, err, key, agent, diff)
	}
	fields = nil
	if _, err := askHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"text":"`+r.FormValue("response_format")+r.FormValue("timestamp_granularities[]")+r.FormValue("model")+r.Header.Get("Authorization")+`"}`)
	}, engine.HTTPOptions{}, engine.Options{ResponseFormat: engine.JSON}); err != nil {
		t.Error(err)
	}
}

// Each way in which an engine can fail has an exit code, and a message that says what to do and holds no secret.
func TestHTTPFails(t *testing.T) {
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	tests := map[string]struct {
		handler http.HandlerFunc
		key     string
		code    int
		text    string
	}{
		"401 without a key": {status(401, ""), "", sysexits.NoPerm, "answered 401 Unauthorized; give its API key by --api-key-file"},
		"401":               {status(401, `{"error":{"message":"Incorrect API key provided: sk-very-secret."}}`), "sk-very-secret", sysexits.NoPerm, "(Incorrect API key provided: (key).); check the key in --api-key-file"},
		"403":               {status(403, ""), "k", sysexits.NoPerm, "check the key"},
		"400":               {status(400, `{"error":{"message":"Invalid language 'tlh'"}}`), "", sysexits.Config, "answered 400 Bad Request (Invalid language 'tlh'); check --language"},
		"404":               {status(404, "<html>"), "", sysexits.Config, "set --engine-url to the whole endpoint"},
		"405":               {status(405, ""), "", sysexits.Config, "set --engine-url"},
		"413":               {status(413, "too large"), "", sysexits.Config, "answered 413 Request Entity Too Large; lower --max-chunk-bytes or --max-chunk-duration"},
		"422":               {status(422, `{"detail":[{"loc":["body","language"],"msg":"unexpected value"}]}`), "", sysexits.Config, "unexpected value"},
		"429":               {status(429, ""), "", sysexits.TempFail, "it takes no more requests for now"},
		"429 with Retry-After": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "90")
			w.WriteHeader(429)
		}, "", sysexits.TempFail, "and asks to wait 1m30s"},
		"500": {status(500, `{"error":{"message":"CUDA out of memory"}}`), "", sysexits.Unavailable, "answered 500 Internal Server Error (CUDA out of memory); its log may say why"},
		"503": {status(503, ""), "", sysexits.Unavailable, "503 Service Unavailable"},
		"599": {status(599, ""), "", sysexits.Unavailable, "answered 599;"},
		"204": {status(204, ""), "", sysexits.Protocol, "only 200 has a transcript"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://example.com/", http.StatusFound)
		}, "k", sysexits.Protocol, "redirects are not followed: set --engine-url to the final URL"},
		"HTML":          {status(200, "<!doctype html><title>Sign in"), "", sysexits.Protocol, "answered an HTML page, not a transcript in JSON; set --engine-url"},
		"an error, 200": {status(200, `{"error":"failed to read WAV file"}`), "", sysexits.Protocol, "answered an error: failed to read WAV file"},
		"nothing":       {status(200, ""), "", sysexits.Unavailable, "answered nothing"},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			raw(w, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"text\":")
		}, "", sysexits.Unavailable, "broke off its answer after 8 bytes"},
		"closed": {func(w http.ResponseWriter, _ *http.Request) { raw(w, "") }, "", sysexits.Unavailable, "closed the connection without an answer"},
		"no HTTP": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // else the client may fail to send the rest before it reads this
			raw(w, "SSH-2.0-OpenSSH\r\n")
		}, "", sysexits.Unavailable, "cannot reach the engine"},
		"a huge answer": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, io.LimitReader(zeros{}, 64<<20)) }, "", sysexits.Protocol, "answered more than 4 MiB for one chunk"},
		"a huge header": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) }, "", sysexits.Unavailable, "cannot reach the engine"},
		"a huge refusal": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			_, _ = io.Copy(w, io.LimitReader(zeros{}, 64<<20))
		}, "", sysexits.Unavailable, "500"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := askHTTP(t, test.handler, engine.HTTPOptions{Key: test.key}, engine.Options{})
			if sysexits.Code(err) != test.code || err == nil || !strings.Contains(err.Error(), test.text) {
				t.Fatalf("code %d: %v; want %d, %q", sysexits.Code(err), err, test.code, test.text)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("a secret is revealed: %v", err)
			}
		})
	}
}

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

// raw answers with bytes that net/http would not send.
func raw(w http.ResponseWriter, text string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = io.WriteString(conn, text)
	_ = conn.Close()
}

// An engine at a private address, or without encryption, has to be allowed.
func TestEndpoint(t *testing.T) {
	for _, url := range []string{"", "whisper", "ftp://host/x", "https://", "https://user:pass@host/x", "://"} {
		if _, err := engine.NewHTTP(engine.HTTPOptions{URL: url}, engine.Options{}); sysexits.Code(err) != sysexits.Usage || strings.Contains(err.Error(), "pass") {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := engine.NewHTTP(engine.HTTPOptions{URL: "http://host/x"}, engine.Options{}); sysexits.Code(err) != sysexits.NoPerm || !strings.Contains(err.Error(), "--engine-allow-http") {
		t.Errorf("%v", err)
	}
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	e, err := engine.NewHTTP(engine.HTTPOptions{URL: server.URL, AllowHTTP: true}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Attempt(t.Context(), audio()); sysexits.Code(err) != sysexits.NoPerm || !strings.Contains(err.Error(), "which is loopback; if it is yours, use --engine-allow-private-addresses") {
		t.Errorf("%v", err)
	}
	server.Close()
	e, _ = engine.NewHTTP(engine.HTTPOptions{URL: server.URL, AllowHTTP: true, AllowPrivateAddresses: true}, engine.Options{})
	if _, err := e.Attempt(t.Context(), audio()); sysexits.Code(err) != sysexits.Unavailable || !strings.Contains(err.Error(), "is it running?") {
		t.Errorf("%v", err)
	}
}

// An engine that never answers is given up after the time for one attempt.
func TestHang(t *testing.T) {
	held := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-held
	}))
	defer server.Close()
	defer close(held)
	e, err := engine.NewHTTP(engine.HTTPOptions{URL: server.URL, AllowHTTP: true, AllowPrivateAddresses: true}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = engine.Ask(context.Background(), e, audio(), engine.Options{AttemptTimeout: 50 * time.Millisecond}, discard())
	if sysexits.Code(err) != sysexits.Unavailable || !strings.Contains(err.Error(), fmt.Sprintf("%s did not answer within 50ms", e)) {
		t.Errorf("%v", err)
	}
	if !bytes.Contains([]byte(err.Error()), []byte("raise --attempt-timeout or lower --max-chunk-duration")) {
		t.Errorf("%v", err)
	}
}
