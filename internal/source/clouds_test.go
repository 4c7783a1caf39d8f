// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
	"github.com/meetingops/meeting-recording-operator/test/harness/objectstore"
)

// cloudFile is the file of each bucket, by its path at the provider.
const cloudFile = "/recordings/a b.mp4"

var cloudContent = bytes.Repeat([]byte("0123456789"), 50_000)

// fetchFromCloud reads the file whole and in parts, and what is not there.
func fetchFromCloud(t *testing.T, address string, problems map[string]int) {
	t.Helper()
	open := func(address string) (*Client, *Bucket) {
		bucket, err := OpenBucket(t.Context(), address, "recordings/")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = bucket.Close() })
		opts := Defaults()
		opts.Retries = 0
		return NewBucketClient(bucket, opts), bucket
	}
	fetch := func(client *Client, bucket *Bucket, path string) ([]byte, error) {
		t.Helper()
		located, _, err := bucket.Locate(path)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		_, err = client.Fetch(t.Context(), located, func(_ context.Context, f File) error {
			_, err := io.Copy(&got, f.Body)
			return err
		})
		return got.Bytes(), err
	}
	client, bucket := open(address)
	if got, err := fetch(client, bucket, cloudFile); err != nil || !bytes.Equal(got, cloudContent) {
		t.Errorf("%d bytes of %d: %v", len(got), len(cloudContent), err)
	}
	located, _, err := bucket.Locate(cloudFile)
	if err != nil {
		t.Fatal(err)
	}
	ranges, head, err := client.OpenRanges(t.Context(), located, 15)
	if err != nil || !bytes.Equal(head, cloudContent[:15]) || ranges.Size() != int64(len(cloudContent)) {
		t.Fatalf("head %q: %v", head, err)
	}
	if part, err := ranges.Read(t.Context(), 123_455, 20); err != nil || !bytes.Equal(part, cloudContent[123_455:123_475]) {
		t.Errorf("part %q: %v", part, err)
	}
	if _, err := fetch(client, bucket, "/recordings/none.mp4"); sysexits.Code(err) != sysexits.NoInput {
		t.Errorf("a file that is not there: exit code %d, want %d: %v", sysexits.Code(err), sysexits.NoInput, err)
	}
	for other, want := range problems {
		client, bucket := open(other)
		if _, err := fetch(client, bucket, cloudFile); sysexits.Code(err) != want {
			t.Errorf("%s: exit code %d, want %d: %v", other, sysexits.Code(err), want, err)
		}
	}
}

// keep puts the file into a bucket of a server whose buckets are folders.
func keep(t *testing.T, server *objectstore.Server, address string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(server.Folder, "bucket"), 0o700); err != nil {
		t.Fatal(err)
	}
	bucket, err := OpenBucket(t.Context(), address, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = bucket.Close() }()
	if err := bucket.bucket.WriteAll(t.Context(), strings.TrimPrefix(cloudFile, "/"), cloudContent, nil); err != nil {
		t.Fatal(err)
	}
}

// TestS3Source is versitygw.
func TestS3Source(t *testing.T) {
	server, err := objectstore.StartS3(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	for name, value := range objectstore.Environment() {
		t.Setenv(name, value)
	}
	keep(t, server, server.BucketURL("bucket"))
	fetchFromCloud(t, server.BucketURL("bucket"), map[string]int{server.BucketURL("none"): sysexits.NoInput})
	t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
	client, err := OpenBucket(t.Context(), server.BucketURL("bucket"), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	located, _, err := client.Locate(cloudFile)
	if err != nil {
		t.Fatal(err)
	}
	_, err = NewBucketClient(client, Defaults()).Fetch(t.Context(), located, func(context.Context, File) error { return nil })
	if sysexits.Code(err) != sysexits.NoPerm {
		t.Errorf("a wrong secret: exit code %d, want %d: %v", sysexits.Code(err), sysexits.NoPerm, err)
	}
}

// TestGoogleSource is Google Cloud Storage, as fake-gcs-server imitates it.
func TestGoogleSource(t *testing.T) {
	server, err := objectstore.StartGCS(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	t.Setenv("STORAGE_EMULATOR_HOST", strings.TrimPrefix(server.Endpoint, "http://"))
	keep(t, server, "gs://bucket")
	fetchFromCloud(t, "gs://bucket", map[string]int{"gs://none": sysexits.NoInput})
}

// TestAzureSource is as much of Azure Blob Storage as reading needs.
func TestAzureSource(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fail := func(status int, code string) {
			w.Header().Set("x-ms-error-code", code)
			w.WriteHeader(status)
		}
		name, isOurs := strings.CutPrefix(r.URL.Path, "/account/bucket/")
		switch {
		case strings.HasPrefix(r.URL.Path, "/account/forbidden/"):
			fail(http.StatusForbidden, "AuthorizationPermissionMismatch")
		case !isOurs:
			fail(http.StatusNotFound, "ContainerNotFound")
		case "/"+name != cloudFile:
			fail(http.StatusNotFound, "BlobNotFound")
		default:
			if part := r.Header.Get("x-ms-range"); part != "" {
				r.Header.Set("Range", part)
			}
			w.Header().Set("ETag", `"version1"`)
			w.Header().Set("x-ms-creation-time", "Mon, 01 Jun 2026 10:00:00 GMT")
			http.ServeContent(w, r, "a.mp4", time.Date(2026, 6, 1, 10, 0, 0, 0, time.UTC), bytes.NewReader(cloudContent))
		}
	}))
	defer server.Close()
	// The driver reads this once in the life of a process.
	t.Setenv("AZURE_STORAGE_CONNECTION_STRING", "DefaultEndpointsProtocol=http;AccountName=account;AccountKey=a2V5;BlobEndpoint="+server.URL+"/account")
	fetchFromCloud(t, "azblob://bucket", map[string]int{"azblob://none": sysexits.NoInput, "azblob://forbidden": sysexits.NoPerm})
}
