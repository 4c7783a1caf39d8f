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

	"github.com/meetingops/meeting-recording-operator/internal/kube"
)

// operation is one operation of a JSON Patch (RFC 6902).
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

func patchStatus(ctx context.Context, writer client.StatusClient, object client.Object, operations []operation) error {
	data, err := json.Marshal(operations)
	if err != nil {
		return fmt.Errorf("encode the status: %w", err)
	}
	err = writer.Status().Patch(ctx, object, client.RawPatch(types.JSONPatchType, data), client.FieldOwner(kube.FieldOwner))
	if testFailed(err) {
		return kube.ErrConflict
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
