// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/cli"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// TestFollowContainers: with -f a container that never ends does not hide the others.
func TestFollowContainers(t *testing.T) {
	namespace := api.Namespace(t)
	r := finished(namespace, "rec")
	api.Create(t, r)
	r.Status.Processing = v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingRunning, Steps: []v1alpha1.StepStatus{
		{Pipeline: "web", Step: "archive", Attempt: 1, State: v1alpha1.StepRunning, JobName: "job"},
	}}
	if err := api.Client.Status().Update(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	labels := map[string]string{v1alpha1.LabelRecording: "rec"}
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "job", Labels: labels,
		OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(r, v1alpha1.GroupVersion.WithKind("MeetingRecording"))}}}
	job.Spec.Template.Spec = corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "main", Image: "example.com/x:1"}}}
	api.Create(t, job)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "pod", Labels: labels,
		OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))}}}
	always := corev1.ContainerRestartPolicyAlways
	pod.Spec = corev1.PodSpec{NodeName: nodeName,
		InitContainers: []corev1.Container{{Name: "proxy", Image: "example.com/x:1", RestartPolicy: &always}, {Name: "fetch", Image: "example.com/x:1"}},
		Containers:     []corev1.Container{{Name: "main", Image: "example.com/x:1"}},
	}
	api.Create(t, pod)

	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var out, errOut harness.Output
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Run(ctx, []string{"logs", "-n", namespace, "rec", "-f", "--kubeconfig", api.Kubeconfig},
			genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut})
	}()
	for _, line := range []string{"proxy: a new line\n", "fetch: a new line\n", "main: a new line\n"} {
		harness.Eventually(t, line, func(context.Context) error {
			if !strings.Contains(out.String(), line) {
				return fmt.Errorf("it shows %s%s", out.String(), errOut.String())
			}
			return nil
		})
	}
	interrupt()
	if code := <-ended; code != 130 {
		t.Errorf("it ends with %d: %s", code, errOut.String())
	}
}
