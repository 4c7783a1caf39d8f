// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

// A manager that may work in one of its two namespaces, and may not list Pods in a third, is not ready, names both, and serves the first.
func TestForbiddenNamespaces(t *testing.T) {
	api := controlplane.For(t, controlplane.Options{})
	role, err := controlplane.ReadRole("rbac", "manager_role.yaml")
	if err != nil {
		t.Fatal(err)
	}
	withoutPods := role.DeepCopy()
	withoutPods.Name, withoutPods.Rules = "manager-without-pods", nil
	for _, rule := range role.Rules {
		if rule.Resources[0] != "pods" {
			withoutPods.Rules = append(withoutPods.Rules, rule)
		}
	}
	served, forbidden, partly := api.Namespace(t), api.Namespace(t), api.Namespace(t)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: served, Name: "manager"}}
	bind := func(namespace, role string) *rbacv1.RoleBinding {
		return &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "manager"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: served, Name: account.Name}},
		}
	}
	api.Create(t, role, withoutPods, account, bind(served, role.Name), bind(partly, withoutPods.Name))
	as := api.AccountKubeconfig(t, api.Config.Host, served, account.Name)
	harness.Eventually(t, "the roles count", func(context.Context) error {
		_, err := api.Kubectl("--kubeconfig="+as, "get", "jobs", "-n", served)
		_, partial := api.Kubectl("--kubeconfig="+as, "get", "jobs", "-n", partly)
		return errors.Join(err, partial)
	})

	health := harness.Address(t)
	start(t, "--kubeconfig="+as, "--namespace="+served, "--namespace="+forbidden, "--namespace="+partly,
		"--health-probe-bind-address="+health, "--metrics-bind-address=0")
	harness.Eventually(t, "readiness names what is missing", func(ctx context.Context) error {
		says, err := body(ctx, "http://"+health+"/readyz/namespaces")
		for _, want := range []string{"list meetingrecordings in namespace " + forbidden, "list pods in namespace " + partly} {
			if !strings.Contains(says, want) {
				err = errors.Join(err, fmt.Errorf("%q lacks %q", says, want))
			}
		}
		if strings.Contains(says, "namespace "+served) {
			err = errors.Join(err, fmt.Errorf("%q names the namespace that is served", says))
		}
		return err
	})
	expectAnswer(t, "http://"+health+"/readyz", http.StatusInternalServerError)

	api.Create(t, &v1alpha1.RecordingPipeline{
		ObjectMeta: metav1.ObjectMeta{Namespace: served, Name: "default"},
		Spec: v1alpha1.RecordingPipelineSpec{Steps: []v1alpha1.PipelineStep{{Name: "archive", Template: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{
			Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "example.com/main:v1"}}}},
		}}}}},
	})
	recording := &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: served, Name: "rec"},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "abcd-efgh-ijkl", SessionID: "613e1a0ad3d5a1b2c3d4e5f6", Segment: 1},
	}
	api.Create(t, recording)
	old, at := recording.DeepCopy(), metav1.NowMicro()
	recording.Status.Recording = v1alpha1.RecordingStatus{State: v1alpha1.RecordingStopped, EndTime: &at, Events: []v1alpha1.RecordingEvent{
		{Type: v1alpha1.EventStopped, Source: v1alpha1.EventSourceWebhook, ReceiveTime: at, Deliveries: 1, LastReceiveTime: at},
	}}
	if err := api.Client.Status().Patch(t.Context(), recording, client.MergeFrom(old)); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "the recording of the served namespace has its Job", func(ctx context.Context) error {
		var list batchv1.JobList
		if err := api.Client.List(ctx, &list, client.InNamespace(served)); err != nil || len(list.Items) != 1 {
			return fmt.Errorf("%d Jobs: %w", len(list.Items), err)
		}
		return nil
	})
}

// body returns what the address answers.
func body(ctx context.Context, address string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", fmt.Errorf("request: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return string(text), err
}
