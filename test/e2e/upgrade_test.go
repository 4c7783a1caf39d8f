// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// TestRollingUpgrade installs the previous version, and while webhooks come, and recordings are at work, this one over it with kubectl apply.
func TestRollingUpgrade(t *testing.T) {
	cluster.uninstall(t)
	cluster.install(t, earlier)
	meeting := newMeeting()
	cluster.applyPipeline(t, gated(namespace, "upgrade", meeting, "one", "two"))
	inStep, inMeeting := newRecording(meeting), newRecording(meeting)
	release := files.hold(t, inStep.name, "one")
	sender.mustSend(t, inStep.webhooks...)
	sender.mustSend(t, inMeeting.webhooks[:2]...)
	files.awaitStep(t, inStep.name, "one")

	coming := startStream(t)
	coming.awaitMore(t, 20)
	cluster.writeOverlay(t, standard)
	cluster.apply(t, standard)
	cluster.awaitRollout(t, standard)
	coming.awaitMore(t, 40)
	cluster.prune(t, earlier, standard)
	cluster.installed = standard
	coming.awaitMore(t, 20)
	release()
	sender.mustSend(t, inMeeting.webhooks[2:]...)

	expectImages(t)
	for _, r := range []recorded{inStep, inMeeting} {
		cluster.expectRunOnce(t, cluster.awaitProcessed(t, namespace, r.name, 2*time.Minute), "upgrade", "one", "two")
	}
	coming.audit(t)
	for _, d := range coming.unacknowledged() {
		t.Errorf("during the upgrade %s was answered %+v, %v", d.webhook.Type, d.answer, d.err)
	}
	cluster.awaitRecording(t, namespace, inMeeting.name, "has all its events", time.Minute, func(r *v1alpha1.MeetingRecording) error {
		if n := len(r.Status.Recording.Events); n != 4 {
			return fmt.Errorf("it has %d events", n)
		}
		return nil
	})
}

// expectImages fails unless every Pod of the operator runs this version, and each container as its own ServiceAccount says.
func expectImages(t *testing.T) {
	t.Helper()
	pods, err := cluster.podsOf(t.Context(), deployment)
	if err != nil {
		t.Fatal(err)
	}
	for _, pod := range pods {
		if pod.Spec.ServiceAccountName != "meeting-recording-manager" {
			t.Errorf("Pod %s runs as %s", pod.Name, pod.Spec.ServiceAccountName)
		}
		for _, container := range append(append([]corev1.Container{}, pod.Spec.InitContainers...), pod.Spec.Containers...) {
			if !strings.HasSuffix(container.Image, cluster.images.operator) {
				t.Errorf("container %s of Pod %s runs %s", container.Name, pod.Name, container.Image)
			}
		}
	}
}
