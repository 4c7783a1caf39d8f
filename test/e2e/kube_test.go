// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// kubectlOutput runs kubectl and returns what it prints.
func (c *testCluster) kubectlOutput(t testing.TB, args ...string) string {
	t.Helper()
	out, err := c.tryKubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// show runs kubectl, logs what a user sees of it, and returns that.
func (c *testCluster) show(t testing.TB, args ...string) string {
	t.Helper()
	out := c.kubectlOutput(t, args...)
	t.Logf("$ kubectl %s\n%s", strings.Join(args, " "), out)
	return out
}

func (c *testCluster) tryKubectl(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.kubectl, args...)
	cmd.Env = append(os.Environ(), "KUBECTL_COMMAND_HEADERS=false")
	if c.kubeconfig != "" {
		cmd.Env = append(cmd.Env, "KUBECONFIG="+c.kubeconfig)
	}
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("kubectl %s: %w\n%s%s", strings.Join(args, " "), err, stdout.String(), stderr.String())
	}
	return stdout.String(), nil
}

// recording reads a MeetingRecording.
func (c *testCluster) recording(ctx context.Context, in, name string) (*v1alpha1.MeetingRecording, error) {
	var r v1alpha1.MeetingRecording
	err := c.client.Get(ctx, client.ObjectKey{Namespace: in, Name: name}, &r)
	return &r, err
}

// awaitRecording waits until a check of a recording succeeds, and returns the recording.
func (c *testCluster) awaitRecording(t testing.TB, in, name, what string, within time.Duration, check func(*v1alpha1.MeetingRecording) error) *v1alpha1.MeetingRecording {
	t.Helper()
	var found *v1alpha1.MeetingRecording
	harness.Within(t, within, name+" "+what, func(ctx context.Context) error {
		var err error
		found, err = c.recording(ctx, in, name)
		if err != nil {
			return err
		}
		return check(found)
	})
	return found
}

// awaitProcessed waits until a recording is Succeeded.
func (c *testCluster) awaitProcessed(t testing.TB, in, name string, within time.Duration) *v1alpha1.MeetingRecording {
	t.Helper()
	return c.awaitRecording(t, in, name, "is processed", within, func(r *v1alpha1.MeetingRecording) error {
		if r.Status.Processing.State != v1alpha1.ProcessingSucceeded {
			return fmt.Errorf("it is %q: %s", r.Status.Processing.State, stepsOf(r))
		}
		return nil
	})
}

// stepsOf reports the steps in one line each.
func stepsOf(r *v1alpha1.MeetingRecording) string {
	lines := make([]string, 0, len(r.Status.Processing.Steps))
	for _, s := range r.Status.Processing.Steps {
		lines = append(lines, fmt.Sprintf("%s/%s attempt %d %s %s", s.Pipeline, s.Step, s.Attempt, s.State, s.Message))
	}
	return strings.Join(lines, "\n")
}

// dumps are the tests whose failure is already to be dumped.
var dumps = map[string]bool{}

// dumpIfFailed has what explains a failure put into bin/e2e-artifacts/, by the name of the test, when it has failed.
func dumpIfFailed(t testing.TB) {
	if dumps[t.Name()] {
		return
	}
	dumps[t.Name()] = true
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		folder := filepath.Join(cluster.root, "bin/e2e-artifacts", strings.ReplaceAll(t.Name(), "/", "-"))
		if err := cluster.dump(folder); err != nil {
			t.Log("not everything could be dumped: ", err)
		}
		t.Log("what the cluster had at the failure: ", folder)
	})
}

// dump writes objects, events and logs. Secrets stay out.
func (c *testCluster) dump(folder string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	var problem error
	keep := func(file string, args ...string) string {
		out, err := c.tryKubectl(ctx, args...)
		if err != nil {
			problem, out = err, out+"\n"+err.Error()
		}
		if err := os.WriteFile(filepath.Join(folder, file), []byte(out), 0o600); err != nil {
			problem = err
		}
		return out
	}
	keep("objects.txt", "get", "meetingrecordings,recordingpipelines,deployments,replicasets,pods,jobs,services,endpointslices,pvc,pv,leases", "-A", "-o", "wide")
	keep("objects.yaml", "get", "meetingrecordings,recordingpipelines,deployments,pods,jobs", "-A", "-o", "yaml")
	keep("pods.txt", "describe", "pods", "-A")
	keep("events.txt", "get", "events.events.k8s.io", "-A", "--sort-by=.metadata.creationTimestamp")
	pods := keep("names.txt", "-n", system, "get", "pods", "-l", "app.kubernetes.io/name=meeting-recording-operator", "-o", "name")
	for pod := range strings.FieldsSeq(pods) {
		if strings.HasPrefix(pod, "pod/") {
			name := strings.TrimPrefix(pod, "pod/")
			keep(name+".log", "-n", system, "logs", pod, "--all-containers", "--prefix", "--timestamps")
		}
	}
	return problem
}
