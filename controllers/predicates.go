// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/meetingops/meeting-recording-operator/internal/processing"
)

// jobChanges lets pass what a decision can depend on. A Job that has just been created tells nothing new to the controller that
// created it, and one that starts afresh looks at every recording anyway.
func jobChanges() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc: func(e event.CreateEvent) bool { return aspectsOf(e.Object).ended },
		UpdateFunc: func(e event.UpdateEvent) bool { return aspectsOf(e.ObjectOld) != aspectsOf(e.ObjectNew) },
		DeleteFunc: func(event.DeleteEvent) bool { return true },
	}
}

// aspects is what decisions depend on of a Job.
type aspects struct {
	ended, ready, suspended bool
}

func aspectsOf(object client.Object) aspects {
	job, ok := object.(*batchv1.Job)
	if !ok {
		return aspects{}
	}
	return aspects{
		ended:     processing.JobCondition(job) != nil,
		ready:     ptr.Deref(job.Status.Ready, 0) > 0,
		suspended: ptr.Deref(job.Spec.Suspend, false),
	}
}
