// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/backup"
	"github.com/meetingops/meeting-recording-operator/internal/cli"
	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

// TestOtherCRDs: a cluster without our CRDs, and then one whose CRD lacks what this version has. Both are said; nothing is taken for done.
func TestOtherCRDs(t *testing.T) {
	cluster := controlplane.For(t, controlplane.Options{WithoutCRDs: true})
	file := filepath.Join(t.TempDir(), "backup.json")
	try := func(wantCode int, wants string, args ...string) {
		t.Helper()
		var out, errOut bytes.Buffer
		code := cli.Run(context.Background(), append(args, "--kubeconfig", cluster.Kubeconfig), genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut})
		if code != wantCode || !strings.Contains(out.String()+errOut.String(), wants) {
			t.Errorf("%v: %d, %s%s; want %d, %s", args, code, out.String(), errOut.String(), wantCode, wants)
		}
	}
	const none = "the cluster does not have the operator's CRDs: install them with kubectl apply -k config/crd"
	for _, args := range [][]string{{"list"}, {"list", "-o", "json"}, {"get", "a"}, {"why", "a"}, {"logs", "a"}, {"outputs", "a"}, {"hold", "a"}, {"rerun", "-l", "a=b"}, {"backup", file}} {
		try(1, none, args...)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a backup that failed has left a file")
	}

	installOlder(t, cluster)
	recording := finished("default", "a")
	cluster.Create(t, recording)
	setFinished(recording)
	if err := cluster.Client.Status().Update(t.Context(), recording); err != nil {
		t.Fatal(err)
	}
	const older = "the cluster's CRDs are older than this plugin"
	try(1, older, "hold", "a")
	try(1, older, "list", "--meeting", "m")
	try(0, "a ", "list", "--no-headers")
	try(0, "Stopped", "get", "a")
	try(0, "meetingrecording/a suspended", "suspend", "a")
	try(0, "1 recordings written", "backup", file)
	if err := cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(recording), recording); err != nil || recording.Spec.Hold || !recording.Spec.Suspend {
		t.Errorf("the recording is %+v, %v", recording.Spec, err)
	}
	// A restore does not drop what the CRD lacks.
	newer := finished("default", "newer")
	newer.Spec.Hold = true
	writeBackup(t, file, newer)
	try(1, older, "restore", file)
	newer.Spec.Hold, newer.Name = false, "newer-status"
	setFinished(newer)
	newer.Status.Processing.History = []v1alpha1.StepAttempt{{Pipeline: "web", Step: "archive", Attempt: 1, State: v1alpha1.StepFailed}}
	writeBackup(t, file, newer)
	try(1, older, "restore", file)
	try(1, "you lack the permission to", "list", "--as", "nobody")
}

// installOlder installs the CRD of recordings without spec.hold, without what was made of steps and without selectable fields.
func installOlder(t *testing.T, cluster *controlplane.ControlPlane) {
	t.Helper()
	text, err := os.ReadFile(harness.Path("config", "crd", "bases", "recording.meetingops.dev_meetingrecordings.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.UnmarshalStrict(text, crd); err != nil {
		t.Fatal(err)
	}
	version := &crd.Spec.Versions[0]
	version.SelectableFields = nil
	properties := version.Schema.OpenAPIV3Schema.Properties
	delete(properties["spec"].Properties, "hold")
	delete(properties["status"].Properties["processing"].Properties, "history")
	if _, err := envtest.InstallCRDs(cluster.Config, envtest.CRDInstallOptions{CRDs: []*apiextensionsv1.CustomResourceDefinition{crd}, MaxTime: harness.Patience}); err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "the CRD is served", func(ctx context.Context) error {
		return cluster.Client.List(ctx, &v1alpha1.MeetingRecordingList{}, client.InNamespace("default"))
	})
}

// writeBackup writes a backup of one recording.
func writeBackup(t *testing.T, file string, recording *v1alpha1.MeetingRecording) {
	t.Helper()
	recording.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("MeetingRecording"))
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(recording)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	w, err := backup.NewWriter(&text, "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(&unstructured.Unstructured{Object: object}); err != nil {
		t.Fatal(err)
	}
	_, err = w.Close()
	if err := errors.Join(err, os.WriteFile(file, text.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
}
