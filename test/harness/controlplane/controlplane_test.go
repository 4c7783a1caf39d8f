// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

var api *ControlPlane

func TestMain(m *testing.M) {
	Main(m, func(c *ControlPlane) error { api = c; return nil })
}

// TestFinish: a real API server accepts what a Job and its Pod become.
func TestFinish(t *testing.T) {
	namespace := api.Namespace(t)
	for name, code := range map[string]int32{"succeeds": 0, "fails": 65} {
		job := &batchv1.Job{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
			Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
				RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "main", Image: "example.com/main:v1"}},
			}}},
		}
		api.Create(t, job)
		api.MustFinish(t, job, code, "done")
		pod := &corev1.Pod{}
		if err := api.Client.Get(t.Context(), client.ObjectKeyFromObject(job), pod); err != nil {
			t.Fatal(err)
		}
		if ended := pod.Status.ContainerStatuses[0].State.Terminated; ended == nil || ended.ExitCode != code || ended.Message != "done" {
			t.Errorf("%s: the container has %+v", name, ended)
		}
		if got := job.Status.Succeeded == 1; got != (code == 0) {
			t.Errorf("%s: the Job has %+v", name, job.Status)
		}
	}
}

// TestRestartAPIServer: what was stored is there afterwards, at the same address.
func TestRestartAPIServer(t *testing.T) {
	namespace := api.Namespace(t)
	if err := api.RestartAPIServer(); err != nil {
		t.Fatal(err)
	}
	if out := api.MustKubectl(t, "get", "namespace", namespace, "--output=name"); strings.TrimSpace(out) != "namespace/"+namespace {
		t.Errorf("kubectl prints %q", out)
	}
}

// TestUser: somebody is not allowed anything.
func TestUser(t *testing.T) {
	config, err := api.User("somebody")
	if err != nil {
		t.Fatal(err)
	}
	somebody, err := client.New(config, client.Options{Scheme: api.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	if err := somebody.List(t.Context(), &v1alpha1.MeetingRecordingList{}); err == nil {
		t.Error("a user without rights lists recordings")
	}
}
