// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/source"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// parts serves content in parts, with an ETag.
func parts(w http.ResponseWriter, r *http.Request, content []byte, etag string) {
	w.Header().Set("Content-Type", "video/mp4")
	if etag != "" {
		w.Header().Set("ETag", etag)
	}
	http.ServeContent(w, r, "a.mp4", time.Time{}, bytes.NewReader(content))
}

func (f *fixture) open(t *testing.T, head int64) (*source.Ranges, []byte, error) {
	t.Helper()
	client := source.New(f.opts)
	t.Cleanup(client.Close)
	return client.OpenRanges(t.Context(), f.url(), head)
}

func TestRanges(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) { parts(w, r, content, `"1"`) })
	r, head, err := f.open(t, 100)
	if err != nil {
		t.Fatal(err)
	}
	if r.Size() != int64(len(content)) || !bytes.Equal(head, content[:100]) {
		t.Errorf("size %d, head %q", r.Size(), head)
	}
	for _, span := range [][2]int64{{0, 1}, {5000, 70000}, {int64(len(content)) - 10, 10}, {int64(len(content)) - 10, 500}} {
		got, err := r.Read(t.Context(), span[0], span[1])
		if err != nil || !bytes.Equal(got, content[span[0]:min(span[0]+span[1], int64(len(content)))]) {
			t.Errorf("%v: %d bytes, %v", span, len(got), err)
		}
	}
	if want := int64(100 + 1 + 70000 + 10 + 10); r.Received() != want {
		t.Errorf("received %d bytes, want %d", r.Received(), want)
	}
}

// A part that breaks off is tried again.
func TestRangesTryAgain(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request, attempt int) {
		if attempt != 2 {
			parts(w, r, content, `"1"`)
			return
		}
		w.Header().Set("Content-Range", "bytes 10-59/131072")
		w.Header().Set("Content-Length", "50")
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(content[:20])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	r, _, err := f.open(t, 10)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Read(t.Context(), 10, 50)
	if err != nil || !bytes.Equal(got, content[10:60]) {
		t.Errorf("%q, %v", got, err)
	}
	if f.hits.Load() != 3 || len(f.waits) != 1 {
		t.Errorf("%d requests, waits %v", f.hits.Load(), f.waits)
	}
}

// Servers may send fewer bytes than asked, or all to the end of the file.
func TestRangesOfOtherLengths(t *testing.T) {
	for name, last := range map[string]func(first, asked int) int{
		"fewer":      func(first, asked int) int { return min(first+6, asked) },
		"to the end": func(int, int) int { return len(content) - 1 },
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
				var first, asked int
				_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &first, &asked)
				end := last(first, asked)
				w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, end, len(content)))
				w.WriteHeader(http.StatusPartialContent)
				_, _ = w.Write(content[first : end+1])
			})
			r, head, err := f.open(t, 20)
			if err != nil || !bytes.Equal(head, content[:20]) {
				t.Fatalf("%q, %v", head, err)
			}
			got, err := r.Read(t.Context(), 1000, 50)
			if err != nil || !bytes.Equal(got, content[1000:1050]) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestRangesOpenFails(t *testing.T) {
	header := func(code int, contentRange string) func(http.ResponseWriter, *http.Request, int) {
		return func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Content-Range", contentRange)
			w.WriteHeader(code)
			_, _ = w.Write(content[:10])
		}
	}
	tests := map[string]struct {
		handler func(http.ResponseWriter, *http.Request, int)
		change  func(*source.Options)
		code    int
		text    string
	}{
		"empty, refused": {header(416, "bytes */0"), nil, sysexits.DataErr, "empty file"},
		"HTML": {func(w http.ResponseWriter, r *http.Request, _ int) {
			w.Header().Set("Content-Type", "text/html")
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
		}, nil, sysexits.DataErr, "HTML page"},
		"too large": {
			func(w http.ResponseWriter, r *http.Request, _ int) { parts(w, r, content, "") },
			func(o *source.Options) { o.MaxBytes = 1000 }, sysexits.DataErr, "source has 131072 bytes; the limit is 1000",
		},
		"shorter than told": {header(206, "bytes 0-10/131072"), nil, sysexits.Unavailable, "gave up after 3 attempts: source broke off after 10 of 11 bytes"},
		"encoded": {func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Range", "bytes 0-9/131072")
			w.WriteHeader(206)
		}, nil, sysexits.Protocol, "Content-Encoding"},
		"host": {nil, func(o *source.Options) { o.Hosts = nil }, sysexits.NoPerm, "is not allowed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := serve(t, test.handler)
			if test.change != nil {
				test.change(&f.opts)
			}
			_, _, err := f.open(t, 11)
			f.expect(t, err, test.code, test.text)
		})
	}
	f := serve(t, nil)
	client := source.New(f.opts)
	_, _, err := client.OpenRanges(t.Context(), "a.mp4?"+secret, 1)
	f.expect(t, err, sysexits.Usage, "not an absolute URL")
}

