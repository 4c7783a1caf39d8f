// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/recorder"
)

// TestDeniedInOneNamespace: an admission webhook that denies, with its default code, or that cannot be reached, says nothing about other
// namespaces.
func TestDeniedInOneNamespace(t *testing.T) {
	for name, denied := range map[string]error{
		"denied": &apierrors.StatusError{ErrStatus: metav1.Status{
			Status: metav1.StatusFailure, Code: 400, Message: `admission webhook "policy.example.com" denied the request: no`,
		}},
		"not reached": apierrors.NewInternalError(errors.New(`failed calling webhook "policy.example.com": failed to call webhook: connection refused`)),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				w.server.set(func(_ lifecycle.Event, s recorder.Session) error {
					if s.Namespace == "a" {
						return denied
					}
					return nil
				})
				for session := range 3 {
					w.expect(t, eventIn("a", session, 0), Spooled, 3*time.Second)
				}
				w.expect(t, eventIn("b", 9, 0), lifecycle.Recorded, time.Second)
				pass(48 * time.Hour)
				if stats := w.store.Stats(); stats.Events > 0 || stats.DeadLetters == 0 {
					t.Errorf("after two days %+v", stats)
				}
				w.end(t)
			})
		})
	}
}
