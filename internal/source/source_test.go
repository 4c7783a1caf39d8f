// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/source"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

const secret = "X-Signature=topsecret"

var content = bytes.Repeat([]byte("0123456789abcdef"), 8<<10) // 128 KiB

// fixture is a server and the options that let a client fetch from it.
type fixture struct {
	server *httptest.Server
	opts   source.Options
	log    *bytes.Buffer
	hits   atomic.Int32
	waits  []time.Duration // the Retry-After of each retry
}

func serve(t *testing.T, handler func(w http.ResponseWriter, r *http.Request, attempt int)) *fixture {
	t.Helper()
	f := &fixture{log: &bytes.Buffer{}, opts: source.Defaults()}
	f.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler(w, r, int(f.hits.Add(1)))
	}))
	t.Cleanup(f.server.Close)
	f.allow(t, f.server.Listener.Addr().String())
	f.opts.AllowHTTP = true
	f.opts.AllowPrivateAddresses = true
	f.opts.Retries = 2
	f.opts.Logger = slog.New(slog.NewTextHandler(f.log, nil))
	f.opts.Backoff = func(_ int, retryAfter time.Duration) time.Duration {
		f.waits = append(f.waits, retryAfter)
		return 0
	}
	return f
}

func (f *fixture) allow(t *testing.T, host string) {
	t.Helper()
	rule, err := source.ParseHostRule(host)
	if err != nil {
		t.Fatal(err)
	}
	f.opts.Hosts = append(f.opts.Hosts, rule)
}

// fetch returns what store read in its last call.
func (f *fixture) fetch(t *testing.T, rawURL string) (source.File, []byte, error) {
	t.Helper()
	client := source.New(f.opts)
	defer client.Close()
	var got []byte
	file, err := client.Fetch(t.Context(), rawURL, func(_ context.Context, file source.File) error {
		var err error
		got, err = io.ReadAll(file.Body)
		return err
	})
	return file, got, err
}

func (f *fixture) url() string { return f.server.URL + "/a.mp4?" + secret }

// expect checks an error's code and text, and that no secret is told.
func (f *fixture) expect(t *testing.T, err error, code int, text string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	var exit *sysexits.ExitError
	if !errors.As(err, &exit) || exit.Code != code || !strings.Contains(err.Error(), text) {
		t.Errorf("err = %v (code %d), want code %d and %q", err, sysexits.Code(err), code, text)
	}
	for what, text := range map[string]string{"error": err.Error(), "log": f.log.String()} {
		if strings.Contains(text, "topsecret") {
			t.Errorf("the %s tells the query: %s", what, text)
		}
	}
}

func whole(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "video/mp4")
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content)
}

// cut sends the header of a whole file and half of its body, and drops the connection.
func cut(w http.ResponseWriter) {
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content[:len(content)/2])
	panic(http.ErrAbortHandler)
}

func status(code int) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(code) }
}

func TestFetch(t *testing.T) {
	tests := map[string]struct {
		handler func(w http.ResponseWriter, r *http.Request, attempt int)
		attempt int
	}{
		"at once": {func(w http.ResponseWriter, _ *http.Request, _ int) { whole(w) }, 1},
		"without length": {func(w http.ResponseWriter, _ *http.Request, _ int) {
			_, _ = w.Write(content[:10])
			w.(http.Flusher).Flush()
			_, _ = w.Write(content[10:])
		}, 1},
		"after 429":        {after(1, status(429)), 2},
		"after 503 twice":  {after(2, status(503)), 3},
		"after 408":        {after(1, status(408)), 2},
		"after a cut body": {after(1, func(w http.ResponseWriter, _ *http.Request, _ int) { cut(w) }), 2},
		"after no answer":  {after(2, func(http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) }), 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := serve(t, test.handler)
			file, got, err := f.fetch(t, f.url())
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, content) {
				t.Errorf("got %d bytes, not those that were served", len(got))
			}
			if file.Attempt != test.attempt {
				t.Errorf("attempt = %d, want %d", file.Attempt, test.attempt)
			}
			if strings.Contains(f.log.String(), "topsecret") {
				t.Errorf("the log tells the query: %s", f.log)
			}
			if retries := strings.Count(f.log.String(), "Attempt failed, retrying"); retries != test.attempt-1 {
				t.Errorf("%d retries in the log, want %d:\n%s", retries, test.attempt-1, f.log)
			}
		})
	}
}

// after serves the file after n other answers.
func after(n int, first func(http.ResponseWriter, *http.Request, int)) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, r *http.Request, attempt int) {
		if attempt <= n {
			first(w, r, attempt)
			return
		}
		whole(w)
	}
}

