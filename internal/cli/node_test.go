// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilexec "k8s.io/utils/exec"

	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
	"github.com/meetingops/meeting-recording-operator/test/harness/provider"
)

// nodeName is the node whose kubelet the tests play.
const nodeName = "node-1"

var kubelet = controlplane.Kubelet{Logs: writeLog, Exec: runInContainer}

// writeLog writes a log that says which one was asked for. While it is followed it goes on until the reader has gone.
func writeLog(ctx context.Context, w io.Writer, pod, container string, query url.Values) error {
	if container == "broken" {
		return errors.New("the kubelet cannot read the log")
	}
	which := "log"
	if query.Get("previous") == "true" {
		which = "earlier log"
	}
	if _, err := fmt.Fprintf(w, "%s of %s in %s\nits last line", which, container, pod); err != nil || query.Get("follow") != "true" {
		return err
	}
	if _, err := fmt.Fprintf(w, "\na new line\n"); err != nil || container != "proxy" {
		return err
	}
	<-ctx.Done() // a proxy never ends
	return nil
}

// runInContainer runs our own binaries, as the image has them.
func runInContainer(ctx context.Context, _, _ string, command []string, stdout, stderr io.Writer) error {
	binary, err := harness.Binary(strings.TrimPrefix(command[0], "/"))
	if err != nil {
		return err
	}
	process := exec.CommandContext(ctx, binary, command[1:]...)
	process.Env = append(os.Environ(), "KUBECONFIG="+api.Kubeconfig)
	process.Stdout, process.Stderr = stdout, stderr
	err = process.Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return utilexec.CodeExitError{Err: failed, Code: failed.ExitCode()}
	}
	return err
}

// runPodOf registers a Pod that runs a binary of ours with the arguments.
func runPodOf(ctx context.Context, namespace, name string, args ...string) error {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name + "-0"},
		Spec:       corev1.PodSpec{NodeName: nodeName, Containers: []corev1.Container{{Name: name, Image: "example.com/x:1", Command: []string{"/" + name}, Args: args}}},
	}
	if err := api.Client.Create(ctx, pod); err != nil {
		return err
	}
	pod.Status.Phase = corev1.PodRunning
	return api.Client.Status().Update(ctx, pod)
}

// sidecar starts one that trusts a key, with the dead letters of a file: sidecar PUBLICKEY DEADLETTERS.
func sidecar(t *testing.T) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 2 {
			ts.Fatalf("usage: sidecar PUBLICKEY DEADLETTERS")
		}
		spool := ts.MkAbs("spool")
		binary, err := harness.Binary("sidecar")
		ts.Check(errors.Join(err, os.Mkdir(spool, 0o700)))
		importing := exec.CommandContext(context.Background(), binary, "spool", "import", "--spool-dir", spool)
		importing.Stdin = strings.NewReader(ts.ReadFile(args[1]))
		if out, err := importing.CombinedOutput(); err != nil {
			ts.Fatalf("import: %v: %s", err, out)
		}
		health := harness.Address(t)
		flags := []string{"--namespace", ts.Getenv("NAMESPACE"), "--spool-dir=" + spool, "--public-key-file=" + ts.MkAbs(args[0]), "--shutdown-delay=0s",
			"--webhook-bind-address=" + harness.Address(t), "--diagnostics-bind-address", harness.Address(t), "--metrics-bind-address=" + harness.Address(t),
			"--health-probe-bind-address=" + health}
		harness.Start(t, "sidecar", append(flags, "--kubeconfig", api.Kubeconfig)...).AwaitReady(t, health)
		ts.Check(runPodOf(context.Background(), ts.Getenv("NAMESPACE"), "sidecar", flags...))
	}
}

// backfill starts one whose provider has a recording that the cluster lacks.
func backfill(t *testing.T) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, _ []string) {
		if neg {
			ts.Fatalf("usage: backfill")
		}
		account := provider.NewAccount()
		server := httptest.NewServer(account)
		t.Cleanup(server.Close)
		hourAgo := time.Now().Add(-time.Hour)
		session := provider.Session{ID: "613731342f27f56e4fc4b6d0", RoomID: "jvsg-8rjn-j304", Start: hourAgo, End: hourAgo.Add(10 * time.Minute)}
		account.AddSession(session)
		account.AddRecording(provider.Recording{ID: provider.NewID(), SessionID: session.ID, RoomID: session.RoomID, FileID: "61dff29d9e5b1a4e4a34d17e",
			Created: hourAgo.Add(10 * time.Minute), Updated: hourAgo.Add(10 * time.Minute)})
		key, secret := ts.MkAbs("key"), ts.MkAbs("secret")
		ts.Check(errors.Join(os.WriteFile(key, []byte(account.Key), 0o600), os.WriteFile(secret, []byte(account.Secret), 0o600)))
		ts.Check(runPodOf(context.Background(), ts.Getenv("NAMESPACE"), "backfill",
			"--namespace="+ts.Getenv("NAMESPACE"), "--api-key-file="+key, "--api-secret-file="+secret, "--api-url="+server.URL))
	}
}
