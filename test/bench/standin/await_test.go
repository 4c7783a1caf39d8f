// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package standin

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

func follower(t *testing.T) *Standin {
	t.Helper()
	s := &Standin{changed: make(chan struct{}), jobs: map[string]time.Time{}, finished: map[string]time.Time{}, work: make(chan string, 10)}
	s.ctx, s.problem = context.WithCancelCause(t.Context())
	return s
}

func object(name string) metav1.Object {
	return &metav1.ObjectMeta{Name: name, Labels: map[string]string{v1alpha1.LabelRecording: name}}
}

// TestAwait: as long as something changes, there is patience.
func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := follower(t)
		go func() {
			for _, name := range []string{"a", "b", "c"} {
				time.Sleep(patience - time.Second) //nolint:forbidigo // the bubble's own time
				s.seeFinished(object(name), time.Now())
			}
		}()
		begin := time.Now()
		seen, err := s.AwaitFinished(t.Context(), 3)
		if err != nil || len(seen) != 3 || seen["a"].Sub(begin) != patience-time.Second {
			t.Errorf("%v, %v", seen, err)
		}
		if _, err := s.AwaitFinished(t.Context(), 4); err == nil || !strings.Contains(err.Error(), "3 of 4 recordings were processed") {
			t.Errorf("%v", err)
		}
		s.problem(errors.New("broken"))
		if _, err := s.AwaitJobs(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "broken") {
			t.Errorf("%v", err)
		}
	})
}

// TestComplete: Jobs wait until they are to be completed.
func TestComplete(t *testing.T) {
	s := follower(t)
	s.seeJob(object("a"), time.Now())
	s.seeJob(object("b"), time.Now())
	if len(s.work) > 0 {
		t.Errorf("%d Jobs are completed too early", len(s.work))
	}
	s.Complete()
	s.seeJob(object("c"), time.Now())
	if len(s.work) != 3 || len(s.jobs) != 3 {
		t.Errorf("%d Jobs are completed of %d, want 3", len(s.work), len(s.jobs))
	}
}
