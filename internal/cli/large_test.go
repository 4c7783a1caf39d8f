// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

var manyRecordings = flag.Int("list.recordings", 20_000, "how many recordings TestListOfManyRecordings has; the promise is about 100,000")

// maxMemory is what the plugin may take for a list of 100,000 recordings.
const maxMemory = 100 << 20

// TestListOfManyRecordings: the first line is printed within a second, before the second page has come, every recording is printed, and memory stays
// below its bound, in each format. The API server is a stand-in, since it would take minutes to fill a real one.
func TestListOfManyRecordings(t *testing.T) {
	binary, err := harness.Binary("kubectl-recording")
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"", "name", "json"} {
		t.Run("-o "+format, func(t *testing.T) {
			firstPage, secondPage := make(chan time.Time, 1), make(chan struct{})
			server := httptest.NewServer(pages(t, firstPage, secondPage))
			defer server.Close()
			kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
			if err := controlplane.WriteKubeconfig(kubeconfig, server.URL, "token"); err != nil {
				t.Fatal(err)
			}
			args := []string{"list", "-n", "meetings", "--kubeconfig", kubeconfig}
			if format != "" {
				args = append(args, "-o", format)
			}
			command := exec.CommandContext(t.Context(), binary, args...)
			var stderr bytes.Buffer
			command.Stderr = &stderr
			stdout, err := command.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewReader(stdout)
			if _, err := lines.ReadString('\n'); err != nil && format != "name" {
				t.Fatalf("no first line: %v, %s", err, stderr.String())
			}
			firstLine := time.Since(<-firstPage)
			close(secondPage)
			rest, err := io.ReadAll(lines)
			if err != nil {
				t.Fatal(err)
			}
			if err := command.Wait(); err != nil {
				t.Fatalf("%v: %s", err, stderr.String())
			}
			if got := strings.Count(string(rest), "rec-"); got < *manyRecordings-1 {
				t.Errorf("%d recordings are printed", got)
			}
			usage := command.ProcessState.SysUsage().(*syscall.Rusage)
			peak := usage.Maxrss * 1024
			t.Logf("first line %s after the first page was sent; peak memory %d MiB", firstLine, peak>>20)
			if firstLine > time.Second {
				t.Errorf("the first line came %s after the first page", firstLine)
			}
			if peak > maxMemory {
				t.Errorf("peak memory is %d MiB, more than %d", peak>>20, maxMemory>>20)
			}
		})
	}
}

// pages serves a list page by page. It says when the first has been sent, and holds back the second.
func pages(t *testing.T, firstPage chan<- time.Time, secondPage <-chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		from, _ := strconv.Atoi(r.URL.Query().Get("continue"))
		limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
		if err != nil || limit > 500 {
			http.Error(w, "no limit", http.StatusBadRequest)
			return
		}
		if from > 0 {
			select {
			case <-secondPage:
			case <-r.Context().Done():
				return
			}
		}
		list := v1alpha1.MeetingRecordingList{TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "MeetingRecordingList"}}
		list.ResourceVersion = "1"
		for i := from; i < min(from+limit, *manyRecordings); i++ {
			list.Items = append(list.Items, large(i))
		}
		if next := from + limit; next < *manyRecordings {
			list.Continue = strconv.Itoa(next)
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(list); err != nil {
			t.Log(err) // the plugin has ended
		}
		if from == 0 {
			firstPage <- time.Now()
		}
	}
}

// large is a recording of a usual size.
func large(i int) v1alpha1.MeetingRecording {
	r := *finished("meetings", fmt.Sprintf("rec-%06d", i))
	setFinished(&r)
	r.APIVersion, r.Kind = v1alpha1.GroupVersion.String(), "MeetingRecording"
	r.CreationTimestamp = metav1.Now()
	r.Status.Processing.Steps[0].Message = strings.Repeat("x", 1000)
	if i%100 == 99 {
		r.Status.Conditions = append(r.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue})
	}
	return r
}
