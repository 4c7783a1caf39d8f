// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kube_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/kube"
)

func TestOutlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, end := context.WithCancel(t.Context())
		outliving, cancel := kube.Outlive(parent, time.Minute)
		defer cancel()
		end()
		ended := time.Now()
		synctest.Wait()
		if outliving.Err() != nil {
			t.Error("it ended with its parent")
		}
		<-outliving.Done()
		if got := time.Since(ended); got != time.Minute {
			t.Errorf("it ended %s after its parent, want a minute", got)
		}
		canceled, cancel := kube.Outlive(t.Context(), time.Minute)
		cancel()
		if canceled.Err() == nil {
			t.Error("it does not end when it is canceled")
		}
	})
}
