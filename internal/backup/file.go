// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package backup writes recordings with their status to a file, and restores them so that no finished step runs again.
//
// kubectl apply cannot do that: it drops the status, and the manager would then process every recording again.
//
// A file is JSON, one value on each line: a [Header], the recordings as the API server has them, and a [Trailer] that says how
// many there are, so that a file which was cut off is noticed.
package backup

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	k8sjson "k8s.io/apimachinery/pkg/util/json"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Format is the value of Header.Format.
const Format = "recording.meetingops.dev/backup-v1"

// maxLine is more than etcd stores of one object, 1.5 MiB.
const maxLine = 8 << 20

// Header is the first line of a backup.
type Header struct {
	Format string    `json:"format"`
	Time   time.Time `json:"time"`
	// Namespace is where the recordings are from; empty for all.
	Namespace string `json:"namespace,omitempty"`
}

// Trailer is the last line of a backup.
type Trailer struct {
	Recordings *int `json:"recordings"`
}

// Writer writes a backup.
type Writer struct {
	encoder *json.Encoder
	count   int
}

// NewWriter writes the header.
func NewWriter(out io.Writer, namespace string, now time.Time) (*Writer, error) {
	w := &Writer{encoder: json.NewEncoder(out)}
	return w, w.encoder.Encode(Header{Format: Format, Time: now.UTC(), Namespace: namespace})
}

// Write adds a recording, without the fields that belong to the cluster that it is from.
func (w *Writer) Write(recording *unstructured.Unstructured) error {
	recording = recording.DeepCopy()
	for _, field := range []string{"managedFields", "resourceVersion", "uid", "selfLink", "ownerReferences", "finalizers"} {
		unstructured.RemoveNestedField(recording.Object, "metadata", field)
	}
	w.count++
	return w.encoder.Encode(recording.Object)
}

// Close writes the trailer and returns how many recordings there are.
func (w *Writer) Close() (int, error) {
	return w.count, w.encoder.Encode(Trailer{Recordings: &w.count})
}

// ErrCutOff says that a backup has no end.
var ErrCutOff = errors.New("the backup is cut off: it ends without saying how many recordings it has")

// Reader reads a backup.
type Reader struct {
	Header Header
	lines  *bufio.Scanner
	line   int
	count  int
}

// NewReader reads the header.
func NewReader(in io.Reader) (*Reader, error) {
	r := &Reader{lines: bufio.NewScanner(in), line: 1}
	r.lines.Buffer(nil, maxLine)
	if !r.lines.Scan() {
		return nil, cmp.Or(r.lines.Err(), errors.New("the backup is empty"))
	}
	if err := json.Unmarshal(r.lines.Bytes(), &r.Header); err != nil || r.Header.Format != Format {
		return nil, fmt.Errorf("this is not a backup of recordings: its first line does not have \"format\": %q", Format)
	}
	return r, nil
}

// Next returns the next recording, or io.EOF after the last.
func (r *Reader) Next() (*unstructured.Unstructured, error) {
	if !r.lines.Scan() {
		if err := r.lines.Err(); err != nil {
			return nil, fmt.Errorf("read line %d of the backup: %w", r.line+1, err)
		}
		return nil, ErrCutOff
	}
	r.line++
	object := &unstructured.Unstructured{}
	// Kubernetes' decoder keeps whole numbers whole.
	if err := k8sjson.Unmarshal(r.lines.Bytes(), &object.Object); err != nil {
		return nil, fmt.Errorf("line %d of the backup is not JSON: %w", r.line, err)
	}
	if kind := object.GroupVersionKind(); kind.Group == v1alpha1.GroupName && kind.Kind == "MeetingRecording" && object.GetName() != "" {
		r.count++
		return object, nil
	}
	var trailer Trailer
	if err := json.Unmarshal(r.lines.Bytes(), &trailer); err != nil || trailer.Recordings == nil {
		return nil, fmt.Errorf("line %d of the backup is not a recording", r.line)
	}
	if *trailer.Recordings != r.count {
		return nil, fmt.Errorf("the backup should have %d recordings, but has %d", *trailer.Recordings, r.count)
	}
	if r.lines.Scan() {
		return nil, fmt.Errorf("the backup continues after its end, in line %d: restore two backups one after the other", r.line+1)
	}
	if err := r.lines.Err(); err != nil {
		return nil, fmt.Errorf("read the end of the backup: %w", err)
	}
	return nil, io.EOF
}
