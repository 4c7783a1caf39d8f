// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package kube has what the controllers need to write to the API server: the field manager, the lock, and the backoff.
package kube

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// FieldOwner is the field manager of everything that the controllers write.
const FieldOwner = "meeting-recording-controller"

// ErrConflict is returned by a write if the object has changed since it was read.
var ErrConflict = errors.New("the object has changed since it was read")

// After an error an object is retried, at first soon, then less often. controller-runtime's own limits, 1000 s for an object and ten
// retries a second for all of them, would make recordings wait for long after the API server is back.
const (
	firstBackoff = 5 * time.Millisecond
	maxBackoff   = 30 * time.Second
)

// RateLimiter returns the rate limiter of a controller's work queue.
func RateLimiter() workqueue.TypedRateLimiter[reconcile.Request] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstBackoff, maxBackoff)
}

// PatchStatus writes the difference between two versions of an object, by one merge patch with an optimistic lock: it tests the
// resourceVersion and nothing else, and leaves fields alone that this binary does not know. after gets the API server's response.
func PatchStatus(ctx context.Context, writer client.StatusClient, before, after client.Object, options ...client.SubResourcePatchOption) error {
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	err := writer.Status().Patch(ctx, after, patch, append(options, client.FieldOwner(FieldOwner))...)
	if apierrors.IsConflict(err) {
		return ErrConflict
	}
	if err != nil {
		return fmt.Errorf("write the status: %w", err)
	}
	return nil
}

// IsOlder reports whether a resource version is older than another. It is false if they cannot be compared.
func IsOlder(version, other string) bool {
	order, err := resourceversion.CompareResourceVersion(version, other)
	return err == nil && order < 0
}

// Soonest returns the shorter of two waits; 0 is never.
func Soonest(a, b time.Duration) time.Duration {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// IsRejected reports whether the API server answered that it will not accept the write as it is, by its schema, a policy, or missing
// permissions, so that only a change outside this program helps.
func IsRejected(err error) bool {
	return apierrors.IsInvalid(err) || apierrors.IsForbidden(err) || apierrors.IsBadRequest(err) || apierrors.IsUnauthorized(err) ||
		apierrors.IsRequestEntityTooLargeError(err) || apierrors.IsMethodNotSupported(err) || apierrors.IsUnsupportedMediaType(err)
}
