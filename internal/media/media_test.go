// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	_ "gocloud.dev/blob/fileblob"

	"github.com/meetingops/meeting-recording-operator/internal/archive"
	"github.com/meetingops/meeting-recording-operator/internal/media"
	"github.com/meetingops/meeting-recording-operator/internal/media/ffmpeg"
	"github.com/meetingops/meeting-recording-operator/internal/media/input"
	"github.com/meetingops/meeting-recording-operator/internal/media/probe"
	"github.com/meetingops/meeting-recording-operator/internal/outputs"
	"github.com/meetingops/meeting-recording-operator/internal/progress"
	"github.com/meetingops/meeting-recording-operator/internal/source"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// fixture is a step on a recording that a server has.
type fixture struct {
	media.Step
	folder string // of the destination
	log    *bytes.Buffer
	wire   atomic.Int64 // bytes of bodies that the server sent
}

// newFixture serves a file, in parts unless whole.
func newFixture(t *testing.T, path string, whole bool) *fixture {
	t.Helper()
	f := &fixture{folder: t.TempDir(), log: &bytes.Buffer{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if whole {
			r.Header.Del("Range")
		}
		w.Header().Set("Content-Type", "video/mp4")
		http.ServeFile(&counter{w, &f.wire}, r, path)
	}))
	t.Cleanup(server.Close)
	opts := source.Defaults()
	rule, err := source.ParseHostRule(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	opts.Hosts, opts.AllowHTTP, opts.AllowPrivateAddresses, opts.Retries = []source.HostRule{rule}, true, true, 0
	client := source.New(opts)
	t.Cleanup(client.Close)
	destination, err := archive.OpenDestination(t.Context(), "file://"+f.folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = destination.Close() })
	console := progress.New(f.log)
	log := console.Logger()
	f.Step = media.Step{
		Recording: input.Recording{URL: server.URL + "/recording.mp4", Client: client},
		Tools:     ffmpeg.Tools{FFmpeg: "ffmpeg", FFprobe: "ffprobe", Threads: 2, Log: log},
		Scratch:   t.TempDir(), Destination: destination, Prefix: "m/", Log: log,
		Progress: console,
	}
	t.Cleanup(func() { f.expectEmptyScratch(t) })
	return f
}

type counter struct {
	http.ResponseWriter
	sent *atomic.Int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.sent.Add(int64(n))
	return n, err
}

func (f *fixture) expectEmptyScratch(t *testing.T) {
	t.Helper()
	if left, err := os.ReadDir(f.Scratch); err == nil && len(left) > 0 {
		t.Errorf("%v was left in the scratch folder", left)
	}
}

// path returns where an output is stored, having checked its size and digest.
func (f *fixture) path(t *testing.T, msg outputs.Message, name string) string {
	t.Helper()
	for _, output := range msg.Outputs {
		if output.Name != name {
			continue
		}
		path := strings.TrimPrefix(output.URL, "file://")
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		if *output.SizeBytes != int64(len(content)) || output.SHA256 != hex.EncodeToString(sum[:]) || !strings.HasPrefix(path, f.folder+"/m/") {
			t.Errorf("%+v, but it has %d bytes at %s", output, len(content), path)
		}
		return path
	}
	t.Fatalf("no output %s in %+v\n%s", name, msg, f.log)
	return ""
}

func (f *fixture) values(t *testing.T, msg outputs.Message, name string) map[string]any {
	t.Helper()
	for _, output := range msg.Outputs {
		if output.Name == name {
			return output.Values
		}
	}
	t.Fatalf("no output %s in %+v\n%s", name, msg, f.log)
	return nil
}

// inspect asks ffprobe of a file that was made.
func inspect(t *testing.T, path string) probe.Info {
	t.Helper()
	text, err := ffmpeg.Tools{FFprobe: "ffprobe", Dir: t.TempDir()}.Probe(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := probe.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func picture(t *testing.T, path string) image.Image {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	img, _, err := image.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func must(t *testing.T, f *fixture) func(outputs.Message, error) outputs.Message {
	t.Helper()
	return func(msg outputs.Message, err error) outputs.Message {
		t.Helper()
		if err != nil {
			t.Fatalf("%v\n%s", err, f.log)
		}
		if _, err := msg.Marshal(); err != nil {
			t.Errorf("the message cannot be written: %v", err)
		}
		return msg
	}
}

// expect checks an error's code and text, and that nothing was stored.
func (f *fixture) expect(t *testing.T, err error, code int, text string) {
	t.Helper()
	if err == nil || sysexits.Code(err) != code || !strings.Contains(err.Error(), text) {
		t.Errorf("err = %v (%d), want %d and %q\n%s", err, sysexits.Code(err), code, text, f.log)
	}
	_ = filepath.WalkDir(f.folder, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			t.Errorf("%s was stored", path)
		}
		return err
	})
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// cut writes the first share of a file into another.
func cut(t *testing.T, path string, share float64) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	short := filepath.Join(t.TempDir(), "cut"+filepath.Ext(path))
	if err := os.WriteFile(short, content[:int(float64(len(content))*share)], 0o600); err != nil {
		t.Fatal(err)
	}
	return short
}

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "recording.mp4")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
