// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
	"github.com/meetingops/meeting-recording-operator/test/harness/objectstore"
)

var s3Server *objectstore.Server

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	folder, err := os.MkdirTemp("", "archive-s3-")
	if err == nil {
		s3Server, err = objectstore.StartS3(context.Background(), folder)
	}
	for key, value := range objectstore.Environment() {
		err = errors.Join(err, os.Setenv(key, value))
	}
	if err != nil {
		log.Print(err)
		return 1
	}
	defer func() {
		s3Server.Stop()
		_ = os.RemoveAll(folder)
	}()
	return m.Run()
}

// large is three parts and a bit, which do not repeat.
var large = func() []byte {
	b := make([]byte, 3*minPartBytes+12345)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(b)
	return b
}()

// newS3Bench archives into a bucket of its own, whose folder it has.
func newS3Bench(t *testing.T, handler http.HandlerFunc) *bench {
	t.Helper()
	b := newBench(t, handler)
	bucket := "bucket-" + strconv.FormatInt(buckets.Add(1), 10)
	b.folder = filepath.Join(s3Server.Folder, bucket)
	if err := os.Mkdir(b.folder, 0o700); err != nil {
		t.Fatal(err)
	}
	b.open(t, s3Server.BucketURL(bucket))
	return b
}

var buckets atomic.Int64

// expectObjects lists what is in the bucket; the server keeps parts that were not removed in a folder of its own.
func (b *bench) expectObjects(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, files(t, b.folder)); diff != "" {
		t.Errorf("in the bucket (-want +got)\n%s", diff)
	}
}

func serveLarge(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", `"v1"`)
	w.Header().Set("Content-Type", "video/mp4")
	http.ServeContent(w, r, "a.mp4", time.Time{}, bytes.NewReader(large))
}

func (b *bench) withMetadata(ctx context.Context) ([]outputs.Output, error) {
	return b.Archive(ctx, Request{SourceURL: b.url, Object: "m/a.mp4", MetadataObject: "m/a.mp4.json", Recording: Recording{MeetingID: "m"}})
}

func TestS3(t *testing.T) {
	for name, content := range map[string][]byte{"small": content, "in parts": large, "one part": large[:minPartBytes], "two parts": large[:minPartBytes+1]} {
		t.Run(name, func(t *testing.T) {
			b := newS3Bench(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) })
			got, err := b.withMetadata(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			size := int64(len(content))
			want := outputs.Output{
				Name: "archive", URL: b.Destination.String() + "/m/a.mp4", MediaType: "video/mp4", SizeBytes: &size, SHA256: digest(content),
			}
			if len(got) != 2 {
				t.Fatalf("outputs = %+v", got)
			}
			if diff := cmp.Diff(want, got[0]); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			b.expectObjects(t, "m/a.mp4", "m/a.mp4.json")
			stored, err := os.ReadFile(filepath.Join(b.folder, "m/a.mp4"))
			if err != nil || !bytes.Equal(stored, content) {
				t.Errorf("stored %d bytes, %v", len(stored), err)
			}
		})
	}
}

func TestS3Prefix(t *testing.T) {
	b := newS3Bench(t, serveContent)
	bucket := filepath.Base(b.folder)
	b.open(t, s3Server.BucketURL(bucket)+"&prefix=recordings/")
	got, err := b.archive(t.Context(), "m/a.mp4")
	if err != nil || got.URL != "s3://"+bucket+"/recordings/m/a.mp4" {
		t.Fatalf("output = %+v, %v", got, err)
	}
	b.expectObjects(t, "recordings/m/a.mp4")
}

