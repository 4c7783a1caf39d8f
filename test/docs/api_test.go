// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

// programs are those whose flags docs/reference/programs.md lists.
var programs = []string{"sidecar", "manager", "events", "backfill"}

// TestCommands runs the blocks without a class, and those of the class usage.
func TestCommands(t *testing.T) {
	api := controlplane.For(t, controlplane.Options{WithoutCRDs: true})
	if _, err := envtest.InstallCRDs(api.Config, envtest.CRDInstallOptions{Paths: []string{harness.Path("config", "crd", "bases")}, MaxTime: harness.Patience}); err != nil {
		t.Fatal(err)
	}
	api.MustKubectl(t, "apply", "-k", "config/default")
	createObjects(t, api)
	assets, err := controlplane.Assets()
	if err != nil {
		t.Fatal(err)
	}
	environment := []string{
		"KUBECONFIG=" + api.Kubeconfig, "PATH=" + strings.Join([]string{bin(t, "kubectl-recording", "sidecar", "postprocess"), assets, os.Getenv("PATH")}, ":"),
		"NAMESPACE=default", "NAME=jvsg-8rjn-j304-413cc9a2fc08d1cf6d49d48d",
	}
	for _, p := range readPages(t) {
		if p.has("") {
			t.Run(p.name, func(t *testing.T) { newShell(t, environment...).play(t, p, "") })
		}
		if p.has("usage") {
			t.Run(p.name+" usage", func(t *testing.T) { checkUsage(t, newShell(t, environment...), p) })
		}
	}
}

// createObjects creates what the pages look at, with its status.
func createObjects(t *testing.T, api *controlplane.ControlPlane) {
	t.Helper()
	api.Create(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "meetings"}})
	text, err := os.ReadFile(filepath.Join("testdata", "objects.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		var object unstructured.Unstructured
		if err := decoder.Decode(&object); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		status := object.Object["status"]
		created := object.DeepCopy()
		api.Create(t, created)
		created.Object["status"] = status
		strict := client.WithFieldValidation(api.Client, metav1.FieldValidationStrict)
		if err := strict.Status().Update(t.Context(), created); err != nil {
			t.Fatalf("store the status of %s: %v", object.GetName(), err)
		}
	}
}

// checkUsage runs each command with --help, which refuses commands and flags that do not exist.
func checkUsage(t *testing.T, s *shell, p page) {
	t.Helper()
	for _, b := range p.blocks {
		if !b.isOf("usage") {
			continue
		}
		for _, line := range strings.Split(strings.ReplaceAll(b.text, "\\\n", " "), "\n") {
			line, _, _ = strings.Cut(line, " > ")
			if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			if out, err := s.run(t.Context(), line+" --help"); err != nil || strings.Contains(out, "unknown command") {
				t.Errorf("%s: %s: %v", p.name, line, err)
			}
		}
	}
}

// TestFlags: docs/reference/programs.md lists the flags of each program, and no other.
func TestFlags(t *testing.T) {
	text, err := os.ReadFile(harness.Path("docs", "reference", "programs.md"))
	if err != nil {
		t.Fatal(err)
	}
	common := []string{"kubeconfig", "version", "zap-devel", "zap-encoder", "zap-log-level", "zap-stacktrace-level", "zap-time-encoding"}
	for _, program := range programs {
		path, err := harness.Binary(program)
		if err != nil {
			t.Fatal(err)
		}
		_, part, _ := strings.Cut(string(text), "\n## "+program+"\n")
		part, _, _ = strings.Cut(part, "\n## ")
		var documented []string
		for _, row := range regexp.MustCompile("(?m)^\\| (`--[^|]*)\\|").FindAllStringSubmatch(part, -1) {
			for _, flag := range regexp.MustCompile("`--([a-z-]+)`").FindAllStringSubmatch(row[1], -1) {
				documented = append(documented, flag[1])
			}
		}
		help, _ := exec.CommandContext(context.Background(), path, "--help").CombinedOutput()
		var flags []string
		for _, flag := range regexp.MustCompile(`(?m)^  -([a-z-]+)`).FindAllStringSubmatch(string(help), -1) {
			if !slices.Contains(common, flag[1]) {
				flags = append(flags, flag[1])
			}
		}
		slices.Sort(documented)
		slices.Sort(flags)
		if diff := cmp.Diff(flags, documented); diff != "" {
			t.Errorf("%s (-program +page)\n%s", program, diff)
		}
	}
}
