// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"context"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// errNoNamespace is of an event of a spool that was written before events had
// a namespace, where there is no longer only one.
var errNoNamespace = errors.New("the event has no namespace, and there are several: start the sidecar with --namespace, or set $POD_NAMESPACE, to say which")

// InNamespaces returns the WriteFunc that writes a session's events by the
// Writer of its namespace; of sessions without one, by that of home. Without a
// home those are rejected.
func InNamespaces(home string, writer func(namespace string) *Writer) WriteFunc {
	return func(ctx context.Context, session Session, events []lifecycle.Event) []Written {
		if session.Namespace == "" {
			session.Namespace = home
		}
		if session.Namespace == "" {
			written := make([]Written, len(events))
			for i := range written {
				written[i].Err = &RejectedError{Err: errNoNamespace}
			}
			return written
		}
		return writer(session.Namespace).Write(ctx, session, events)
	}
}

// IsNamespaceError tells whether the API server is there and lets us write nothing in a
// namespace: it does not exist, is being deleted, is full, or we have no rights
// in it. Others may be as they should.
func IsNamespaceError(err error) bool {
	return (apierrors.IsForbidden(err) || apierrors.IsNotFound(err)) && !isUnexpected(err)
}

// WriteFunc writes events of one session, in their order, until ctx is done,
// and says what became of each. Writer.Write is one.
type WriteFunc func(ctx context.Context, session Session, events []lifecycle.Event) []Written
