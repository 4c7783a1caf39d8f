// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/internal/source"
)

// ranges is a server of one file that knows ranges, and cuts the connection after so many bytes of each answer as cuts
// says, the last of which holds for all further ones; none: it does not cut.
type ranges struct {
	etag  string
	cuts  []int
	file  func(attempt int) []byte
	asked []string // the Range of each request
}

func (s *ranges) serve(w http.ResponseWriter, r *http.Request, attempt int) {
	s.asked = append(s.asked, r.Header.Get("Range"))
	w.Header().Set("ETag", s.etag)
	file := content
	if s.file != nil {
		file = s.file(attempt)
	}
	if len(s.cuts) > 0 {
		w = &cutter{w, s.cuts[min(attempt, len(s.cuts))-1]}
	}
	http.ServeContent(w, r, "a.mp4", time.Time{}, bytes.NewReader(file))
}

// cutter drops the connection after some bytes.
type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(p []byte) (int, error) {
	if c.left >= 0 && len(p) > c.left {
		_, _ = c.ResponseWriter.Write(p[:c.left])
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	if c.left >= 0 {
		c.left -= len(p)
	}
	return c.ResponseWriter.Write(p)
}

// Wherever the connection is cut, and however often, the file arrives whole, and no byte of it twice.
func TestResumeAfterAnyCut(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		cuts := rapid.SliceOfN(rapid.IntRange(0, len(content)-1), 1, 6).Draw(r, "cuts")
		server := &ranges{etag: `"v1"`, cuts: append(cuts, -1)}
		f := serve(t, server.serve)
		defer f.server.Close()
		f.opts.Retries = len(cuts)
		stores := 0
		var got []byte
		file, err := source.New(f.opts).Fetch(t.Context(), f.url(), func(_ context.Context, file source.File) error {
			stores++
			var err error
			got, err = io.ReadAll(file.Body)
			if sum := sha256.Sum256(got); err == nil && (file.Body.SHA256() != hex.EncodeToString(sum[:]) || file.Body.Size() != int64(len(got))) {
				r.Errorf("digest %s and size %d are not those of what was read", file.Body.SHA256(), file.Body.Size())
			}
			return err
		})
		if err != nil {
			r.Fatal(err)
		}
		if !bytes.Equal(got, content) {
			r.Fatalf("got %d bytes, not those that were served", len(got))
		}
		var sent int
		want, attempts := []string{""}, 1
		for _, cut := range cuts {
			if sent+cut >= len(content) {
				break // this one was not cut
			}
			sent += cut
			attempts++
			want = append(want, "bytes="+strconv.Itoa(sent)+"-")
			if sent == 0 {
				want[len(want)-1] = ""
			}
		}
		if diff := cmp.Diff(want, server.asked); diff != "" {
			r.Errorf("ranges that were asked for (-want +got)\n%s", diff)
		}
		if file.Attempt != attempts {
			r.Errorf("attempt %d, want %d", file.Attempt, attempts)
		}
		if resumed := slices.ContainsFunc(want, func(s string) bool { return s != "" }); resumed && sent > 0 && stores > 1+slices.Index(cuts, sent)+len(cuts) {
			r.Errorf("%d stores", stores)
		}
	})
}

// One store gets all of it, when what breaks off can be continued.
func TestOneStoreForAllAttempts(t *testing.T) {
	server := &ranges{etag: `"v1"`, cuts: []int{1000, 70_000, -1}}
	f := serve(t, server.serve)
	var stores int
	if _, err := source.New(f.opts).Fetch(t.Context(), f.url(), func(_ context.Context, file source.File) error {
		stores++
		_, err := io.Copy(io.Discard, file.Body)
		return err
	}); err != nil || stores != 1 {
		t.Errorf("%d stores, %v", stores, err)
	}
	if !strings.Contains(f.log.String(), "received=71000") {
		t.Errorf("the log does not tell what was received:\n%s", f.log)
	}
}

