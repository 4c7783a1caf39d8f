// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// TestConfigure: simulate --configure has the sidecar trust the key in place of the provider's, waits until it runs with it, and changes
// nothing the second time.
func TestConfigure(t *testing.T) {
	namespace, keys := api.Namespace(t), t.TempDir()
	patch(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, `{"metadata":{"labels":{"recording.meetingops.dev/simulate":"allowed"}}}`)
	labels := map[string]string{"app": "operator"}
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "operator"}}
	deployment.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	deployment.Spec.Template.Labels = labels
	deployment.Spec.Template.Spec.Containers = []corev1.Container{{Name: "manager", Image: "example.com/x:1"}}
	deployment.Spec.Template.Spec.InitContainers = []corev1.Container{{Name: "sidecar", Image: "example.com/x:1", Args: []string{"--public-key-url=https://example.com", "--spool-dir=/spool"}}}
	api.Create(t, deployment)

	configure := func() string {
		t.Helper()
		ended := make(chan string, 1)
		go func() {
			_, stderr, _ := run(t.Context(), "simulate", "--configure", "--operator-namespace", namespace, "--key-dir", keys)
			ended <- stderr
		}()
		harness.Eventually(t, "the key is mounted", func(ctx context.Context) error {
			if err := api.Client.Get(ctx, client.ObjectKeyFromObject(deployment), deployment); err != nil {
				return err
			}
			if len(deployment.Spec.Template.Spec.Volumes) == 0 {
				return errors.New("no volume")
			}
			// The Deployment's controller is played here.
			deployment.Status = appsv1.DeploymentStatus{ObservedGeneration: deployment.Generation, Replicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1, ReadyReplicas: 1}
			return api.Client.Status().Update(ctx, deployment)
		})
		return <-ended
	}
	for range 2 {
		if stderr := configure(); !strings.Contains(stderr, `no running Pod in namespace "`+namespace) {
			t.Fatalf("after the rollout: %s", stderr)
		}
		container := deployment.Spec.Template.Spec.InitContainers[0]
		if diff := cmp.Diff([]string{"--spool-dir=/spool", "--public-key-file=/etc/videosdk-simulator/public.pem"}, container.Args); diff != "" || len(container.VolumeMounts) != 1 {
			t.Errorf("%s, mounts %v", diff, container.VolumeMounts)
		}
		if deployment.Generation != 2 {
			t.Errorf("generation %d", deployment.Generation)
		}
	}
	secret := &corev1.Secret{}
	public, err := os.ReadFile(filepath.Join(keys, "public.pem"))
	if err := errors.Join(err, api.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "videosdk-simulator"}, secret)); err != nil {
		t.Fatal(err)
	}
	if len(secret.Data) != 1 || string(secret.Data["public.pem"]) != string(public) {
		t.Errorf("the Secret has %d keys", len(secret.Data))
	}
}
