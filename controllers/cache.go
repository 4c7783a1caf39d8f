// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/follow"
)

// CacheOptions keeps the manager's memory to what is in flight: recordings whose processing has not ended, the Jobs of
// recordings without their Pod templates, and pipelines. An object that leaves the cache has not been deleted for that. Without
// namespaces those of the whole cluster are cached.
func CacheOptions(namespaces []string) (cache.Options, error) {
	ours, err := labels.NewRequirement(v1alpha1.LabelRecording, selection.Exists, nil)
	if err != nil {
		return cache.Options{}, fmt.Errorf("select Jobs by label: %w", err)
	}
	inFlight, err := fields.ParseSelector(follow.InFlight)
	if err != nil {
		return cache.Options{}, fmt.Errorf("select recordings by state: %w", err)
	}
	options := cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.MeetingRecording{}: {Field: inFlight},
			&batchv1.Job{}:               {Label: labels.NewSelector().Add(*ours), Transform: stripJob},
		},
		DefaultNamespaces: cachedNamespaces(namespaces),
	}
	return options, nil
}

func cachedNamespaces(namespaces []string) map[string]cache.Config {
	if len(namespaces) == 0 {
		return nil
	}
	cached := make(map[string]cache.Config, len(namespaces))
	for _, namespace := range namespaces {
		cached[namespace] = cache.Config{}
	}
	return cached
}

// stripJob drops what no decision needs and most of a Job is.
func stripJob(object any) (any, error) {
	if job, ok := object.(*batchv1.Job); ok {
		job.ManagedFields = nil
		job.Annotations = nil
		job.Spec.Template = corev1.PodTemplateSpec{}
		if job.Spec.PodFailurePolicy != nil {
			job.Spec.PodFailurePolicy = &batchv1.PodFailurePolicy{} // whether there is one decides what a failure means
		}
		job.Spec.Selector = nil
	}
	return object, nil
}
