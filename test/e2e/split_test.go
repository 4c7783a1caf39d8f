// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestSplit turns an installation of config/default into one whose receiver has Pods of its own, while webhooks come, in the order that the
// overlay tells: the receiver first, so that the Service has somewhere to lead to.
func TestSplit(t *testing.T) {
	cluster.install(t, standard)
	meeting := newMeeting()
	cluster.applyPipeline(t, gated(namespace, "split", meeting, "one"))
	coming := startStream(t)
	coming.awaitMore(t, 10)
	cluster.writeOverlay(t, split)
	cluster.kubectlOutput(t, "apply", "-k", cluster.overlay(split), "-l", "app.kubernetes.io/component=receiver")
	cluster.kubectlOutput(t, "-n", system, "rollout", "status", "deployment/"+split.receivers, "--timeout=180s")
	cluster.install(t, split)
	coming.awaitMore(t, 20)

	r := newRecording(meeting)
	sender.mustSend(t, r.webhooks...)
	cluster.expectRunOnce(t, cluster.awaitProcessed(t, namespace, r.name, 2*time.Minute), "split", "one")
	var manager, receiver appsv1.Deployment
	for name, d := range map[string]*appsv1.Deployment{deployment: &manager, split.receivers: &receiver} {
		if err := cluster.client.Get(t.Context(), client.ObjectKey{Namespace: system, Name: name}, d); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(manager.Spec.Template.Spec.InitContainers); n != 0 {
		t.Errorf("the manager's Pod has %d sidecars", n)
	}
	if sa := receiver.Spec.Template.Spec.ServiceAccountName; sa != "meeting-recording-sidecar" || receiver.Status.ReadyReplicas == 0 {
		t.Errorf("the receiver runs as %s in %d Pods", sa, receiver.Status.ReadyReplicas)
	}
	cluster.show(t, "-n", system, "get", "deployments,pods,hpa,pdb,services")
	coming.audit(t)
	for _, d := range coming.unacknowledged() {
		t.Errorf("%s was answered %+v, %v", d.webhook.Type, d.answer, d.err)
	}
}
