// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// bucketOf returns a client of a bucket with one file, and that file's URL.
func bucketOf(t *testing.T, content []byte) (*Client, *Bucket, string) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "a b.mp4"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	bucket, err := OpenBucket(t.Context(), "file://"+folder, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bucket.Close() })
	address, name, err := bucket.Locate("/a b.mp4")
	if err != nil || name != "file://"+folder+"/a b.mp4" {
		t.Fatalf("%s, %v", name, err)
	}
	opts := Defaults()
	opts.Retries = 0
	return NewBucketClient(bucket, opts), bucket, address
}

func TestBucketFetch(t *testing.T) {
	content := bytes.Repeat([]byte("recorded"), 50_000)
	client, _, address := bucketOf(t, content)
	var got bytes.Buffer
	file, err := client.Fetch(t.Context(), address, func(_ context.Context, f File) error {
		_, err := io.Copy(&got, f.Body)
		return err
	})
	if err != nil || !bytes.Equal(got.Bytes(), content) || file.Length != int64(len(content)) || file.Validator == "" {
		t.Errorf("%d bytes, %+v, %v", got.Len(), file, err)
	}
}

func TestBucketRanges(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 1000)
	client, _, address := bucketOf(t, content)
	ranges, head, err := client.OpenRanges(t.Context(), address, 25)
	if err != nil || !bytes.Equal(head, content[:25]) || ranges.Size() != int64(len(content)) {
		t.Fatalf("%q, %v", head, err)
	}
	for _, part := range [][2]int64{{5, 10}, {9_990, 10}, {9_995, 100}} {
		got, err := ranges.Read(t.Context(), part[0], part[1])
		if err != nil || !bytes.Equal(got, content[part[0]:min(part[0]+part[1], int64(len(content)))]) {
			t.Errorf("part %v: %q, %v", part, got, err)
		}
	}
}

// TestBucketAnswers is about parts and conditions, as HTTP has them.
func TestBucketAnswers(t *testing.T) {
	content := []byte("0123456789")
	_, bucket, address := bucketOf(t, content)
	get := func(header map[string]string) *http.Response {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range header {
			request.Header.Set(name, value)
		}
		response, err := bucket.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = response.Body.Close() })
		return response
	}
	etag := get(nil).Header.Get("ETag") //nolint:bodyclose // get closes it with the test
	for _, tc := range []struct {
		header map[string]string
		status int
		body   string
	}{
		{nil, 200, "0123456789"},
		{map[string]string{"Range": "bytes=4-"}, 206, "456789"},
		{map[string]string{"Range": "bytes=4-6", "If-Range": etag}, 206, "456"},
		{map[string]string{"Range": "bytes=4-6", "If-Range": `"another"`}, 200, "0123456789"},
		{map[string]string{"Range": "bytes=10-"}, 416, ""},
		{map[string]string{"Range": "bytes=-3"}, 200, "0123456789"},
		{map[string]string{"Range": "lines=1-2"}, 200, "0123456789"},
	} {
		response := get(tc.header) //nolint:bodyclose // get closes it with the test
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != tc.status || string(body) != tc.body {
			t.Errorf("%v: %d %q, %v", tc.header, response.StatusCode, body, err)
		}
	}
}

// TestBucketIsConfined: its client reaches nothing else, whatever the path or the URL says.
func TestBucketIsConfined(t *testing.T) {
	client, bucket, _ := bucketOf(t, []byte("x"))
	bucket.prefix = "videos/"
	for path, want := range map[string]int{
		"/videos/a.mp4": 0, "videos/a.mp4": 0,
		"": sysexits.Usage, "/": sysexits.Usage,
		"/other/a.mp4": sysexits.NoPerm, "videos": sysexits.NoPerm, "/videos/../a.mp4": sysexits.NoPerm, "/videos//a.mp4": sysexits.NoPerm,
		"videos/./a.mp4": sysexits.NoPerm, `videos\a.mp4`: sysexits.NoPerm, "videos/a\x00.mp4": sysexits.NoPerm, "/videos/": sysexits.NoPerm,
	} {
		_, _, err := bucket.Locate(path)
		if got := sysexits.Code(err); got != want {
			t.Errorf("%q: exit code %d, want %d: %v", path, got, want, err)
		}
	}
	_, err := client.Fetch(t.Context(), "https://elsewhere.videosdk.live/a.mp4", func(context.Context, File) error { return nil })
	if exit := new(sysexits.ExitError); !errors.As(err, &exit) || exit.Code != sysexits.NoPerm {
		t.Errorf("another host: %v", err)
	}
}

