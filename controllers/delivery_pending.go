// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/controllers/recording"
)

// pendingRecordings knows the recordings that have been processed and of which a sink may not know all. They are not in the manager's
// cache; the API server selects them, and nothing is kept of them but their names.
type pendingRecordings struct {
	cache cache.Cache
}

// newPendingRecordings adds the cache to the manager. It is filled once the manager leads.
func newPendingRecordings(mgr ctrl.Manager, namespaces []string) (*pendingRecordings, error) {
	names, err := cache.New(mgr.GetConfig(), cache.Options{
		HTTPClient:        mgr.GetHTTPClient(),
		Scheme:            mgr.GetScheme(),
		Mapper:            mgr.GetRESTMapper(),
		DefaultNamespaces: cachedNamespaces(namespaces),
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.MeetingRecording{}: {
				Field:     fields.AndSelectors(fields.OneTermEqualSelector("status.delivery.state", string(v1alpha1.DeliveryPending)), recording.Finished()),
				Transform: stripToName,
			},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("make the cache of recordings with events to deliver: %w", err)
	}
	if err := mgr.Add(names); err != nil {
		return nil, fmt.Errorf("add the cache of recordings with events to deliver: %w", err)
	}
	return &pendingRecordings{cache: names}, nil
}

// source puts them into the work queue, also those from before the manager ran.
func (p *pendingRecordings) source() source.SyncingSource {
	return source.Kind(p.cache, &v1alpha1.MeetingRecording{}, &handler.TypedEnqueueRequestForObject[*v1alpha1.MeetingRecording]{})
}

// version returns the version of the recording that the cache knows, empty where it is none of them. Who reads the recording must not
// get an older one: nothing would tell that there is another.
func (p *pendingRecordings) version(ctx context.Context, key types.NamespacedName) (string, error) {
	var recording v1alpha1.MeetingRecording
	err := p.cache.Get(ctx, key, &recording)
	return recording.ResourceVersion, client.IgnoreNotFound(err)
}

// count keeps their gauge until it is stopped.
func (p *pendingRecordings) count(ctx context.Context) (stop func() error, err error) {
	informer, err := p.cache.GetInformer(ctx, &v1alpha1.MeetingRecording{})
	if err != nil {
		return nil, fmt.Errorf("count the recordings with events to deliver: %w", err)
	}
	registration, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { eventsPending.Inc() },
		DeleteFunc: func(any) { eventsPending.Dec() },
	})
	if err != nil {
		return nil, fmt.Errorf("count the recordings with events to deliver: %w", err)
	}
	return func() error { return informer.RemoveEventHandler(registration) }, nil
}

// stripToName keeps what tells the recording.
func stripToName(object any) (any, error) {
	recording, ok := object.(*v1alpha1.MeetingRecording)
	if !ok {
		return object, nil
	}
	return &v1alpha1.MeetingRecording{ObjectMeta: metav1.ObjectMeta{
		Namespace: recording.Namespace, Name: recording.Name, UID: recording.UID, ResourceVersion: recording.ResourceVersion,
	}}, nil
}
