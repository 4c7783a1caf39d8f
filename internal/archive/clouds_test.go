// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/meetingops/meeting-recording-operator/test/harness/objectstore"
)

// archiveTwice archives to a bucket, and finds the file unchanged the second time.
func archiveTwice(t *testing.T, b *bench) {
	t.Helper()
	for _, want := range []string{"msg=Archived ", "Already archived"} {
		b.log.Reset()
		made, err := b.withMetadata(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if made[0].SHA256 != digest(large) || made[0].URL != b.Destination.String()+"/m/a.mp4" || !strings.Contains(b.log.String(), want) {
			t.Errorf("outputs = %+v, log %s", made, b.log)
		}
	}
	stored, err := b.Destination.bucket.ReadAll(t.Context(), "m/a.mp4")
	if err != nil || !bytes.Equal(stored, large) {
		t.Errorf("stored %d bytes, %v", len(stored), err)
	}
}

// Google Cloud Storage, as a server imitates it.
func TestGoogle(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), "none"))
	t.Setenv("STORAGE_EMULATOR_HOST", "")
	_, err := OpenDestination(t.Context(), "gs://recordings")
	expectError(t, err, 78, "no credentials for the destination gs://recordings: set GOOGLE_APPLICATION_CREDENTIALS, or give the Pod workload identity")
	server, err := objectstore.StartGCS(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	t.Setenv("STORAGE_EMULATOR_HOST", strings.TrimPrefix(server.Endpoint, "http://"))
	if err := os.Mkdir(filepath.Join(server.Folder, "recordings"), 0o700); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, serveLarge)
	b.open(t, "gs://recordings")
	archiveTwice(t, b)

	b.open(t, "gs://none")
	_, err = b.archive(t.Context(), "a.mp4")
	expectError(t, err, 78, "the bucket gs://none does not exist; create it, or correct --destination")
	_, err = OpenDestination(t.Context(), "gs://recordings?bogus=1")
	expectError(t, err, 64, "the destination's parameters are wrong")

	broken := archiveBroken(t, "gs://recordings")
	if exists, err := broken.Destination.bucket.Exists(t.Context(), "broken.mp4"); err != nil || exists {
		t.Errorf("exists = %v, %v", exists, err)
	}
}

// archiveBroken archives a recording that breaks off, and returns what did.
func archiveBroken(t *testing.T, destination string) *bench {
	t.Helper()
	broken := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(large)))
		_, _ = w.Write(large[:len(large)-1])
		panic(http.ErrAbortHandler)
	})
	broken.open(t, destination)
	_, err := broken.archive(t.Context(), "broken.mp4")
	expectError(t, err, 69, "source broke off")
	return broken
}

// azure is as much of Azure Blob Storage as an archive needs. It has one container, "recordings".
type azure struct {
	mu     sync.Mutex
	blocks map[string][]byte
	blobs  map[string][]byte
}

func (a *azure) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	name, ok := strings.CutPrefix(r.URL.Path, "/account/recordings/")
	switch {
	case strings.HasPrefix(r.URL.Path, "/account/forbidden/"):
		a.fail(w, http.StatusForbidden, "AuthorizationPermissionMismatch")
	case !ok:
		a.fail(w, http.StatusNotFound, "ContainerNotFound")
	case r.Method == http.MethodPut && r.URL.Query().Get("comp") == "block":
		a.blocks[r.URL.Query().Get("blockid")] = body
		w.WriteHeader(http.StatusCreated)
	case r.Method == http.MethodPut && r.URL.Query().Get("comp") == "blocklist":
		var list struct{ Latest []string }
		_ = xml.Unmarshal(body, &list)
		var whole []byte
		for _, id := range list.Latest {
			whole = append(whole, a.blocks[id]...)
		}
		a.blobs[name] = whole
		w.WriteHeader(http.StatusCreated)
	case r.Method == http.MethodPut:
		a.blobs[name] = body
		w.WriteHeader(http.StatusCreated)
	case a.blobs[name] == nil:
		a.fail(w, http.StatusNotFound, "BlobNotFound")
	default:
		blob := a.blobs[name]
		w.Header().Set("ETag", fmt.Sprintf("%q", digest(blob)[:16]))
		for _, name := range []string{"Last-Modified", "x-ms-creation-time"} {
			w.Header().Set(name, "Mon, 01 Jun 2026 10:00:00 GMT")
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(blob)))
		_, _ = w.Write(blob)
	}
}

func (a *azure) fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("x-ms-error-code", code)
	w.WriteHeader(status)
}

// Azure Blob Storage, as far as it is imitated above.
func TestAzure(t *testing.T) {
	_, err := OpenDestination(t.Context(), "azblob://recordings")
	expectError(t, err, 78, "no storage account for the destination azblob://recordings: set AZURE_STORAGE_ACCOUNT, or add ?storage_account=")
	store := &azure{blocks: map[string][]byte{}, blobs: map[string][]byte{}}
	server := httptest.NewServer(store)
	defer server.Close()
	// The driver reads this once in the life of a process.
	t.Setenv("AZURE_STORAGE_CONNECTION_STRING", "DefaultEndpointsProtocol=http;AccountName=account;AccountKey=a2V5;BlobEndpoint="+server.URL+"/account")

	b := newBench(t, serveLarge)
	b.open(t, "azblob://recordings")
	archiveTwice(t, b)

	b.open(t, "azblob://none")
	_, err = b.archive(t.Context(), "a.mp4")
	expectError(t, err, 78, "the bucket azblob://none does not exist; create it, or correct --destination: ContainerNotFound")
	b.open(t, "azblob://forbidden")
	_, err = b.archive(t.Context(), "a.mp4")
	expectError(t, err, 77, "access to the destination azblob://forbidden was refused")

	archiveBroken(t, "azblob://recordings")
	store.mu.Lock()
	defer store.mu.Unlock()
	var names []string
	for name := range store.blobs {
		names = append(names, name)
	}
	if slices.Sort(names); !slices.Equal(names, []string{"m/a.mp4", "m/a.mp4.json"}) {
		t.Errorf("blobs: %v", names)
	}
}

// Errors of services' libraries that have no type of their own, and URLs that have signatures.
func TestErrorsWithoutAnswer(t *testing.T) {
	d := &Destination{base: url.URL{Scheme: "azblob", Host: "recordings"}}
	signed := &url.Error{Op: "Put", URL: "https://account.blob.core.windows.net/a?sig=topsecret", Err: errors.New("connection refused")}
	for name, test := range map[string]struct {
		err  error
		code int
		text string
	}{
		"signed URL":     {fmt.Errorf("put: %w", signed), 69, "check its endpoint, and network policies: connection refused"},
		"Azure identity": {errors.New("DefaultAzureCredential: failed to acquire a token"), 78, "no credentials for the destination azblob://recordings"},
		"any":            {io.ErrShortWrite, 74, "cannot write to the destination azblob://recordings: short write"},
	} {
		err := d.ioError(test.err)
		if expectError(t, err, test.code, test.text); strings.Contains(err.Error(), "topsecret") {
			t.Errorf("%s: a secret is revealed: %v", name, err)
		}
	}
}
