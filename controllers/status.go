// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing"
)

// errConflict is returned by a write whose test failed: what it was decided by has changed in the meantime.
var errConflict = errors.New("the status was written by another in the meantime")

// operation is one operation of a JSON Patch (RFC 6902).
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// storeDecision writes the controller's part of a recording's status in one patch. It locks nothing but what it is about: it
// tests that status.processing is still what the decision was made by, and for the first decision on how the recording ended
// that this has not changed, so that events which are delivered meanwhile never get in its way. It returns errConflict where a
// test fails. "add" replaces what is there.
func storeDecision(ctx context.Context, writer client.StatusClient, recording *v1alpha1.MeetingRecording,
	decision processing.Decision,
) error {
	operations := []operation{{"test", "/status/processing", recording.Status.Processing}}
	if decision.Begins(recording) {
		operations = append(operations, operation{"test", "/status/recording/state", recording.Status.Recording.State})
	}
	operations = append(operations,
		operation{"add", "/status/processing", decision.Processing},
		operation{"add", "/status/conditions", decision.Conditions},
		operation{"add", "/status/observedGeneration", recording.Generation},
	)
	if decision.Processing.LastTransition > recording.Status.Processing.LastTransition {
		// There is more for a sink to know, in the same write: so that who delivers finds it, whatever happens.
		operations = append(operations, operation{"add", "/status/delivery/state", v1alpha1.DeliveryPending})
	}
	return patchStatus(ctx, writer, recording, operations)
}

// storeAcceptance writes a pipeline's status, which has no other writer.
func storeAcceptance(ctx context.Context, writer client.StatusClient, pipeline *v1alpha1.RecordingPipeline,
	acceptance processing.Acceptance,
) error {
	return patchStatus(ctx, writer, pipeline, []operation{
		{"add", "/status/conditions", acceptance.Status.Conditions},
		{"add", "/status/observedGeneration", acceptance.Status.ObservedGeneration},
	})
}

func patchStatus(ctx context.Context, writer client.StatusClient, object client.Object, operations []operation) error {
	data, err := json.Marshal(operations)
	if err != nil {
		return fmt.Errorf("encode the status: %w", err)
	}
	err = writer.Status().Patch(ctx, object, client.RawPatch(types.JSONPatchType, data), client.FieldOwner(FieldOwner))
	if testFailed(err) {
		return errConflict
	}
	if err != nil {
		return fmt.Errorf("write the status: %w", err)
	}
	return nil
}

// testFailed tells the 422 by which the API server answers a patch whose test failed from that of an object that it will not have:
// only the latter names a kind and the fields that are wrong. The former says no more than that the patch did not apply.
func testFailed(err error) bool {
	var status apierrors.APIStatus
	if !apierrors.IsInvalid(err) || !errors.As(err, &status) {
		return false
	}
	details := status.Status().Details
	return details == nil || (details.Kind == "" && len(details.Causes) == 0)
}
