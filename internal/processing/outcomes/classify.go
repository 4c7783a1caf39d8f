// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outcomes

import (
	"errors"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// WhyNotCreated says what the API server's answer to creating a Job means: JobInvalid where it will never accept it, JobRefused
// where it may later (a quota, a policy, an admission webhook that denies or cannot be reached, rights that are missing), and
// JobDeferred where it did not decide (a time-out, too many requests, a connection that failed).
//
// A ValidatingAdmissionPolicy denies with 422 and a webhook with 400 unless told otherwise, which are the codes of an invalid
// Job too: only their words tell them apart.
func WhyNotCreated(err error) JobState {
	switch {
	case deniedByPolicy(err), apierrors.IsForbidden(err), apierrors.IsInternalError(err):
		return JobRefused
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsRequestEntityTooLargeError(err):
		return JobInvalid
	}
	return JobDeferred
}

func deniedByPolicy(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return false
	}
	message := status.Status().Message
	return strings.Contains(message, "denied the request") || // admission webhooks
		strings.Contains(message, "denied request") || // ValidatingAdmissionPolicy
		strings.Contains(message, "does not support dry run") // admission webhooks with side effects
}
