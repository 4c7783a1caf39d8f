// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package outputs is the contract between a step's container and the controller: the outputs of the step, which the container reports
// in its termination message as
//
//	{"outputs":[{"name":"archive","url":"file:///recordings/a.mp4","mediaType":"video/mp4","sizeBytes":12,"sha256":"...",
//	  "values":{"durationSeconds":63.5}}]}
//
// so that a Job needs no rights in the cluster. It knows nothing of Kubernetes.
package outputs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/url"
	"strings"
)

// The limits of a message. Kubernetes keeps at most 4096 bytes of a container's termination message; the others are
// those of the MeetingRecording's schema, in bytes.
const (
	MaxMessageBytes   = 4096
	MaxOutputs        = 16
	MaxNameBytes      = 63
	MaxURLBytes       = 2048
	MaxMediaTypeBytes = 127
	MaxValues         = 64
	MaxValueNameBytes = 63
)

// Message is what a step reports when it has succeeded. The zero Message has no outputs.
type Message struct {
	Outputs []Output `json:"outputs"`
}

// Output is one output of a step.
type Output struct {
	// Name identifies an output within its step: a DNS label (a to z, 0 to 9 and "-" between them), unique in the message.
	Name string `json:"name"`
	// URL is where the output is: absolute, of any scheme. It may be empty if there are Values.
	URL string `json:"url,omitempty"`
	// MediaType is the output's media type, such as video/mp4; may be empty.
	MediaType string `json:"mediaType,omitempty"`
	// SizeBytes is the output's size; nil if it is unknown.
	SizeBytes *int64 `json:"sizeBytes,omitempty"`
	// SHA256 is the digest of the output's bytes as 64 lower-case hexadecimal digits; may be empty.
	SHA256 string `json:"sha256,omitempty"`
	// Values are named results, for the conditions of later steps and for people: numbers, strings and booleans.
	// A name is a letter or "_", followed by up to 62 letters, digits and "_". Parse makes a whole number that fits one an int64,
	// and every other a float64.
	Values map[string]any `json:"values,omitempty"`
}

// ErrNotMessage is returned by Parse for text that is not a message: not one JSON object with the member "outputs".
// A failed container's last log lines (terminationMessagePolicy FallbackToLogsOnError) and a message that was cut look so.
var ErrNotMessage = errors.New(`not an outputs message, which is {"outputs":[...]}`)

// FieldError says which field of a message is wrong.
type FieldError struct {
	// Field is the path of the field, such as "outputs[2].sha256", or "message" for the whole message.
	Field string
	// Reason says what the field must be.
	Reason string
}

// Error returns the field and the reason.
func (e *FieldError) Error() string { return e.Field + ": " + e.Reason }

// Parse reads a termination message. One that is empty, or white space, has no outputs, and neither has one whose
// "outputs" is null or an empty list. Members it does not know are ignored, so that a step may tell more.
// It returns ErrNotMessage (wrapped) when the text is no message, and a *FieldError when it is one but breaks a rule.
func Parse(text []byte) (Message, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return Message{}, nil
	}
	if len(text) > MaxMessageBytes {
		return Message{}, tooLong(len(text))
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil {
		return Message{}, fmt.Errorf("%w: %w", ErrNotMessage, err)
	}
	member, ok := object["outputs"]
	if !ok {
		return Message{}, ErrNotMessage
	}
	var items []json.RawMessage
	if err := json.Unmarshal(member, &items); err != nil {
		return Message{}, &FieldError{Field: "outputs", Reason: "must be a list"}
	}
	var msg Message
	for i, item := range items {
		output, err := parseOutput(item)
		if err != nil {
			return Message{}, typeError(i, err)
		}
		msg.Outputs = append(msg.Outputs, output)
	}
	if err := msg.Validate(); err != nil {
		return Message{}, err
	}
	return msg, nil
}

func parseOutput(item json.RawMessage) (Output, error) {
	var output Output
	decoder := json.NewDecoder(bytes.NewReader(item))
	decoder.UseNumber()
	err := decoder.Decode(&output)
	output.Values = plainValues(output.Values)
	return output, err
}

