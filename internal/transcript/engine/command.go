// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
	"github.com/meetingops/meeting-recording-operator/internal/transcript"
)

// FilePlaceholder is what stands in a command's arguments for the path of the WAV file.
const FilePlaceholder = "{file}"

// Command is an engine that is a program: it gets a WAV file and prints the JSON that an HTTP engine would answer. Its exit
// codes are those of sysexits, as those of a Job's containers are.
type Command struct {
	args []string
	opts Options
}

// NewCommand returns an engine that runs a program. It returns an ExitError: Usage for
// arguments that do not say where the file goes, Config for a program that does not exist.
func NewCommand(args []string, opts Options) (*Command, error) {
	if !strings.Contains(strings.Join(args[1:], " "), FilePlaceholder) {
		return nil, sysexits.New(sysexits.Usage, nil, "the engine's command has no argument %s, which the path of the sound takes the place of", FilePlaceholder)
	}
	if _, err := exec.LookPath(args[0]); err != nil {
		return nil, sysexits.New(sysexits.Config, nil, "the engine's command %s is not installed; use an image that has it", args[0])
	}
	return &Command{args, opts}, nil
}

// String implements Engine.
func (c *Command) String() string { return "the command " + filepath.Base(c.args[0]) }

// Attempt implements Engine.
func (c *Command) Attempt(ctx context.Context, audio Audio) (transcript.Answer, error) {
	path := filepath.Join(audio.Dir, "chunk.wav")
	defer func() { _ = os.Remove(path) }() // the folder is removed at the end
	if err := write(path, audio.Open()); err != nil {
		return transcript.Answer{}, sysexits.New(sysexits.IOErr, err, "cannot write to the scratch folder; give it more room, by a larger volume or --scratch-dir")
	}
	stdout, stderr := &head{limit: maxAnswerBytes + 1}, &head{limit: 64 << 10}
	args := make([]string, 0, len(c.args))
	for _, arg := range c.args[1:] {
		args = append(args, strings.ReplaceAll(arg, FilePlaceholder, path))
	}
	cmd := exec.CommandContext(ctx, c.args[0], args...)
	cmd.Dir = audio.Dir
	cmd.Env = append(os.Environ(), "TRANSCRIBE_LANGUAGE="+c.opts.Language, "TRANSCRIBE_PROMPT="+c.opts.Prompt, "TRANSCRIBE_MODEL="+c.opts.Model)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return killGroup(cmd.Process.Pid) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		return transcript.Answer{}, c.failed(err, stderr.Bytes())
	}
	return readAnswer(stdout, c)
}

// killGroup ends a process with all that it started.
func killGroup(pid int) error {
	if err := syscall.Kill(-pid, syscall.SIGKILL); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return os.ErrProcessDone
}

func write(path string, r io.Reader) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, r)
	return errors.Join(err, file.Close())
}

// failed makes an ExitError of how the command ended.
func (c *Command) failed(err error, stderr []byte) error {
	said := lastLine(stderr)
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return sysexits.New(sysexits.Config, err, "cannot run %s", c)
	}
	if exit.ExitCode() < 0 {
		return sysexits.New(sysexits.TempFail, nil, "%s was killed%s; if it ran out of memory, raise the container's limit", c, said)
	}
	code := sysexits.Unavailable
	if n := exit.ExitCode(); n >= sysexits.Usage && n <= sysexits.Config {
		code = n
	}
	return sysexits.New(code, nil, "%s ended with exit code %d%s", c, exit.ExitCode(), said)
}

// lastLine returns what a program said last.
func lastLine(stderr []byte) string {
	lines := strings.Split(strings.TrimSpace(strings.ToValidUTF8(string(stderr), "?")), "\n")
	line := strings.Join(strings.Fields(lines[len(lines)-1]), " ")
	if line == "" {
		return ", without a word"
	}
	return ": " + line[:min(len(line), 300)]
}

// head keeps the first bytes that are written to it, and counts the rest as written.
type head struct {
	bytes.Buffer
	limit int
}

// Write implements io.Writer.
func (h *head) Write(p []byte) (int, error) {
	h.Buffer.Write(p[:min(len(p), h.limit-h.Len())])
	return len(p), nil
}
