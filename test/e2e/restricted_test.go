// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// TestRestrictedNamespace runs the Jobs of all ready pipelines in a team's namespace that enforces the restricted level.
func TestRestrictedNamespace(t *testing.T) {
	cluster.install(t, standard)
	const team = teamA
	operator, operatorTag := splitImage(cluster.images.operator)
	media, mediaTag := splitImage(cluster.images.media)
	type fetching struct {
		Pipeline, Host string
		Steps          []int
	}
	folder := filepath.Join(cluster.root, "bin/e2e/overlays", team)
	cluster.fill(t, "ready.yaml.tmpl", filepath.Join(folder, "kustomization.yaml"), map[string]any{
		"Namespace": team, "Root": "../../../..", "Host": files.host, "Secret": "whsec_" + strings.Repeat("c2VjcmV0", 5),
		"ImageName": operator, "ImageTag": operatorTag, "MediaName": media, "MediaTag": mediaTag,
		"Fetching": []fetching{
			{"meeting-recording-archive", files.host, []int{0}},
			{"meeting-recording-web", files.host, []int{0, 1, 2, 3}},
			{"meeting-recording-speech", files.host, []int{0, 1, 2}},
		},
	})
	cluster.kubectlOutput(t, "apply", "-k", folder)
	for _, name := range []string{"meeting-recording-archive", "meeting-recording-web", "meeting-recording-speech"} {
		cluster.awaitPipeline(t, team, name)
	}
	r := stoppedIn(t, team, newRecording(newMeeting()))
	done := cluster.awaitProcessed(t, team, r.name, 4*time.Minute)
	if n := len(done.Status.Processing.Steps); n != 9 {
		t.Errorf("there are %d steps, want 9: %s", n, stepsOf(done))
	}
	if n := files.told(r.name); n != 1 {
		t.Errorf("the receiver of events was told %d times of the recording", n)
	}
	cluster.show(t, "-n", team, "get", "mrec,jobs")
}

// TestPodsThatDoNotStart has a step whose Pod the restricted level does not allow, and one whose image nobody has.
func TestPodsThatDoNotStart(t *testing.T) {
	cluster.install(t, standard)
	t.Run("forbidden", forbiddenPod)
	t.Run("missing image", missingImage)
}

// forbiddenPod expects that the recording tells where the reason is, and that the Job names it.
func forbiddenPod(t *testing.T) {
	const team = teamB
	meeting := newMeeting()
	p := gated(team, "privileged", meeting, "root")
	p.Spec.Steps[0].Template.Spec.Template.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{Privileged: ptr.To(true)}
	cluster.applyPipeline(t, p)
	r := stoppedIn(t, team, newRecording(meeting))
	t.Parallel() // what follows is waiting
	stalled := awaitStalled(t, team, r.name)
	step := stalled.Status.Processing.Steps[0]
	if !strings.Contains(step.Message, "the Job has no Pod: kubectl describe job "+step.JobName+" shows why") {
		t.Errorf("the step's message is %q", step.Message)
	}
	out := cluster.show(t, "-n", team, "describe", "job", step.JobName)
	if !strings.Contains(out, `violates PodSecurity "restricted:latest": privileged`) {
		t.Errorf("kubectl describe job does not tell why there is no Pod")
	}
}

// missingImage expects that the recording reports the image.
func missingImage(t *testing.T) {
	const image = "localhost:1/nobody/has-this:v1"
	meeting := newMeeting()
	p := gated(namespace, "missing-image", meeting, "pull")
	container := &p.Spec.Steps[0].Template.Spec.Template.Spec.Containers[0]
	container.Image, container.ImagePullPolicy = image, corev1.PullIfNotPresent
	cluster.applyPipeline(t, p)
	r := newRecording(meeting)
	sender.mustSend(t, r.webhooks...)
	t.Parallel() // what follows is waiting
	cluster.awaitRecording(t, namespace, r.name, "tells of the image", 2*time.Minute, func(r *v1alpha1.MeetingRecording) error {
		if steps := stepsOf(r); !strings.Contains(steps, "container pull does not start (ImagePullBackOff): ") || !strings.Contains(steps, image) {
			return fmt.Errorf("its steps are %s", steps)
		}
		return nil
	})
	awaitStalled(t, namespace, r.name)
	cluster.show(t, "-n", namespace, "describe", "mrec", r.name)
}

// awaitStalled waits until a recording needs manual intervention because its Pods do not start.
func awaitStalled(t *testing.T, in, name string) *v1alpha1.MeetingRecording {
	t.Helper()
	return cluster.awaitRecording(t, in, name, "is stalled", 4*time.Minute, func(r *v1alpha1.MeetingRecording) error {
		stalled := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionStalled)
		if stalled == nil || stalled.Status != metav1.ConditionTrue || stalled.Reason != v1alpha1.ReasonNoProgress {
			return fmt.Errorf("its conditions are %+v, its steps %s", r.Status.Conditions, stepsOf(r))
		}
		return nil
	})
}

// stoppedIn makes a recording in a namespace to which the sidecar does not write, as an administrator may.
func stoppedIn(t *testing.T, in string, r recorded) recorded {
	t.Helper()
	w := r.webhooks[3]
	object := &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: in, Name: r.name, Labels: map[string]string{v1alpha1.LabelMeetingID: w.MeetingID}},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: w.MeetingID, SessionID: w.SessionID, Segment: 1},
	}
	if err := cluster.client.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	before := object.DeepCopy()
	now := metav1.NowMicro()
	object.Status.Recording = v1alpha1.RecordingStatus{
		State: v1alpha1.RecordingStopped, File: &v1alpha1.RecordingFile{Path: r.filePath, URL: files.url + r.filePath}, EndTime: &now,
		Events: []v1alpha1.RecordingEvent{{
			Type: v1alpha1.EventStopped, Source: v1alpha1.EventSourceWebhook, ReceiveTime: now, Deliveries: 1, LastReceiveTime: now,
		}},
	}
	if err := cluster.client.Status().Patch(t.Context(), object, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	return r
}
