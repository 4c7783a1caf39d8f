// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// IsFinal reports whether the recording has ended, with a file or without.
func (s RecordingState) IsFinal() bool { return s == RecordingStopped || s == RecordingFailed }

// IsFinal reports whether processing has ended, so that nothing more is done unless spec.rerun requests it.
func (s ProcessingState) IsFinal() bool {
	return s == ProcessingSucceeded || s == ProcessingFailed || s == ProcessingSkipped
}

// IsFinal reports whether the step has ended.
func (s StepState) IsFinal() bool { return s == StepSucceeded || s == StepFailed || s == StepSkipped }
