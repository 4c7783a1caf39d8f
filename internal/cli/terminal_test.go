// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/creack/pty"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/cli/view"
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

// onTerminalProgram is the plugin on a terminal of 40 columns.
type onTerminalProgram struct {
	*exec.Cmd
	tty    *os.File
	screen terminal
}

func onTerminal(t *testing.T, environment []string, args ...string) *onTerminalProgram {
	t.Helper()
	binary, err := harness.Binary("kubectl-recording")
	if err != nil {
		t.Fatal(err)
	}
	program := &onTerminalProgram{Cmd: exec.CommandContext(t.Context(), binary, append(args, "--kubeconfig", api.Kubeconfig)...)}
	program.Env = append(append(os.Environ(), "TERM=xterm", "NO_COLOR="), environment...)
	if program.tty, err = pty.StartWithSize(program.Cmd, &pty.Winsize{Rows: 20, Cols: 40}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.tty.Close() })
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := program.tty.Read(buffer)
			_, _ = program.screen.Write(buffer[:n])
			if err != nil {
				return // the program has ended
			}
		}
	}()
	return program
}

func (p *onTerminalProgram) shows(text string) func(context.Context) error {
	return func(context.Context) error {
		if !strings.Contains(p.screen.String(), text) {
			return fmt.Errorf("the terminal shows %q", p.screen.String())
		}
		return nil
	}
}

// TestNoColor: with NO_COLOR nothing but text is written to a terminal.
func TestNoColor(t *testing.T) {
	namespace := api.Namespace(t)
	r := finished(namespace, "rec")
	api.Create(t, r)
	setFinished(r)
	if err := api.Client.Status().Update(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"list", "get"} {
		args := []string{command, "-n", namespace}
		if command == "get" {
			args = append(args, "rec")
		}
		for color, environment := range map[bool][]string{true: nil, false: {"NO_COLOR=1"}} {
			program := onTerminal(t, environment, args...)
			if err := program.Wait(); err != nil {
				t.Fatal(err)
			}
			harness.Eventually(t, command, program.shows("Succeeded"))
			if strings.Contains(program.screen.String(), "\x1b[32m") != color {
				t.Errorf("%s, colors %v: the terminal shows %q", command, color, program.screen.String())
			}
		}
	}
}

// TestAsksOnTerminal: before more than ten recordings are changed the command asks, and does nothing without a yes.
func TestAsksOnTerminal(t *testing.T) {
	namespace := api.Namespace(t)
	for i := range 11 {
		api.Create(t, finished(namespace, recordingName(i)))
	}
	for _, test := range []struct {
		answer, says string
		suspended    int
	}{{"\r", "cancelled: nothing was changed", 0}, {"no\r", "cancelled: nothing was changed", 0}, {"\x03", "^C", 0}, {"y\r", "rec-00010 suspended", 11}} {
		program := onTerminal(t, nil, "suspend", "-n", namespace, "-l", "team=sales")
		harness.Eventually(t, "the question", program.shows("This changes 11 recordings. Continue? [y/N]"))
		if _, err := program.tty.WriteString(test.answer); err != nil {
			t.Fatal(err)
		}
		err := program.Wait()
		harness.Eventually(t, test.says, program.shows(test.says))
		suspended := 0
		for _, r := range recordings(t, namespace) {
			if r.Spec.Suspend {
				suspended++
			}
		}
		if suspended != test.suspended || (err == nil) != (suspended > 0) {
			t.Errorf("%q: %d are suspended, %v", test.answer, suspended, err)
		}
	}
}

// TestWatchOnTerminal: on a terminal of 40 columns the tree is updated in place, no line is wider, and the command ends when the
// recording is done.
func TestWatchOnTerminal(t *testing.T) {
	namespace := api.Namespace(t)
	recording := &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "rec"},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "a meeting 会議 with a rather long 会議会議会議 name that does not fit", SessionID: "s", Segment: 1},
	}
	api.Create(t, recording)
	program := onTerminal(t, nil, "get", "-n", namespace, "rec", "-w")
	harness.Eventually(t, "the tree is shown", program.shows("No event of the provider has arrived."))

	recording.Status.ObservedGeneration = recording.Generation
	recording.Status.Recording = v1alpha1.RecordingStatus{State: v1alpha1.RecordingStopped, Events: []v1alpha1.RecordingEvent{}}
	recording.Status.Processing.State = v1alpha1.ProcessingSucceeded
	recording.Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: "Processed", ObservedGeneration: recording.Generation, LastTransitionTime: metav1.Now(),
	}}
	if err := api.Client.Status().Update(t.Context(), recording); err != nil {
		t.Fatal(err)
	}
	if err := program.Wait(); err != nil {
		t.Fatalf("%v; the terminal shows %q", err, program.screen.String())
	}
	harness.Eventually(t, "the tree is updated in place", program.shows("A\r\x1b[J"))
	harness.Eventually(t, "states have colors", program.shows("\x1b[32mSucceeded\x1b[0m"))
	for line := range strings.Lines(escapes.ReplaceAllString(program.screen.String(), "")) {
		if line = strings.Trim(line, "\r\n"); view.Width(line) > 40 {
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
