// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package view

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Columns says which columns a table of recordings has.
type Columns struct {
	// Namespace adds the namespace.
	Namespace bool
	// Wide adds the session, the file and the reason of the condition Ready.
	Wide bool
}

// Header returns the titles of the columns.
func (c Columns) Header() []string {
	var header []string
	if c.Namespace {
		header = append(header, "NAMESPACE")
	}
	header = append(header, "NAME", "MEETING", "STATE", "PROCESSING", "READY", "AGE")
	if c.Wide {
		header = append(header, "SESSION", "FILE", "REASON")
	}
	return header
}

// Row returns the cells of one recording.
func (c Columns) Row(recording *v1alpha1.MeetingRecording, now time.Time) []string {
	ready := meta.FindStatusCondition(recording.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		ready = &metav1.Condition{Status: metav1.ConditionUnknown}
	}
	status := string(ready.Status)
	if NeedsAttention(recording) {
		status = "False (!)"
	}
	var row []string
	if c.Namespace {
		row = append(row, recording.Namespace)
	}
	row = append(row, recording.Name, orNone(recording.Spec.MeetingID), orNone(string(recording.Status.Recording.State)),
		orNone(string(recording.Status.Processing.State)), status, Age(recording.CreationTimestamp.Time, now))
	if c.Wide {
		file := ""
		if recording.Status.Recording.File != nil {
			file = recording.Status.Recording.File.Path
		}
		row = append(row, orNone(recording.Spec.SessionID), orNone(file), orNone(ready.Reason))
	}
	return row
}

// NeedsAttention reports whether the recording needs manual intervention: its condition Stalled is True.
func NeedsAttention(recording *v1alpha1.MeetingRecording) bool {
	return meta.IsStatusConditionTrue(recording.Status.Conditions, v1alpha1.ConditionStalled)
}

// Layout holds the widths of a table's columns, so that rows that are printed later line up with those before.
type Layout struct{ widths []int }

// Fit widens the columns to hold the rows.
func (l *Layout) Fit(rows ...[]string) {
	for _, row := range rows {
		for i, cell := range row {
			if i == len(l.widths) {
				l.widths = append(l.widths, 0)
			}
			l.widths[i] = max(l.widths[i], Width(cell))
		}
	}
}

// Line returns a row as one line.
func (l *Layout) Line(row []string) string { return layOut(row, l.widths) }