// Whatever fails on the way, no object appears, what was there stays, and no parts are left.
func TestS3FailureLeavesNothing(t *testing.T) {
	tests := map[string]struct {
		handler func(w http.ResponseWriter, r *http.Request, stop context.CancelFunc)
		code    int
		text    string
	}{
		"cut for ever": {func(w http.ResponseWriter, _ *http.Request, _ context.CancelFunc) {
			w.Header().Set("Content-Length", strconv.Itoa(len(large)))
			_, _ = w.Write(large[:2*minPartBytes])
			panic(http.ErrAbortHandler)
		}, 69, "source broke off"},
		"cut before the end": {func(w http.ResponseWriter, _ *http.Request, _ context.CancelFunc) {
			w.Header().Set("Content-Length", strconv.Itoa(len(large)))
			_, _ = w.Write(large[:len(large)-1])
			panic(http.ErrAbortHandler)
		}, 69, "source broke off"},
		"small, cut": {func(w http.ResponseWriter, _ *http.Request, _ context.CancelFunc) {
			w.Header().Set("Content-Length", "800000")
			_, _ = w.Write(content[:799_999])
			panic(http.ErrAbortHandler)
		}, 69, "source broke off"},
		"other bytes than announced": {func(w http.ResponseWriter, r *http.Request, _ context.CancelFunc) {
			w.Header().Set("Repr-Digest", "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:")
			serveLarge(w, r)
		}, 65, "but it announced 0000"},
		"interrupted": {func(w http.ResponseWriter, r *http.Request, stop context.CancelFunc) {
			w.Header().Set("Content-Length", strconv.Itoa(len(large)))
			_, _ = w.Write(large[:len(large)-1])
			w.(http.Flusher).Flush()
			stop()
			<-r.Context().Done()
		}, 75, "interrupted"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			b := newS3Bench(t, func(w http.ResponseWriter, r *http.Request) { test.handler(w, r, stop) })
			err := b.Destination.Write(t.Context(), "m/a.mp4", "video/mp4", writeText("before"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = b.withMetadata(ctx)
			expectError(t, err, test.code, test.text)
			b.expectObjects(t, "m/a.mp4")
			if stored, err := os.ReadFile(filepath.Join(b.folder, "m/a.mp4")); string(stored) != "before" {
				t.Errorf("stored = %.20q, %v", stored, err)
			}
		})
	}
}

// A source that is cut again and again is still uploaded once, in one go.
func TestS3SourceIsResumed(t *testing.T) {
	var requests atomic.Int32
	b := newS3Bench(t, func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) <= 2 {
			w = &cutter{w, 2 * minPartBytes / 3}
		}
		serveLarge(w, r)
	})
	got, err := b.withMetadata(t.Context())
	if err != nil || got[0].SHA256 != digest(large) || requests.Load() != 3 {
		t.Fatalf("outputs = %+v, %v, after %d requests", got, err, requests.Load())
	}
	b.expectObjects(t, "m/a.mp4", "m/a.mp4.json")
}

type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(p []byte) (int, error) {
	if c.left -= len(p); c.left < 0 {
		panic(http.ErrAbortHandler)
	}
	return c.ResponseWriter.Write(p)
}