// Where the rest is not available, or may be of another file, it starts over.
func TestStartsOver(t *testing.T) {
	other := bytes.Repeat([]byte("another recording"), 8000)
	tests := map[string]struct {
		server ranges
		wrap   func(http.ResponseWriter, *http.Request, int) bool
		want   []byte
		asked  []string
	}{
		"no validator": {server: ranges{cuts: []int{1000, -1}}, want: content, asked: []string{"", ""}},
		"weak tag":     {server: ranges{etag: `W/"v1"`, cuts: []int{1000, -1}}, want: content, asked: []string{"", ""}},
		"no ranges": {server: ranges{}, want: content, asked: []string{"", ""}, wrap: func(w http.ResponseWriter, _ *http.Request, attempt int) bool {
			w.Header().Set("ETag", `"v1"`)
			w.Header().Set("Accept-Ranges", "none")
			if attempt == 1 {
				cut(w)
			}
			whole(w)
			return true
		}},
		"changed": {server: ranges{etag: `"v1"`, cuts: []int{1000, -1}, file: func(attempt int) []byte {
			return map[bool][]byte{true: content, false: other}[attempt == 1]
		}}, want: other, asked: []string{"", "bytes=1000-"},
			wrap: func(w http.ResponseWriter, r *http.Request, attempt int) bool {
				if attempt > 1 {
					r.Header.Del("Range") // as If-Range does
				}
				return false
			}},
		"changed, but told as a part": {server: ranges{etag: `"v1"`, cuts: []int{1000, -1}}, want: content, asked: []string{"", "bytes=1000-", ""},
			wrap: func(w http.ResponseWriter, _ *http.Request, attempt int) bool {
				return attempt == 2 && part(w, `"v2"`, "bytes 1000-131071/131072", content[1000:])
			}},
		"another range": {server: ranges{etag: `"v1"`, cuts: []int{1000, -1}}, want: content, asked: []string{"", "bytes=1000-", ""},
			wrap: func(w http.ResponseWriter, _ *http.Request, attempt int) bool {
				return attempt == 2 && part(w, `"v1"`, "bytes 0-131071/131072", content)
			}},
		"refused with 403": {server: ranges{etag: `"v1"`, cuts: []int{1000, -1}}, want: content, asked: []string{"", "bytes=1000-", ""}, wrap: refuse(403)},
		"refused with 500": {server: ranges{etag: `"v1"`, cuts: []int{1000, -1}}, want: content, asked: []string{"", "bytes=1000-", ""}, wrap: refuse(500)},
		"refused with 501": {server: ranges{etag: `"v1"`, cuts: []int{1000, -1}}, want: content, asked: []string{"", "bytes=1000-", ""}, wrap: refuse(501)},
		"other length": {server: ranges{etag: `"v1"`, cuts: []int{1000, -1}}, want: content, asked: []string{"", "bytes=1000-", ""},
			wrap: func(w http.ResponseWriter, _ *http.Request, attempt int) bool {
				return attempt == 2 && part(w, `"v1"`, "bytes 1000-1999/2000", content[1000:2000])
			}},
		"no range": {server: ranges{etag: `"v1"`, cuts: []int{1000, -1}}, want: content, asked: []string{"", "bytes=1000-", ""},
			wrap: func(w http.ResponseWriter, _ *http.Request, attempt int) bool {
				return attempt == 2 && part(w, `"v1"`, "", content)
			}},
		"416": {server: ranges{etag: `"v1"`, cuts: []int{1000, -1}}, want: content, asked: []string{"", "bytes=1000-", ""},
			wrap: func(w http.ResponseWriter, _ *http.Request, attempt int) bool {
				if attempt == 2 {
					w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
				}
				return attempt == 2
			}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var asked []string
			f := serve(t, func(w http.ResponseWriter, r *http.Request, attempt int) {
				asked = append(asked, r.Header.Get("Range"))
				if test.wrap == nil || !test.wrap(w, r, attempt) {
					test.server.serve(w, r, attempt)
				}
			})
			_, got, err := f.fetch(t, f.url())
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, test.want) {
				t.Errorf("got %d bytes, not those of the last answer", len(got))
			}
			if diff := cmp.Diff(test.asked, asked); diff != "" {
				t.Errorf("ranges that were asked for (-want +got)\n%s", diff)
			}
		})
	}
}

// refuse refuses every request for a part.
func refuse(code int) func(http.ResponseWriter, *http.Request, int) bool {
	return func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.Header.Get("Range") != "" {
			w.WriteHeader(code)
		}
		return r.Header.Get("Range") != ""
	}
}

// A server may send the rest in as many parts as it likes: none of them counts as a failed attempt.
func TestRestInParts(t *testing.T) {
	const most = 9000
	f := serve(t, func(w http.ResponseWriter, r *http.Request, attempt int) {
		if attempt == 1 {
			w.Header().Set("ETag", `"v1"`)
			cut(w)
		}
		var first int
		_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &first)
		last := min(first+most, len(content)) - 1
		part(w, `"v1"`, fmt.Sprintf("bytes %d-%d/%d", first, last, len(content)), content[first:last+1])
	})
	_, got, err := f.fetch(t, f.url())
	if err != nil || !bytes.Equal(got, content) {
		t.Fatalf("%d bytes after %d requests, %v\n%s", len(got), f.hits.Load(), err, f.log)
	}
	if want := int32(len(content)/2/most + 1); f.hits.Load() < want || len(f.waits) != 1 {
		t.Errorf("%d requests, want %d or more; waits %v, want only that after the first", f.hits.Load(), want, f.waits)
	}
}

func part(w http.ResponseWriter, etag, contentRange string, body []byte) bool {
	w.Header().Set("ETag", etag)
	if contentRange != "" {
		w.Header().Set("Content-Range", contentRange)
	}
	w.WriteHeader(http.StatusPartialContent)
	_, _ = w.Write(body)
	return true
}

