// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// What tests of the package's own API need besides.
var (
	StoreDecision = storeDecision
	ErrConflict   = errConflict
)

// NewReconciler makes one that reads from a cache of the test's, and asks an API server of the test's.
func NewReconciler(cached client.Client, live client.Reader, options Options) *RecordingReconciler {
	return &RecordingReconciler{
		client: cached, live: live, recorder: events.NewFakeRecorder(10), clock: options.Clock, settings: options.Settings, pace: options.Pace, term: options.Term,
		memory: newMemory(),
	}
}
