// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/cli"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

var restoreRecordings = flag.Int("restore.recordings", 300, "how many recordings TestBackupAndRestore has")

// run runs the plugin in this process.
func run(ctx context.Context, args ...string) (stdout, stderr string, code int) {
	var out, errOut bytes.Buffer
	args = append(args, "--kubeconfig", api.Kubeconfig)
	code = cli.Run(ctx, args, genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut})
	return out.String(), errOut.String(), code
}

// finished is a recording that the manager has processed: its Job is gone, its outcome is stored.
func finished(namespace, name string) *v1alpha1.MeetingRecording {
	return &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"team": "sales"}},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "m", SessionID: name, Segment: 1},
	}
}

func setFinished(r *v1alpha1.MeetingRecording) {
	now := metav1.Now()
	r.Status.ObservedGeneration = r.Generation
	r.Status.Recording = v1alpha1.RecordingStatus{State: v1alpha1.RecordingStopped, File: &v1alpha1.RecordingFile{Path: "/" + r.Name + ".mp4"},
		Events: []v1alpha1.RecordingEvent{{Type: v1alpha1.EventStopped, Source: v1alpha1.EventSourceWebhook, Deliveries: 1,
			ReceiveTime: metav1.NowMicro(), LastReceiveTime: metav1.NowMicro()}}}
	r.Status.Processing = v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingSucceeded, Steps: []v1alpha1.StepStatus{
		{Pipeline: "web", Step: "archive", Attempt: 1, State: v1alpha1.StepSucceeded, JobName: "gone", StartTime: &now, CompletionTime: &now},
	}}
	r.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonProcessed,
		ObservedGeneration: r.Generation, LastTransitionTime: now}}
}

// TestBackupAndRestore: with a manager at work, a restore brings back every recording with its status, and no Job runs again. A
// restore that was interrupted goes on when it is run again.
func TestBackupAndRestore(t *testing.T) {
	namespace := api.Namespace(t)
	count := *restoreRecordings
	each(t, count, func(ctx context.Context, name string) error {
		r := finished(namespace, name)
		if err := api.Client.Create(ctx, r); err != nil {
			return err
		}
		setFinished(r)
		return api.Client.Status().Update(ctx, r)
	})
	createPipeline(t, namespace, 0)
	startManager(t, namespace)

	file, began := filepath.Join(t.TempDir(), "backup.json"), time.Now()
	if stdout, stderr, code := run(t.Context(), "backup", file, "-n", namespace); code != 0 || !strings.Contains(stdout, fmt.Sprintf("%d recordings written to", count)) {
		t.Fatalf("backup: %d, %s, %s", code, stdout, stderr)
	}
	t.Logf("%d recordings written in %s", count, time.Since(began))
	harness.Eventually(t, "the namespace is empty", func(ctx context.Context) error {
		if err := api.Client.DeleteAllOf(ctx, &v1alpha1.MeetingRecording{}, client.InNamespace(namespace)); err != nil {
			return err
		}
		var left v1alpha1.MeetingRecordingList
		if err := api.Client.List(ctx, &left, client.InNamespace(namespace), client.Limit(1)); err != nil || len(left.Items) == 0 {
			return err
		}
		return errors.New("recordings are left")
	})
	if stdout, stderr, code := run(t.Context(), "restore", file, "--dry-run=server"); code != 0 || !strings.Contains(stdout, fmt.Sprintf("%d restored, 0 already there, 0 failed (server dry run)", count)) {
		t.Fatalf("restore: %d, %s, %s", code, stdout, stderr)
	}
	interrupted, interrupt := context.WithCancel(t.Context())
	go func() {
		defer interrupt()
		third := client.ObjectKey{Namespace: namespace, Name: recordingName(count / 3)}
		_ = harness.Await(interrupted, harness.Patience, "a third is restored", func(ctx context.Context) error {
			return api.Client.Get(ctx, third, &v1alpha1.MeetingRecording{})
		}) // what ends it is tested below
	}()
	if _, stderr, code := run(interrupted, "restore", file); code != 130 || !strings.Contains(stderr, "run the command again to restore the rest") {
		t.Fatalf("an interrupted restore ends with %d, %s", code, stderr)
	}
	began = time.Now()
	if stdout, stderr, code := run(t.Context(), "restore", file); code != 0 || !strings.Contains(stdout, " 0 failed") || strings.HasPrefix(stdout, fmt.Sprintf("%d restored", count)) {
		t.Fatalf("restore: %d, %s, %s", code, stdout, stderr)
	}
	t.Logf("two thirds of them restored in %s", time.Since(began))
	if stdout, _, _ := run(t.Context(), "restore", file); !strings.Contains(stdout, fmt.Sprintf("0 restored, %d already there, 0 failed", count)) {
		t.Errorf("a third restore: %s", stdout)
	}
	// The manager has looked at everything once it has processed a recording that ended after the restore.
	createStopped(t, namespace, "last")
	harness.Eventually(t, "the recording that is new has its Job", func(ctx context.Context) error {
		var jobs batchv1.JobList
		if err := api.Client.List(ctx, &jobs, client.InNamespace(namespace)); err != nil {
			return err
		}
		for _, job := range jobs.Items {
			if owner := metav1.GetControllerOf(&job); owner == nil || owner.Name != "last" {
				t.Errorf("job %s ran again", job.Name)
			}
		}
		if len(jobs.Items) == 0 {
			return errors.New("no Job")
		}
		return nil
	})
	for _, r := range recordings(t, namespace) {
		if r.Name == "last" {
			continue
		}
		if r.Status.Processing.State != v1alpha1.ProcessingSucceeded || len(r.Status.Processing.Steps) != 1 || r.Status.Recording.File == nil ||
			!meta.IsStatusConditionTrue(r.Status.Conditions, v1alpha1.ConditionReady) || r.Labels["team"] != "sales" || r.Status.ObservedGeneration != r.Generation {
			t.Fatalf("recording %s came back as %+v", r.Name, r.Status)
		}
	}
}