// TestBucketPrefixIsAFolder: however it is written, it admits no other folder whose name begins in the same way.
func TestBucketPrefixIsAFolder(t *testing.T) {
	folder := "file://" + t.TempDir()
	for prefix, admitted := range map[string][]string{
		"":           {"recordings", "recordings/a.mp4", "recordings/2026/a.mp4", "recordings-x/a.mp4", "recordings.mp4", "other/a.mp4"},
		"/":          {"recordings", "recordings/a.mp4", "recordings/2026/a.mp4", "recordings-x/a.mp4", "recordings.mp4", "other/a.mp4"},
		"recordings": {"recordings/a.mp4", "recordings/2026/a.mp4"}, "recordings/": {"recordings/a.mp4", "recordings/2026/a.mp4"},
		"/recordings//": {"recordings/a.mp4", "recordings/2026/a.mp4"}, "recordings/2026": {"recordings/2026/a.mp4"},
		"recordings/20": nil, "record": nil, "..": nil, "recordings/..": nil,
	} {
		bucket, err := OpenBucket(t.Context(), folder, prefix)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"recordings", "recordings/a.mp4", "recordings/2026/a.mp4", "recordings-x/a.mp4", "recordings.mp4", "other/a.mp4"} {
			want := sysexits.NoPerm
			if slices.Contains(admitted, file) {
				want = 0
			}
			if _, _, err := bucket.Locate(file); sysexits.Code(err) != want {
				t.Errorf("prefix %q, file %q: exit code %d, want %d: %v", prefix, file, sysexits.Code(err), want, err)
			}
		}
		if err := bucket.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestBucketFollowsNoLinkOut: a link within the prefix's folder is followed, and none out of it.
func TestBucketFollowsNoLinkOut(t *testing.T) {
	folder, outside := t.TempDir(), t.TempDir()
	for _, name := range []string{filepath.Join(outside, "secret"), filepath.Join(folder, "secret"), filepath.Join(folder, "videos", "2026", "a.mp4")} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte("x"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{
		"within.mp4": "2026/a.mp4", "beside.mp4": "../secret", "absolute.mp4": filepath.Join(outside, "secret"), "folder": "..", "nowhere.mp4": "../../nothing", "loop.mp4": "loop.mp4",
	} {
		if err := os.Symlink(target, filepath.Join(folder, "videos", name)); err != nil {
			t.Fatal(err)
		}
	}
	bucket, err := OpenBucket(t.Context(), "file://"+folder, "videos/")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = bucket.Close() }()
	opts := Defaults()
	opts.Retries = 0
	client := NewBucketClient(bucket, opts)
	for file, want := range map[string]int{
		"2026/a.mp4": 0, "within.mp4": 0, "beside.mp4": sysexits.NoPerm, "absolute.mp4": sysexits.NoPerm, "folder/secret": sysexits.NoPerm,
		"nowhere.mp4": sysexits.NoPerm, "loop.mp4": sysexits.NoPerm, "none.mp4": sysexits.NoInput,
	} {
		address, _, err := bucket.Locate("/videos/" + file)
		if err == nil {
			_, err = client.Fetch(t.Context(), address, func(_ context.Context, f File) error {
				_, err := io.Copy(io.Discard, f.Body)
				return err
			})
		}
		if got := sysexits.Code(err); got != want {
			t.Errorf("%s: exit code %d, want %d: %v", file, got, want, err)
		}
	}
	// A link that appears after the path was checked is not followed either.
	address, _, err := bucket.Locate("/videos/2026/a.mp4")
	file := filepath.Join(folder, "videos", "2026", "a.mp4")
	if err = errors.Join(err, os.Remove(file), os.Symlink(filepath.Join(outside, "secret"), file)); err != nil {
		t.Fatal(err)
	}
	if _, err = client.Fetch(t.Context(), address, func(context.Context, File) error { return nil }); sysexits.Code(err) != sysexits.NoPerm {
		t.Errorf("a link that appeared later: %v", err)
	}
}
