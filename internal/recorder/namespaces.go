// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// WriteFunc writes events of one session, in their order, until ctx is done, and says what happened to each. Writer.Write is one.
type WriteFunc func(ctx context.Context, session Session, events []lifecycle.Event) []Written

// InNamespaces returns the WriteFunc that uses the Writer of a session's namespace.
func InNamespaces(writer func(namespace string) *Writer) WriteFunc {
	return func(ctx context.Context, session Session, events []lifecycle.Event) []Written {
		return writer(session.Namespace).Write(ctx, session, events)
	}
}

// IsNamespaceError reports whether the API server works and refuses writes in a namespace: it does not exist, is being deleted, is full,
// or the sidecar has no rights in it. Other namespaces may be fine.
func IsNamespaceError(err error) bool {
	return (apierrors.IsForbidden(err) || apierrors.IsNotFound(err)) && !isUnexpected(err)
}
