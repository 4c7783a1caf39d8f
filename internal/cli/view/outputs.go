// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package view

import (
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Output is one output of a recording's steps, as its container reported it: clean its texts before they reach a terminal.
type Output struct {
	Pipeline  string `json:"pipeline"`
	Step      string `json:"step"`
	Name      string `json:"name"`
	URL       string `json:"url,omitempty"`
	MediaType string `json:"mediaType,omitempty"`
	SizeBytes *int64 `json:"sizeBytes,omitempty"`
	SHA256    string `json:"sha256,omitempty"`
}

// Outputs returns the outputs of the latest attempt of each step, in the order of the steps.
func Outputs(recording *v1alpha1.MeetingRecording) []Output {
	var rows []Output
	for _, step := range recording.Status.Processing.Steps {
		for _, output := range step.Outputs {
			rows = append(rows, Output{
				Pipeline: step.Pipeline, Step: step.Step, Name: output.Name, URL: output.URL,
				MediaType: output.MediaType, SizeBytes: output.SizeBytes, SHA256: output.SHA256,
			})
		}
	}
	return rows
}

// Table returns the outputs as the lines of a table.
func Table(outputs []Output) []string {
	var c columns
	c.add("PIPELINE", "STEP", "OUTPUT", "TYPE", "SIZE", "URL")
	for _, o := range outputs {
		c.add(o.Pipeline, o.Step, Clean(o.Name), orNone(o.MediaType), Size(o.SizeBytes), orNone(o.URL))
	}
	return c.lines()
}

// Size writes a number of bytes, such as 1.2Gi.
func Size(bytes *int64) string {
	if bytes == nil {
		return "-"
	}
	value, unit := float64(*bytes), ""
	for _, next := range []string{"Ki", "Mi", "Gi", "Ti"} {
		if value < 1024 {
			break
		}
		value, unit = value/1024, next
	}
	if unit == "" {
		return strconv.FormatInt(*bytes, 10)
	}
	return strconv.FormatFloat(value, 'f', 1, 64) + unit
}

func timeOf(t *metav1.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}
