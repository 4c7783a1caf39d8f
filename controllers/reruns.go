// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// reruns knows which finished recordings ask for a rerun. Finished recordings are not in the manager's cache; those that have a
// spec.rerun.token are in a cache of their own, which the API server selects, and which keeps nothing of them but their tokens.
type reruns struct {
	cache cache.Cache
	// tokens reads from the cache.
	tokens client.Reader
}

// newReruns adds the cache to the manager. It is filled once the manager leads.
func newReruns(mgr ctrl.Manager, namespaces []string) (*reruns, error) {
	tokens, err := cache.New(mgr.GetConfig(), cache.Options{
		HTTPClient:        mgr.GetHTTPClient(),
		Scheme:            mgr.GetScheme(),
		Mapper:            mgr.GetRESTMapper(),
		DefaultNamespaces: cachedNamespaces(namespaces),
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.MeetingRecording{}: {
				Field:     fields.AndSelectors(fields.OneTermNotEqualSelector("spec.rerun.token", ""), finished()),
				Transform: stripToTokens,
			},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("make the cache of reruns: %w", err)
	}
	if err := mgr.Add(tokens); err != nil {
		return nil, fmt.Errorf("add the cache of reruns: %w", err)
	}
	return &reruns{cache: tokens, tokens: tokens}, nil
}

// source puts finished recordings whose token was not acted on into the work queue, also those whose token was set while no manager
// ran.
func (r *reruns) source() source.SyncingSource {
	return source.Kind(r.cache, &v1alpha1.MeetingRecording{},
		&handler.TypedEnqueueRequestForObject[*v1alpha1.MeetingRecording]{},
		predicate.NewTypedPredicateFuncs(asksForRerun))
}

// ask says whether the recording is finished and asks for a rerun, as far as the cache knows.
func (r *reruns) ask(ctx context.Context, key types.NamespacedName) (bool, error) {
	var recording v1alpha1.MeetingRecording
	if err := r.tokens.Get(ctx, key, &recording); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	return asksForRerun(&recording), nil
}

func asksForRerun(recording *v1alpha1.MeetingRecording) bool {
	rerun := recording.Spec.Rerun
	return rerun != nil && rerun.Token != recording.Status.Processing.ObservedRerunToken
}

// stripToTokens keeps what tells the recording and its tokens.
func stripToTokens(object any) (any, error) {
	recording, ok := object.(*v1alpha1.MeetingRecording)
	if !ok {
		return object, nil
	}
	stripped := &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: recording.Namespace, Name: recording.Name, UID: recording.UID, ResourceVersion: recording.ResourceVersion,
		},
	}
	if recording.Spec.Rerun != nil {
		stripped.Spec.Rerun = &v1alpha1.Rerun{Token: recording.Spec.Rerun.Token}
	}
	stripped.Status.Processing.ObservedRerunToken = recording.Status.Processing.ObservedRerunToken
	return stripped, nil
}