// typeError names the field of output i whose JSON type is wrong.
func typeError(i int, err error) error {
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) && mismatch.Field != "" {
		return &FieldError{
			Field:  fmt.Sprintf("outputs[%d].%s", i, mismatch.Field),
			Reason: fmt.Sprintf("must be %s, not a JSON %s", kindName(mismatch.Field), mismatch.Value),
		}
	}
	return &FieldError{Field: fmt.Sprintf("outputs[%d]", i), Reason: "must be an object"}
}

func kindName(field string) string {
	switch field {
	case "sizeBytes":
		return "a whole number"
	case "values":
		return "an object"
	}
	return "a string"
}

// Marshal validates the message and returns it as one line of JSON with a final newline. It returns a *FieldError when
// the message breaks a rule or is longer than MaxMessageBytes.
func (m Message) Marshal() ([]byte, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	if m.Outputs == nil {
		m.Outputs = []Output{}
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		return nil, fmt.Errorf("encode outputs: %w", err)
	}
	if buf.Len() > MaxMessageBytes {
		return nil, tooLong(buf.Len())
	}
	return buf.Bytes(), nil
}

func tooLong(n int) error {
	return &FieldError{Field: "message", Reason: fmt.Sprintf("must be at most %d bytes, not %d", MaxMessageBytes, n)}
}

// Validate returns a *FieldError for the first field that breaks a rule, nil when none does.
func (m Message) Validate() error {
	if len(m.Outputs) > MaxOutputs {
		return &FieldError{Field: "outputs", Reason: fmt.Sprintf("must be at most %d, not %d", MaxOutputs, len(m.Outputs))}
	}
	seen := make(map[string]int, len(m.Outputs))
	for i, output := range m.Outputs {
		if field, reason := output.check(); reason != "" {
			return &FieldError{Field: fmt.Sprintf("outputs[%d].%s", i, field), Reason: reason}
		}
		if first, dup := seen[output.Name]; dup {
			return &FieldError{
				Field:  fmt.Sprintf("outputs[%d].name", i),
				Reason: fmt.Sprintf("must be unique, but outputs[%d] has the same", first),
			}
		}
		seen[output.Name] = i
	}
	return nil
}

// check returns the first field of the output that breaks a rule, and what it must be.
func (o Output) check() (field, reason string) {
	switch {
	case !isDNSLabel(o.Name):
		return "name", fmt.Sprintf("must be 1 to %d of a-z, 0-9 and '-', beginning and ending with a letter or digit", MaxNameBytes)
	case len(o.URL) > MaxURLBytes:
		return "url", fmt.Sprintf("must be at most %d bytes", MaxURLBytes)
	case o.URL == "" && len(o.Values) == 0:
		return "url", "must be an absolute URL, such as s3://bucket/key, where the output has no values"
	case o.URL != "" && !isAbsoluteURL(o.URL):
		return "url", "must be an absolute URL, such as s3://bucket/key"
	case len(o.MediaType) > MaxMediaTypeBytes:
		return "mediaType", fmt.Sprintf("must be at most %d bytes", MaxMediaTypeBytes)
	case !isMediaType(o.MediaType):
		return "mediaType", "must be a media type, such as video/mp4"
	case o.SizeBytes != nil && *o.SizeBytes < 0:
		return "sizeBytes", "must not be negative"
	case o.SHA256 != "" && !isSHA256(o.SHA256):
		return "sha256", "must be 64 lower-case hexadecimal digits"
	}
	return checkValues(o.Values)
}

func isDNSLabel(s string) bool {
	return s != "" && len(s) <= MaxNameBytes && s[0] != '-' && s[len(s)-1] != '-' &&
		consistsOf(s, "abcdefghijklmnopqrstuvwxyz0123456789-")
}

func isSHA256(s string) bool {
	return len(s) == 64 && consistsOf(s, "0123456789abcdef")
}

func consistsOf(s, alphabet string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune(alphabet, r) }) < 0
}

func isAbsoluteURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs() && (u.Host != "" || u.Path != "" || u.Opaque != "")
}

func isMediaType(s string) bool {
	if s == "" {
		return true
	}
	mediaType, _, err := mime.ParseMediaType(s)
	return err == nil && strings.Contains(mediaType, "/")
}
