// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outputs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"
)

const (
	// DefaultPath is where Kubernetes reads a container's termination message, unless terminationMessagePath says
	// otherwise. The kubelet creates the file; nothing else does.
	DefaultPath = "/dev/termination-log"
	// MaxErrorBytes is what WriteError keeps of a text.
	MaxErrorBytes = 1024
)

// Sink is where a step reports its outcome.
type Sink struct {
	// Path is the termination message file.
	Path string
	// Stdout gets the message if there is no such file, as on a workstation.
	Stdout io.Writer
}

// Write writes the message into the file at Path if it exists, else to Stdout. It never creates the file.
// It returns a *FieldError for a message that Parse would refuse, and else what the operating system says.
func (s Sink) Write(msg Message) error {
	text, err := msg.Marshal()
	if err != nil {
		return err
	}
	err = overwrite(s.Path, text)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = s.Stdout.Write(text)
	}
	if err != nil {
		return fmt.Errorf("write termination message: %w", err)
	}
	return nil
}

// WriteError tells why the step failed, as plain text for people, so that `kubectl describe pod` shows it and Parse
// returns ErrNotMessage. The text is made one line of valid UTF-8, cut to MaxErrorBytes. Without a file at Path it does
// nothing: on a workstation the log has said it already.
func (s Sink) WriteError(text string) error {
	err := overwrite(s.Path, []byte(oneLine(text)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write termination message: %w", err)
	}
	return nil
}

// overwrite replaces the content of a file that exists already.
func overwrite(path string, text []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.Write(text)
	return err
}

func oneLine(text string) string {
	const ellipsis = "..."
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if len(text) <= MaxErrorBytes {
		return text
	}
	cut := MaxErrorBytes - len(ellipsis)
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + ellipsis
}
