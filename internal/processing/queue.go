// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package processing

import "github.com/meetingops/meeting-recording-operator/api/v1alpha1"

// admit says whether a step that could begin may, and returns the step as it is while it may not.
func admit(_ Input, step v1alpha1.StepStatus) (v1alpha1.StepStatus, bool) { return step, true }