// startManager runs a manager for the namespaces until the test ends.
func startManager(t *testing.T, namespaces ...string) {
	health := harness.Address(t)
	args := []string{"--kubeconfig", api.Kubeconfig, "--metrics-bind-address=0", "--health-probe-bind-address", health}
	for _, namespace := range namespaces {
		args = append(args, "--namespace", namespace)
	}
	harness.Start(t, "manager", args...).AwaitReady(t, health)
}

func recordings(t *testing.T, namespace string) []v1alpha1.MeetingRecording {
	var list v1alpha1.MeetingRecordingList
	if err := api.Client.List(t.Context(), &list, client.InNamespace(namespace)); err != nil {
		t.Error(err)
	}
	return list.Items
}

func recordingName(i int) string { return fmt.Sprintf("rec-%05d", i) }

func each(t *testing.T, count int, do func(ctx context.Context, name string) error) {
	t.Helper()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(16)
	for i := range count {
		group.Go(func() error { return do(ctx, recordingName(i)) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// TestRestoreOfOthers: what cannot be restored is named, and does not stop the others.
func TestRestoreOfOthers(t *testing.T) {
	from, to := api.Namespace(t), api.Namespace(t)
	for _, name := range []string{"rec-a", "rec-b"} {
		r := finished(from, name)
		api.Create(t, r)
		setFinished(r)
		if err := api.Client.Status().Update(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	other := finished(to, "rec-a")
	other.Spec.MeetingID = "another"
	api.Create(t, other)
	file := filepath.Join(t.TempDir(), "backup.json")
	if _, stderr, code := run(t.Context(), "backup", file, "-n", from); code != 0 {
		t.Fatal(stderr)
	}
	stdout, stderr, code := run(t.Context(), "restore", file, "-n", to)
	if code != 1 || !strings.Contains(stdout, "1 restored, 0 already there, 1 failed") || !strings.Contains(stderr, "the cluster has another recording with this name") {
		t.Errorf("%d, %s, %s", code, stdout, stderr)
	}
	if _, stderr, code := run(t.Context(), "restore", file+".missing"); code != 1 || !strings.Contains(stderr, "no such file") {
		t.Errorf("a missing file: %d, %s", code, stderr)
	}
}