// A source that serves no parts, in whatever way it says so, costs no more than its answer's beginning.
func TestNoRanges(t *testing.T) {
	header := func(contentRange string) func(http.ResponseWriter, *http.Request, int) {
		return func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Content-Range", contentRange)
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(content[:10])
		}
	}
	for name, handler := range map[string]func(http.ResponseWriter, *http.Request, int){
		"whole file": func(w http.ResponseWriter, _ *http.Request, _ int) { whole(w) },
		"416":        status(http.StatusRequestedRangeNotSatisfiable), "400": status(400), "403": status(403), "404": status(404), "500": status(500), "501": status(501), "503": status(503),
		"other part": header("bytes 5-14/131072"), "no range": header(""), "size not told": header("bytes 0-9/*"), "beyond the end": header("bytes 0-9/5"), "backwards": header("bytes 9-0/50"),
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, handler)
			if _, _, err := f.open(t, 10); !errors.Is(err, source.ErrNoRanges) || f.hits.Load() != 1 {
				t.Errorf("%v after %d requests", err, f.hits.Load())
			}
		})
	}
}

// Parts of two versions of a file are never mixed, nor those of replicas that tell different ETags.
func TestRangesOfAChangedFile(t *testing.T) {
	changed := bytes.ToUpper(append([]byte("x"), content...))
	tests := map[string]func(w http.ResponseWriter, r *http.Request){
		"other ETag":                   func(w http.ResponseWriter, r *http.Request) { parts(w, r, changed[:len(content)], `"2"`) },
		"other ETag, If-Range ignored": func(w http.ResponseWriter, r *http.Request) { r.Header.Del("If-Range"); parts(w, r, content, `"2"`) },
		"other size":                   func(w http.ResponseWriter, r *http.Request) { parts(w, r, changed, "") },
		"shorter":                      func(w http.ResponseWriter, r *http.Request) { parts(w, r, content[:50], "") },
		"refused":                      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) },
	}
	for name, then := range tests {
		t.Run(name, func(t *testing.T) {
			f := serve(t, func(w http.ResponseWriter, r *http.Request, attempt int) {
				if attempt > 1 {
					then(w, r)
					return
				}
				parts(w, r, content, `"1"`)
			})
			r, _, err := f.open(t, 10)
			if err != nil {
				t.Fatal(err)
			}
			if _, err = r.Read(t.Context(), 100, 10); !errors.Is(err, source.ErrNoRanges) {
				t.Errorf("err = %v", err)
			}
		})
	}
}

// The date serves where there is no ETag.
func TestRangesValidator(t *testing.T) {
	const date = "Mon, 02 Nov 2026 10:00:00 GMT"
	var asked []string
	f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		asked = append(asked, r.Header.Get("If-Range"))
		w.Header().Set("Last-Modified", date)
		w.Header().Set("Content-Range", strings.Replace(r.Header.Get("Range"), "=", " ", 1)+"/100")
		w.WriteHeader(206)
		_, _ = w.Write(content[:10])
	})
	r, _, err := f.open(t, 10)
	if err == nil {
		_, err = r.Read(t.Context(), 10, 10)
	}
	if err != nil || len(asked) != 2 || asked[0] != "" || asked[1] != date {
		t.Errorf("If-Range %q, %v", asked, err)
	}
}

func TestRangesInterrupted(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() })
	f.opts.ResponseHeaderTimeout = 0
	client := source.New(f.opts)
	defer client.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := client.OpenRanges(ctx, f.url(), 1)
	f.expect(t, err, sysexits.TempFail, "interrupted")
}
