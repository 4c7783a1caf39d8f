// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// TestDownloadOutputs: names and URLs come from containers. No file is written outside the directory, none is replaced by another output or
// by half of one, and one that fails does not stop the others.
func TestDownloadOutputs(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cut.mp4":
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("half")) // the test sees what arrives
		case "/gone.mp4":
			http.NotFound(w, r)
		default:
			_, _ = w.Write([]byte("film")) // the test sees what arrives
		}
	}))
	defer server.Close()
	digest := sha256.Sum256([]byte("film"))
	right, wrong := hex.EncodeToString(digest[:]), strings.Repeat("0", 64)

	namespace := api.Namespace(t)
	r := finished(namespace, "rec")
	api.Create(t, r)
	setFinished(r)
	step := func(pipeline, name string, outputs ...v1alpha1.StepOutput) {
		r.Status.Processing.Steps = append(r.Status.Processing.Steps, v1alpha1.StepStatus{Pipeline: pipeline, Step: name, Attempt: 1, State: v1alpha1.StepSucceeded, Outputs: outputs})
	}
	r.Status.Processing.Steps = nil
	step("web", "archive",
		v1alpha1.StepOutput{Name: "good", URL: server.URL + "/a.mp4?signature=x", SHA256: right},
		v1alpha1.StepOutput{Name: "../../escape", URL: server.URL + "/b.mp4"},
		v1alpha1.StepOutput{Name: "..", URL: server.URL + "/c/..%2f..%2fd"},
		v1alpha1.StepOutput{Name: "a\x1b[2Jb\\c:d", URL: server.URL + "/e.m$p4"},
		v1alpha1.StepOutput{Name: "changed", URL: server.URL + "/f.mp4", SHA256: wrong},
		v1alpha1.StepOutput{Name: "cut", URL: server.URL + "/cut.mp4"},
		v1alpha1.StepOutput{Name: "gone", URL: server.URL + "/gone.mp4"},
		v1alpha1.StepOutput{Name: "values"},
		v1alpha1.StepOutput{Name: "bucket", URL: "s3://bucket/1.mp4"},
	)
	step("web-archive", "a", v1alpha1.StepOutput{Name: "b", URL: server.URL + "/a.mp4"})
	step("web", "archive-a", v1alpha1.StepOutput{Name: "b", URL: server.URL + "/a.mp4"}, v1alpha1.StepOutput{Name: "B", URL: server.URL + "/a.mp4"})
	step("other", "archive", v1alpha1.StepOutput{Name: "good", URL: server.URL + "/a.mp4"})
	if err := api.Client.Status().Update(t.Context(), r); err != nil {
		t.Fatal(err)
	}

	directory := filepath.Join(t.TempDir(), "in", "here")
	stdout, stderr, code := run(t.Context(), "outputs", "-n", namespace, "rec", "--download", directory)
	if code != 1 {
		t.Errorf("%d, %s, %s", code, stdout, stderr)
	}
	for _, want := range []string{
		"download web/archive/changed: the SHA-256 is", "download web/archive/cut: unexpected EOF", "download web/archive/gone: the server responded 404",
		"web/archive/bucket: left out, not an http or https URL: s3://bucket/1.mp4",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is not said: %s", want, stderr)
		}
	}
	var files []string
	err := filepath.WalkDir(filepath.Dir(filepath.Dir(directory)), func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			relative, _ := filepath.Rel(directory, path)
			files = append(files, relative)
		}
		return err
	})
	want := []string{"other-archive-good.mp4", "web-archive-..", "web-archive-.._.._escape.mp4", "web-archive-a-B-3.mp4", "web-archive-a-b-2.mp4", "web-archive-a-b.mp4", "web-archive-a__2Jb_c_d.m_p4", "web-archive-good.mp4"}
	if diff := cmp.Diff(want, files); diff != "" || err != nil {
		t.Errorf("files (-want +got): %s, %v", diff, err)
	}

	// Again: the same files, in place of the ones before.
	again, _, _ := run(t.Context(), "outputs", "-n", namespace, "rec", "--download", directory)
	if again != stdout {
		t.Errorf("again: %s, before: %s", again, stdout)
	}
}