func TestS3Errors(t *testing.T) {
	b := newS3Bench(t, serveLarge)
	bucket := filepath.Base(b.folder)
	tests := map[string]struct {
		env      map[string]string
		url      string
		code     int
		text     string
		metadata bool
	}{
		"no bucket":               {url: s3Server.BucketURL("none"), code: 78, text: "the bucket s3://none does not exist; create it, or correct --destination"},
		"no bucket, met at once":  {url: s3Server.BucketURL("none"), code: 78, text: "the bucket s3://none does not exist", metadata: true},
		"no credentials":          {env: map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, code: 78, text: "no credentials for the destination s3://" + bucket + ": set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the Pod a role"},
		"unknown key":             {env: map[string]string{"AWS_ACCESS_KEY_ID": "other"}, code: 77, text: "was refused; check the credentials, and that they may write there: XAdminUserNotFound"},
		"wrong secret":            {env: map[string]string{"AWS_SECRET_ACCESS_KEY": "other"}, code: 77, text: "was refused", metadata: true},
		"no region":               {env: map[string]string{"AWS_REGION": ""}, url: strings.Replace(s3Server.BucketURL(bucket), "region=us-east-1&", "", 1), code: 78, text: "no region for the destination s3://" + bucket + ": set AWS_REGION, or add ?region="},
		"another region":          {url: strings.Replace(s3Server.BucketURL(bucket), "us-east-1", "eu-west-1", 1), code: 78, text: "is in another region; correct AWS_REGION"},
		"nobody at the endpoint":  {url: "s3://b?use_path_style=true&region=x&endpoint=http://127.0.0.1:1", code: 69, text: "cannot reach the destination s3://b; check its endpoint"},
		"parameter of other type": {url: "s3://b?use_path_style=perhaps", code: 64, text: "the destination's parameters are wrong"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for key, value := range test.env {
				t.Setenv(key, value)
			}
			if test.url == "" {
				test.url = s3Server.BucketURL(bucket)
			}
			destination, err := OpenDestination(t.Context(), test.url)
			if err == nil {
				defer func() { _ = destination.Close() }()
				b.Destination = destination
				if test.metadata {
					_, err = b.withMetadata(t.Context())
				} else {
					_, err = b.archive(t.Context(), "a.mp4")
				}
			}
			expectError(t, err, test.code, test.text)
			b.expectObjects(t)
		})
	}
}

// Answers of services that no server here gives.
func TestCloudErrors(t *testing.T) {
	tests := map[string]struct {
		status int
		code   string
		want   int
		text   string
	}{
		"expired":     {400, "ExpiredToken", 75, "does not accept the file now"},
		"clock":       {403, "RequestTimeTooSkewed", 75, "does not accept the file now"},
		"slow down":   {503, "SlowDown", 75, "does not accept the file now"},
		"full":        {507, "XMinioStorageFull", 74, "is full"},
		"failing":     {500, "InternalError", 69, "failed"},
		"redirect":    {301, "PermanentRedirect", 78, "is in another region"},
		"not allowed": {403, "AccessDenied", 77, "was refused"},
		"other":       {400, "InvalidStorageClass", 74, "refused the file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // the library waits before it tries again
			b := newBench(t, serveContent)
			service := newBench(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/xml")
				w.WriteHeader(test.status)
				_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>because</Message></Error>", test.code)
			})
			b.open(t, "s3://b?use_path_style=true&region=x&endpoint="+strings.TrimSuffix(service.url, "/a.mp4?sig=topsecret"))
			_, err := b.archive(t.Context(), "a.mp4")
			expectError(t, err, test.want, test.text)
			if !strings.HasSuffix(err.Error(), test.code+": because") {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func TestPartsGrowWithTheLimit(t *testing.T) {
	d := &Destination{}
	for limit, want := range map[int64]int64{1: 5 << 20, 20 << 30: 5 << 20, 1 << 40: 1<<40/10_000 + 1} {
		if d.LimitBytes(limit); d.part != want {
			t.Errorf("LimitBytes(%d): parts of %d bytes, want %d", limit, d.part, want)
		}
	}
}

func TestConfirm(t *testing.T) {
	b := newS3Bench(t, serveContent)
	if err := b.Destination.Write(t.Context(), "a", "text/plain", writeText("abc")); err != nil {
		t.Fatal(err)
	}
	if etag, err := b.Destination.confirm(t.Context(), "a", 3); err != nil || etag == "" {
		t.Errorf("etag %q, %v", etag, err)
	}
	_, err := b.Destination.confirm(t.Context(), "a", 4)
	expectError(t, err, sysexits.IOErr, "has 3 bytes of 4; another process may write the same object")
	if etag, err := b.Destination.confirm(t.Context(), "none", 4); err != nil || etag != "" {
		t.Errorf("for an object that may not be asked for: %q, %v", etag, err)
	}
}
