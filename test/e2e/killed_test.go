// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

const lease = "meeting-recording-operator.recording.meetingops.dev"

// TestPodKilled kills the only Pod between and within the steps of recordings, while webhooks come.
func TestPodKilled(t *testing.T) {
	cluster.install(t, standard)
	meeting := newMeeting()
	cluster.applyPipeline(t, gated(namespace, "killed", meeting, "one", "two", "three"))
	r := newRecording(meeting)
	first, second := files.hold(t, r.name, "one"), files.hold(t, r.name, "two")
	sender.mustSend(t, r.webhooks...)
	files.awaitStep(t, r.name, "one")
	coming := startStream(t)
	coming.awaitMore(t, 10)

	kill(t, only(t, deployment))
	first() // step one ends while nobody looks
	coming.awaitMore(t, 10)
	files.awaitStep(t, r.name, "two")

	kill(t, only(t, deployment))
	coming.awaitMore(t, 10)
	second()
	cluster.expectRunOnce(t, cluster.awaitProcessed(t, namespace, r.name, 2*time.Minute), "killed", "one", "two", "three")
	coming.audit(t)
}

// TestTwoReplicas has both Pods take webhooks, and kills the one that leads within a recording's steps.
func TestTwoReplicas(t *testing.T) {
	cluster.install(t, ha)
	meeting := newMeeting()
	cluster.applyPipeline(t, gated(namespace, "two-replicas", meeting, "one", "two"))
	coming := startStream(t)
	coming.awaitMore(t, 40)
	expectWebhooksToAll(t, 2)

	r := newRecording(meeting)
	release := files.hold(t, r.name, "one")
	sender.mustSend(t, r.webhooks...)
	files.awaitStep(t, r.name, "one")
	leader := awaitLeader(t, "")
	kill(t, leader)
	release()
	next := awaitLeader(t, leader)
	t.Logf("%s led, and then %s", leader, next)
	cluster.expectRunOnce(t, cluster.awaitProcessed(t, namespace, r.name, 2*time.Minute), "two-replicas", "one", "two")
	coming.awaitMore(t, 20)
	coming.audit(t)
}

// only returns the name of the Deployment's only Pod.
func only(t *testing.T, name string) string {
	t.Helper()
	pods, err := cluster.podsOf(t.Context(), name)
	if err != nil || len(pods) != 1 {
		t.Fatalf("one Pod was to be there, not %d (%v)", len(pods), err)
	}
	return pods[0].Name
}

// kill ends a Pod at once, without telling it.
func kill(t *testing.T, pod string) {
	t.Helper()
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: pod}}
	if err := cluster.client.Delete(t.Context(), p, client.GracePeriodSeconds(0)); err != nil {
		t.Fatal(err)
	}
}

// awaitLeader waits until a Pod other than the one given leads, and returns its name.
func awaitLeader(t *testing.T, other string) (pod string) {
	t.Helper()
	harness.Within(t, time.Minute, "another Pod than «"+other+"» leads", func(ctx context.Context) error {
		var l coordinationv1.Lease
		if err := cluster.client.Get(ctx, client.ObjectKey{Namespace: system, Name: lease}, &l); err != nil {
			return err
		}
		if l.Spec.HolderIdentity == nil || *l.Spec.HolderIdentity == "" {
			return fmt.Errorf("nobody leads")
		}
		pod, _, _ = strings.Cut(*l.Spec.HolderIdentity, "_")
		if pod == other {
			return fmt.Errorf("%s does", pod)
		}
		return nil
	})
	return pod
}

// expectWebhooksToAll fails unless there are so many Pods, and the log of each reports webhooks that it recorded.
func expectWebhooksToAll(t *testing.T, replicas int) {
	t.Helper()
	pods, err := cluster.podsOf(t.Context(), deployment)
	if err != nil || len(pods) != replicas {
		t.Fatalf("there are %d Pods, want %d (%v)", len(pods), replicas, err)
	}
	for _, pod := range pods {
		log := cluster.kubectlOutput(t, "-n", system, "logs", pod.Name, "-c", "sidecar")
		n := strings.Count(log, "Event recorded")
		t.Logf("Pod %s recorded %d webhooks", pod.Name, n)
		if n == 0 {
			t.Errorf("Pod %s recorded no webhook", pod.Name)
		}
	}
}
