// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/template"
	"unicode/utf8"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// DefaultObjectName is the template of the archived object's name.
const DefaultObjectName = "{{.MeetingID}}/{{.SessionID}}/{{.Segment}}/{{.FileName}}"

const (
	// maxObjectBytes is the longest object name that all of the large object stores take.
	maxObjectBytes = 1024
	// maxValueBytes is the longest a value may be within a name: file systems end at 255 bytes, and temporary files
	// have a suffix.
	maxValueBytes = 200
)

// Recording has the fields for templates of object names. All of them come from outside, including ids that users choose.
type Recording struct {
	Name      string `json:"name,omitempty"`      // of the MeetingRecording
	Namespace string `json:"namespace,omitempty"` // of the MeetingRecording
	MeetingID string `json:"meetingID,omitempty"`
	SessionID string `json:"sessionID,omitempty"`
	Segment   string `json:"segment,omitempty"`  // from 1
	State     string `json:"state,omitempty"`    // Stopped or Failed
	FileName  string `json:"fileName,omitempty"` // see FileName
}

// ObjectName is a parsed template of object names.
type ObjectName struct {
	text     string
	template *template.Template
}

// ParseObjectName parses a text/template over Recording's fields. It returns an ExitError (Usage) for a template that
// is malformed or uses a field that does not exist.
func ParseObjectName(text string) (*ObjectName, error) {
	t, err := template.New("object-name").Parse(text)
	if err == nil {
		err = t.Execute(io.Discard, sample()) // a field that does not exist is only met so
	}
	if err != nil {
		return nil, sysexits.New(sysexits.Usage, err,
			"--object-name is not a template over .Name .Namespace .MeetingID .SessionID .Segment .State .FileName")
	}
	return &ObjectName{text, t}, nil
}

// sample has every field set, and long enough for templates that take a part of it.
func sample() Recording {
	var r Recording
	for _, f := range r.fields() {
		*f.value = strings.Repeat("1", maxValueBytes)
	}
	return r
}

// For returns the name of r's object: slash-separated, relative, with no empty, "." or ".." part and no control characters, for any values of
// r. Each value is escaped as one part, so no value can reach into another folder, and two different values never give the same name. It
// returns an ExitError (Usage) if the template gives another name, or uses a value that is not set.
func (n *ObjectName) For(r Recording) (string, error) {
	var buf strings.Builder
	if err := n.template.Execute(&buf, r.escaped()); err != nil {
		return "", sysexits.New(sysexits.Usage, err, "--object-name %q cannot be filled in", n.text)
	}
	name := buf.String()
	if reason := objectNameFault(name); reason != "" {
		return "", sysexits.New(sysexits.Usage, nil, "--object-name %q gives %q, which %s%s", n.text, name, reason, r.unset(n.text))
	}
	return name, nil
}

// objectNameFault says what is wrong with a name, and is empty when nothing is.
func objectNameFault(name string) string {
	switch {
	case name == "":
		return "is empty"
	case len(name) > maxObjectBytes:
		return fmt.Sprintf("is longer than %d bytes", maxObjectBytes)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, isControl):
		return "has control characters or invalid UTF-8"
	case strings.HasSuffix(name, ".attrs"):
		return `ends in ".attrs", which file destinations reserve`
	}
	for part := range strings.SplitSeq(name, "/") {
		switch part {
		case "":
			return "has an empty part"
		case ".", "..":
			return fmt.Sprintf("has the part %q", part)
		}
	}
	return ""
}

func isControl(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029'
}

// unset ends a message with the variables that the template uses and that are empty.
func (r Recording) unset(text string) string {
	var names []string
	for _, f := range r.fields() {
		if *f.value == "" && regexp.MustCompile(`\.`+f.name+`\b`).MatchString(text) {
			names = append(names, f.variable)
		}
	}
	if names == nil {
		return ""
	}
	return "; set " + strings.Join(names, ", ")
}

type field struct {
	name, variable string
	value          *string
}

// fields lists the fields with the variables that they come from.
func (r *Recording) fields() []field {
	return []field{
		{"Name", "RECORDING_NAME", &r.Name},
		{"Namespace", "RECORDING_NAMESPACE", &r.Namespace},
		{"MeetingID", "RECORDING_MEETING_ID", &r.MeetingID},
		{"SessionID", "RECORDING_SESSION_ID", &r.SessionID},
		{"Segment", "RECORDING_SEGMENT", &r.Segment},
		{"State", "RECORDING_STATE", &r.State},
		{"FileName", "RECORDING_FILE_PATH", &r.FileName},
	}
}

// escaped returns r with every value made one part of a name.
func (r Recording) escaped() Recording {
	for _, f := range r.fields() {
		*f.value = escape(*f.value)
	}
	return r
}
