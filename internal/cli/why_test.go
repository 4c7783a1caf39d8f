// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/cli/diagnosis"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

// TestGuideExample: the example of the troubleshooting guide is what the script why.txtar gets.
func TestGuideExample(t *testing.T) {
	script, err := txtar.ParseFile("testdata/why.txtar")
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile(harness.Path("docs", "how-to", "troubleshoot.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range script.Files {
		if answer := bytes.ReplaceAll(file.Data, []byte("$NAMESPACE"), []byte("meetings")); file.Name == "answer" && !bytes.Contains(guide, answer) {
			t.Errorf("the guide lacks\n%s", answer)
		}
	}
}

// awaitWhy waits until why gives the reason, and returns the answer.
func awaitWhy(t *testing.T, namespace, name, reason string) (answer diagnosis.Answer) {
	t.Helper()
	harness.Eventually(t, name+" is answered by "+reason, func(ctx context.Context) error {
		stdout, stderr, code := run(ctx, "why", "-n", namespace, name, "-o", "json")
		if code != 0 {
			return errors.New(stderr)
		}
		answer = diagnosis.Answer{}
		if err := json.Unmarshal([]byte(stdout), &answer); err != nil || answer.Reason != reason {
			return fmt.Errorf("%w: %s", err, stdout)
		}
		return nil
	})
	return answer
}

// jobOf waits for the Job of a recording.
func jobOf(t *testing.T, namespace, name string) *batchv1.Job {
	t.Helper()
	var jobs batchv1.JobList
	harness.Eventually(t, name+" has a Job", func(ctx context.Context) error {
		err := api.Client.List(ctx, &jobs, client.InNamespace(namespace), client.MatchingLabels{v1alpha1.LabelRecording: lifecycle.LabelValue(name)})
		if err == nil && len(jobs.Items) == 0 {
			err = errors.New("no Job")
		}
		return err
	})
	return &jobs.Items[0]
}

// createStopped creates a recording that has just stopped.
func createStopped(t *testing.T, namespace, name string) *v1alpha1.MeetingRecording {
	t.Helper()
	r := finished(namespace, name)
	api.Create(t, r)
	setFinished(r)
	r.Status.Processing, r.Status.Conditions = v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingWaiting}, nil
	r.Status.ObservedGeneration = -1
	if err := api.Client.Status().Update(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return r
}

func createPipeline(t *testing.T, namespace string, maxConcurrent int32) {
	t.Helper()
	pipeline := &v1alpha1.RecordingPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "web"}}
	pipeline.Spec.Steps = []v1alpha1.PipelineStep{{Name: "archive"}}
	pipeline.Spec.Steps[0].Template.Spec.Template.Spec.Containers = []corev1.Container{{Name: "main", Image: "example.com/x:1"}}
	if maxConcurrent > 0 {
		pipeline.Spec.MaxConcurrent = &maxConcurrent
	}
	api.Create(t, pipeline)
}

func patch(t *testing.T, object client.Object, change string) {
	t.Helper()
	if err := api.Client.Patch(t.Context(), object, client.RawPatch(client.Merge.Type(), []byte(change))); err != nil {
		t.Fatal(err)
	}
}

// TestWhyInCluster: with a manager at work, why finds what only other objects of the cluster say.
func TestWhyInCluster(t *testing.T) {
	usual, limited, full := api.Namespace(t), api.Namespace(t), api.Namespace(t)
	createPipeline(t, usual, 0)
	createPipeline(t, limited, 1)
	createPipeline(t, full, 0)
	fillQuota(t, full)
	startManager(t, usual, limited, full)

	createStopped(t, full, "no-quota")
	createStopped(t, limited, "first")
	jobOf(t, limited, "first")
	createStopped(t, limited, "second")
	for _, name := range []string{"no-image", "no-node", "lost", "paused", "held"} {
		createStopped(t, usual, name)
	}

	waits := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: "not found"}}
	runPod(t, jobOf(t, usual, "no-image"), corev1.PodPending, waits)
	noNode := runPod(t, jobOf(t, usual, "no-node"), corev1.PodPending, corev1.ContainerState{})
	status := `{"status":{"conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/3 nodes are available"}]}}`
	if err := api.Client.Status().Patch(t.Context(), noNode, client.RawPatch(client.Merge.Type(), []byte(status))); err != nil {
		t.Fatal(err)
	}
	lost := runPod(t, jobOf(t, usual, "lost"), corev1.PodRunning, corev1.ContainerState{Running: &corev1.ContainerStateRunning{}})
	if err := errors.Join(api.Client.SubResource("binding").Create(t.Context(), lost, &corev1.Binding{Target: corev1.ObjectReference{Kind: "Node", Name: "node-1"}}),
		api.Client.Delete(t.Context(), lost, client.GracePeriodSeconds(1))); err != nil {
		t.Fatal(err)
	}
	patch(t, jobOf(t, usual, "paused"), `{"spec":{"suspend":true}}`)
	api.MustFinish(t, jobOf(t, usual, "held"), 0, "")
	if _, stderr, code := run(t.Context(), "hold", "-n", usual, "held"); code != 0 {
		t.Fatal(stderr)
	}

	for _, want := range []struct{ namespace, name, reason, says string }{
		{full, "no-quota", "QuotaExceeded", "ResourceQuota small is used up: 0 of 0 count/jobs.batch."},
		{limited, "second", "Queued", "position 1 of 1"},
		{usual, "no-image", "ImagePullBackOff", "not found"},
		{usual, "no-node", "PodNotScheduled", "0/3 nodes are available"},
		{usual, "lost", "PodLost", "node node-1 may be lost"},
		{usual, "paused", "JobSuspended", "suspended by "},
		{usual, "held", "Held", "the API server rejects its deletion"},
	} {
		answer := awaitWhy(t, want.namespace, want.name, want.reason)
		if !strings.Contains(answer.Summary+answer.Detail, want.says) || len(answer.Incomplete) > 0 {
			t.Errorf("%s: got %+v, want %q", want.name, answer, want.says)
		}
	}
}

func runPod(t *testing.T, job *batchv1.Job, phase corev1.PodPhase, state corev1.ContainerState) *corev1.Pod {
	t.Helper()
	pod, err := controlplane.RunPod(t.Context(), api.Client, job, phase, state)
	if err != nil {
		t.Fatal(err)
	}
	return pod
}

// fillQuota allows no Job in the namespace. It plays the controller that counts a quota's use, too.
func fillQuota(t *testing.T, namespace string) {
	t.Helper()
	none := corev1.ResourceList{"count/jobs.batch": resource.MustParse("0")}
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "small"}, Spec: corev1.ResourceQuotaSpec{Hard: none}}
	api.Create(t, quota)
	quota.Status = corev1.ResourceQuotaStatus{Hard: none, Used: none}
	if err := api.Client.Status().Update(t.Context(), quota); err != nil {
		t.Fatal(err)
	}
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "probe"}}
	job.Spec.Template.Spec = corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "main", Image: "example.com/x:1"}}}
	harness.Eventually(t, "the quota is in force", func(ctx context.Context) error {
		if err := api.Client.Create(ctx, job.DeepCopy(), &client.CreateOptions{DryRun: []string{metav1.DryRunAll}}); err == nil {
			return errors.New("a Job is accepted")
		}
		return nil
	})
}
