// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/creack/pty"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// terminal collects what a program writes to a terminal.
type terminal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *terminal) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *terminal) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

var escapes = regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]")

// TestWatchOnTerminal: on a terminal of 40 columns the tree is updated in place, no line is wider, and the command ends when the
// recording is done.
func TestWatchOnTerminal(t *testing.T) {
	namespace := api.Namespace(t)
	recording := &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "rec"},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "a-meeting-with-a-rather-long-name-that-does-not-fit", SessionID: "s", Segment: 1},
	}
	api.Create(t, recording)
	binary, err := harness.Binary("kubectl-recording")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), binary, "get", "-n", namespace, "rec", "-w", "--kubeconfig", api.Kubeconfig)
	command.Env = append(command.Environ(), "TERM=xterm")
	tty, err := pty.StartWithSize(command, &pty.Winsize{Rows: 20, Cols: 40})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tty.Close() }()
	var screen terminal
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := tty.Read(buffer)
			_, _ = screen.Write(buffer[:n])
			if err != nil {
				return // the program has ended
			}
		}
	}()
	shows := func(text string) func(context.Context) error {
		return func(context.Context) error {
			if !strings.Contains(screen.String(), text) {
				return fmt.Errorf("the terminal shows %q", screen.String())
			}
			return nil
		}
	}
	harness.Eventually(t, "the tree is shown", shows("No event of the provider has arrived."))

	recording.Status.ObservedGeneration = recording.Generation
	recording.Status.Recording = v1alpha1.RecordingStatus{State: v1alpha1.RecordingStopped, Events: []v1alpha1.RecordingEvent{}}
	recording.Status.Processing.State = v1alpha1.ProcessingSucceeded
	recording.Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: "Processed", ObservedGeneration: recording.Generation, LastTransitionTime: metav1.Now(),
	}}
	if err := api.Client.Status().Update(t.Context(), recording); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Fatalf("%v; the terminal shows %q", err, screen.String())
	}
	harness.Eventually(t, "the tree is updated in place", shows("A\r\x1b[J"))
	harness.Eventually(t, "states have colors", shows("\x1b[32mSucceeded\x1b[0m"))
	for line := range strings.Lines(escapes.ReplaceAllString(screen.String(), "")) {
		if line = strings.Trim(line, "\r\n"); utf8.RuneCountInString(line) > 40 {
			t.Errorf("%q is wider than the terminal", line)
		}
	}
}

// TestClosedPipe: a reader that has seen enough is not an error.
func TestClosedPipe(t *testing.T) {
	namespace := api.Namespace(t)
	for i := range 50 {
		api.Create(t, &v1alpha1.MeetingRecording{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("rec-%d", i)},
			Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "m", SessionID: fmt.Sprint(i), Segment: 1},
		})
	}
	binary, err := harness.Binary("kubectl-recording")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), binary, "list", "-n", namespace, "--kubeconfig", api.Kubeconfig)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(command.Start(), stdout.Close(), command.Wait()); err != nil || stderr.Len() > 0 {
		t.Errorf("%v: %s", err, stderr.String())
	}
}
