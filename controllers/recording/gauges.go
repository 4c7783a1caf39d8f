// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// gauges keeps the gauges of recordings in flight by following the cache's own events: nothing is listed, and nothing is stored for a
// recording. It runs in the leader only, so that the sum over replicas counts each recording once.
type gauges struct {
	cache cache.Cache
}

// NeedLeaderElection makes it run in the leader only.
func (g *gauges) NeedLeaderElection() bool { return true }

// Start counts until the context ends.
func (g *gauges) Start(ctx context.Context) error {
	informer, err := g.cache.GetInformer(ctx, &v1alpha1.MeetingRecording{})
	if err != nil {
		return fmt.Errorf("count the recordings in flight: %w", err)
	}
	registration, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { count(object, 1) },
		UpdateFunc: func(before, after any) { count(before, -1); count(after, 1) },
		DeleteFunc: func(object any) { count(object, -1) },
	})
	if err != nil {
		return fmt.Errorf("count the recordings in flight: %w", err)
	}
	<-ctx.Done()
	return informer.RemoveEventHandler(registration)
}

// count adds a recording to the gauges, or subtracts it. If the cache missed a deletion it has the last state that it knew, which is what
// was added.
func count(object any, by float64) {
	if gone, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
		object = gone.Obj
	}
	recording, ok := object.(*v1alpha1.MeetingRecording)
	if !ok {
		return
	}
	inFlight.WithLabelValues(stateLabel(string(recording.Status.Recording.State)), stateLabel(string(recording.Status.Processing.State))).Add(by)
	if stalled := meta.FindStatusCondition(recording.Status.Conditions, v1alpha1.ConditionStalled); stalled != nil && stalled.Status == "True" {
		stalledNow.WithLabelValues(stalled.Reason).Add(by)
	}
}

// stateLabel is a state as metrics have it; none is that of a recording that nobody has written a state of yet.
func stateLabel(state string) string {
	if state == "" {
		return "none"
	}
	return strings.ToLower(state)
}
