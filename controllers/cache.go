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

// state is the field by which the API server selects recordings, see the CRD's selectableFields.
const state = "status.processing.state"

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

// unfinished selects recordings whose processing has not ended, those that nobody has looked at yet included.
func unfinished() fields.Selector {
	return fields.AndSelectors(
		fields.OneTermNotEqualSelector(state, string(v1alpha1.ProcessingSucceeded)),
		fields.OneTermNotEqualSelector(state, string(v1alpha1.ProcessingFailed)),
		fields.OneTermNotEqualSelector(state, string(v1alpha1.ProcessingSkipped)),
	)
}

// finished selects recordings whose processing has ended.
func finished() fields.Selector {
	return fields.AndSelectors(
		fields.OneTermNotEqualSelector(state, ""),
		fields.OneTermNotEqualSelector(state, string(v1alpha1.ProcessingWaiting)),
		fields.OneTermNotEqualSelector(state, string(v1alpha1.ProcessingQueued)),
		fields.OneTermNotEqualSelector(state, string(v1alpha1.ProcessingRunning)),
		fields.OneTermNotEqualSelector(state, string(v1alpha1.ProcessingSuspended)),
	)
}

// stripJob drops what no decision needs and most of a Job is.
func stripJob(object any) (any, error) {
	if job, ok := object.(*batchv1.Job); ok {
		job.ManagedFields = nil
		job.Annotations = nil
		job.Spec.Template = corev1.PodTemplateSpec{}
		job.Spec.PodFailurePolicy = nil
		job.Spec.Selector = nil
	}
	return object, nil
}