// What is asked for when a file is continued.
func TestIfRange(t *testing.T) {
	var asked []string
	long := time.Now().Add(-time.Hour)
	for name, modified := range map[string]time.Time{"by tag": {}, "by date": long} {
		t.Run(name, func(t *testing.T) {
			asked = nil
			f := serve(t, func(w http.ResponseWriter, r *http.Request, attempt int) {
				asked = append(asked, r.Header.Get("If-Range"))
				if modified.IsZero() {
					w.Header().Set("ETag", `"v1"`)
				}
				http.ServeContent(&cutter{w, map[int]int{1: 5000}[attempt] - attempt + 1}, r, "a.mp4", modified, bytes.NewReader(content))
			})
			_, got, err := f.fetch(t, f.url())
			if err != nil || !bytes.Equal(got, content) {
				t.Fatalf("%d bytes after %d requests, %v\n%s", len(got), f.hits.Load(), err, f.log)
			}
			want := []string{"", `"v1"`}
			if !modified.IsZero() {
				want[1] = long.UTC().Format(http.TimeFormat)
			}
			if diff := cmp.Diff(want, asked); diff != "" {
				t.Errorf("If-Range (-want +got)\n%s", diff)
			}
		})
	}
}

// An attempt that gets on by 1 MiB is none that failed: a long file over a bad line arrives in the end.
func TestAttemptsThatGetOnDoNotCount(t *testing.T) {
	long := bytes.Repeat(content, 80) // 10 MiB
	server := &ranges{etag: `"v1"`, cuts: []int{1 << 20}, file: func(int) []byte { return long }}
	f := serve(t, server.serve)
	f.opts.Retries = 1
	file, got, err := f.fetch(t, f.url())
	if err != nil || !bytes.Equal(got, long) || file.Attempt != 10 {
		t.Errorf("attempt %d, %d bytes, %v", file.Attempt, len(got), err)
	}
	server.cuts, server.asked = []int{1<<20 - 1}, nil
	f.hits.Store(0)
	_, _, err = f.fetch(t, f.url())
	f.expect(t, err, 69, "gave up after 2 attempts: source broke off after 2097150 of 10485760 bytes")
}

func TestAnnouncedDigest(t *testing.T) {
	sum := sha256.Sum256(content)
	right, wrong := base64.StdEncoding.EncodeToString(sum[:]), base64.StdEncoding.EncodeToString(make([]byte, 32))
	f := serve(t, func(w http.ResponseWriter, r *http.Request, attempt int) {
		value := right
		if strings.HasPrefix(r.URL.Path, "/wrong") || strings.HasPrefix(r.URL.Path, "/once") && attempt == 1 {
			value = wrong
		}
		w.Header().Set("Repr-Digest", "sha-256=:"+value+":")
		whole(w)
	})
	if _, got, err := f.fetch(t, f.server.URL+"/right"); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	f.hits.Store(0)
	if file, _, err := f.fetch(t, f.server.URL+"/once"); err != nil || file.Attempt != 2 {
		t.Errorf("attempt %d, %v", file.Attempt, err)
	}
	_, _, err := f.fetch(t, f.server.URL+"/wrong?"+secret)
	f.expect(t, err, 65, fmt.Sprintf("gave up after 3 attempts: source's bytes have the SHA-256 %x, but it announced 0000", sum))
}

// A store that does not need the rest ends the transfer.
func TestStoreMayReturnEarly(t *testing.T) {
	f := serve(t, hang)
	file, err := source.New(f.opts).Fetch(t.Context(), f.url(), func(context.Context, source.File) error { return nil })
	if err != nil || file.Length != int64(len(content)) {
		t.Errorf("length %d, %v", file.Length, err)
	}
	_, err = source.New(f.opts).Fetch(t.Context(), f.url(), func(_ context.Context, file source.File) error {
		if _, err := io.CopyN(io.Discard, file.Body, 100); err != nil {
			return err
		}
		return errors.New("boom")
	})
	f.expect(t, err, 74, "cannot store the file: boom")
}

// A slow or failing writer gets its own error, not the body's.
func TestWriteTo(t *testing.T) {
	f := serve(t, after(0, nil))
	boom := errors.New("boom")
	_, err := source.New(f.opts).Fetch(t.Context(), f.url(), func(_ context.Context, file source.File) error {
		if _, err := io.CopyN(io.Discard, file.Body, 7); err != nil {
			return err
		}
		var rest bytes.Buffer
		if n, err := file.Body.WriteTo(&rest); err != nil || n != int64(len(content)-7) || !bytes.Equal(rest.Bytes(), content[7:]) {
			t.Errorf("wrote %d bytes, %v", n, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	reader, writer := io.Pipe()
	_ = reader.CloseWithError(boom)
	_, err = source.New(f.opts).Fetch(t.Context(), f.url(), func(_ context.Context, file source.File) error {
		_, err := file.Body.WriteTo(writer)
		return err
	})
	if !errors.Is(err, boom) {
		t.Errorf("err = %v", err)
	}
}