func TestFetchFails(t *testing.T) {
	header := func(name, value string) func(http.ResponseWriter, *http.Request, int) {
		return func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set(name, value)
			_, _ = w.Write(content)
		}
	}
	tests := map[string]struct {
		handler func(w http.ResponseWriter, r *http.Request, attempt int)
		code    int
		text    string
		hits    int32
	}{
		"404":                  {status(404), 66, "404 Not Found: the file does not exist", 1},
		"410":                  {status(410), 66, "410 Gone", 1},
		"401":                  {status(401), 77, "access was refused", 1},
		"403":                  {status(403), 77, "403 Forbidden: access was refused; a signed URL may have expired", 1},
		"400":                  {status(400), 76, "400 Bad Request, not 200 with a file", 1},
		"204":                  {status(204), 76, "204 No Content, not 200", 1},
		"206":                  {status(206), 76, "206 Partial Content, not 200", 1},
		"304":                  {status(304), 76, "304 Not Modified, not 200", 1},
		"302 without Location": {status(302), 76, "302 Found, not 200", 1},
		"429 for ever":         {status(429), 75, "gave up after 3 attempts: source answered 429", 3},
		"503 for ever":         {status(503), 69, "gave up after 3 attempts: source answered 503 Service Unavailable", 3},
		"501 for ever":         {status(501), 69, "gave up after 3 attempts", 3},
		"cut for ever": {func(w http.ResponseWriter, _ *http.Request, _ int) { cut(w) },
			69, "gave up after 3 attempts: source broke off after 65536 of 131072 bytes", 3},
		"cut without length": {func(w http.ResponseWriter, _ *http.Request, _ int) {
			_, _ = w.Write(content)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, 69, "source broke off after 131072 bytes", 3},
		"no answer for ever": {func(http.ResponseWriter, *http.Request, int) { panic(http.ErrAbortHandler) }, 69, "gave up after 3 attempts: cannot reach the source", 3},
		"HTML":               {header("Content-Type", "Text/HTML; charset=utf-8"), 65, "an HTML page, not a recording", 1},
		"XHTML":              {header("Content-Type", "application/xhtml+xml"), 65, "an HTML page", 1},
		"gzip":               {header("Content-Encoding", "gzip"), 76, `Content-Encoding "gzip" although none was requested`, 1},
		"empty":              {status(200), 65, "an empty file", 1},
		"empty without length": {func(w http.ResponseWriter, _ *http.Request, _ int) { w.(http.Flusher).Flush() },
			65, "an empty file", 1},
		"too large": {func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Content-Length", "1048577")
			w.WriteHeader(200)
		}, 65, "source has 1048577 bytes; the limit is 1048576, set by --max-bytes", 1},
		"too large, not announced": {func(w http.ResponseWriter, _ *http.Request, _ int) {
			for range 9 {
				_, _ = w.Write(content)
				w.(http.Flusher).Flush()
			}
		}, 65, "source has more than 1048576 bytes", 1},
		"large header": {header("X-Large", strings.Repeat("x", 128<<10)), 69, "cannot reach the source", 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := serve(t, test.handler)
			f.opts.MaxBytes = 1 << 20
			_, _, err := f.fetch(t, f.url())
			f.expect(t, err, test.code, test.text)
			if hits := f.hits.Load(); hits != test.hits {
				t.Errorf("%d requests, want %d", hits, test.hits)
			}
		})
	}
}

func TestFileOfJustTheLimit(t *testing.T) {
	f := serve(t, after(0, nil))
	f.opts.MaxBytes = int64(len(content))
	if _, _, err := f.fetch(t, f.url()); err != nil {
		t.Error(err)
	}
}

// A server whose Content-Length is more than it sends, without a broken connection.
func TestTruncated(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort")
			_ = conn.Close()
		}
	}()
	f := serve(t, status(500))
	f.allow(t, listener.Addr().String())
	_, _, err = f.fetch(t, "http://"+listener.Addr().String()+"/a.mp4")
	f.expect(t, err, 69, "source broke off after 5 of 10 bytes")
}

func TestStoreErrorsAreNotRetried(t *testing.T) {
	tests := map[string]struct {
		err  error
		code int
		text string
	}{
		"exit error":     {sysexits.New(sysexits.IOErr, nil, "disk full"), 74, "disk full"},
		"any other":      {errors.New("boom"), 74, "cannot store the file: boom"},
		"a client's own": {&url.Error{Op: "Put", URL: "https://store", Err: io.EOF}, 74, "cannot store the file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := serve(t, after(0, nil))
			_, err := source.New(f.opts).Fetch(t.Context(), f.url(), func(context.Context, source.File) error { return test.err })
			f.expect(t, err, test.code, test.text)
			if hits := f.hits.Load(); hits != 1 {
				t.Errorf("%d requests, want 1", hits)
			}
		})
	}
}
