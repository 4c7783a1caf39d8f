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
)

// CacheOptions keeps the manager's memory to what is in flight: recordings whose processing has not ended, the Jobs of
// recordings without their Pod templates, and pipelines. An object that leaves the cache has not been deleted for that. Without
// namespaces those of the whole cluster are cached.
func CacheOptions(namespaces []string) (cache.Options, error) {
	ours, err := labels.NewRequirement(v1alpha1.LabelRecording, selection.Exists, nil)
	if err != nil {
		return cache.Options{}, fmt.Errorf("select Jobs by label: %w", err)
	}
	options := cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.MeetingRecording{}: {Field: unfinished()},
			&batchv1.Job{}:               {Label: labels.NewSelector().Add(*ours), Transform: stripJob},
		},
	}
	if len(namespaces) > 0 {
		options.DefaultNamespaces = make(map[string]cache.Config, len(namespaces))
		for _, namespace := range namespaces {
			options.DefaultNamespaces[namespace] = cache.Config{}
		}
	}
	return options, nil
}

// unfinished selects recordings whose processing has not ended, those that nobody has looked at yet included.
func unfinished() fields.Selector {
	const state = "status.processing.state"
	return fields.AndSelectors(
		fields.OneTermNotEqualSelector(state, string(v1alpha1.ProcessingSucceeded)),
		fields.OneTermNotEqualSelector(state, string(v1alpha1.ProcessingFailed)),
		fields.OneTermNotEqualSelector(state, string(v1alpha1.ProcessingSkipped)),
	)
}

// stripJob drops what no decision needs and most of a Job is.
func stripJob(object any) (any, error) {
	if job, ok := object.(*batchv1.Job); ok {
		job.ManagedFields = nil
		job.Annotations = nil
		job.Spec.Template = corev1.PodTemplateSpec{}
		job.Spec.PodFailurePolicy = nil
	}
	return object, nil
}
