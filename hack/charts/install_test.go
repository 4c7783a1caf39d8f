// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// way is one to install, as docs/how-to/install.md has it: commands that a user types, each with the words of a shell. Each is one on a
// cluster that has never seen the operator.
type way struct {
	install, upgrade, uninstall []string
	// leaves are what the way leaves on purpose, before the last commands, until which the user keeps the recordings.
	leaves []string
	last   []string
}

const (
	chartFolder = "charts/meeting-recording-operator"
	deleteCRDs  = "kubectl delete crd meetingrecordings.recording.meetingops.dev recordingpipelines.recording.meetingops.dev"
	deleteSpace = "kubectl delete namespace meeting-recording-system meeting-recordings"
)

func ways(dist string) map[string]way {
	ways := map[string]way{
		"make": {
			install:   []string{"make deploy IMG=registry.example.com/operator:v1"},
			upgrade:   []string{"make deploy IMG=registry.example.com/operator:v2"},
			uninstall: []string{"make undeploy"},
		},
		"helm": {
			install:   []string{"helm install operator " + chartFolder + " --namespace meeting-recording-system --create-namespace"},
			upgrade:   []string{"helm upgrade operator " + chartFolder + " --namespace meeting-recording-system --set split.enabled=true"},
			uninstall: []string{"helm uninstall operator --namespace meeting-recording-system"},
			leaves: []string{
				"apiservices.apiregistration.k8s.io v1alpha1.recording.meetingops.dev",
				"customresourcedefinitions.apiextensions.k8s.io meetingrecordings.recording.meetingops.dev",
				"customresourcedefinitions.apiextensions.k8s.io recordingpipelines.recording.meetingops.dev",
				"meetingrecordings.recording.meetingops.dev meeting-recordings/jvsg-8rjn-j304-example",
				"namespaces meeting-recording-system",
				"namespaces meeting-recordings",
				"persistentvolumeclaims meeting-recordings/meeting-recording-archive",
				"recordingpipelines.recording.meetingops.dev meeting-recordings/meeting-recording-archive",
			},
			last: []string{deleteCRDs, deleteSpace},
		},
		// Its CRDs are older, and have not the short name by which the test then asks for a recording.
		"helm from an older chart": {
			install:   []string{"helm install operator " + dist + "/older --namespace meeting-recording-system --create-namespace"},
			upgrade:   []string{"helm upgrade operator " + chartFolder + " --namespace meeting-recording-system"},
			uninstall: []string{"helm uninstall operator --namespace meeting-recording-system", deleteCRDs, deleteSpace},
		},
		"from kustomize to helm": {
			install: []string{"kubectl apply -k config/default"},
			upgrade: []string{
				"helm install operator " + chartFolder + " --namespace meeting-recording-system --take-ownership --force-conflicts",
			},
			uninstall: []string{"helm uninstall operator --namespace meeting-recording-system", deleteCRDs, deleteSpace},
		},
		"helm without CRDs of its own": {
			install: []string{
				"kubectl apply -k config/crd",
				"helm install operator " + chartFolder + " --namespace meeting-recording-system --create-namespace --set crds.enabled=false",
			},
			upgrade:   []string{"helm upgrade operator " + chartFolder + " --namespace meeting-recording-system --reuse-values --set ha.enabled=true"},
			uninstall: []string{"helm uninstall operator --namespace meeting-recording-system", "make uninstall", deleteSpace},
		},
		"file": {
			install:   []string{"kubectl apply -f " + dist + "/install.yaml"},
			upgrade:   []string{"kubectl apply -f " + dist + "/install-ha.yaml"},
			uninstall: []string{"kubectl delete --ignore-not-found -f " + dist + "/install-ha.yaml"},
		},
		"server-side": {
			install:   []string{"kubectl apply --server-side -f " + dist + "/install.yaml"},
			upgrade:   []string{"kubectl apply --server-side -f " + dist + "/install.yaml"},
			uninstall: []string{"kubectl delete --ignore-not-found -f " + dist + "/install.yaml"},
		},
	}
	// Not the overlay observability, which is for clusters that have the Prometheus operator's kinds.
	for _, folder := range []string{"default", "overlays/cluster", "overlays/endpoint-token", "overlays/ha", "overlays/live", "overlays/spool-pvc", "overlays/split"} {
		ways[folder] = way{
			install: []string{"kubectl apply -k config/" + folder}, upgrade: []string{"kubectl apply -k config/" + folder},
			uninstall: []string{"kubectl delete --ignore-not-found -k config/" + folder},
		}
	}
	return ways
}

// TestInstallAndUninstall installs on a cluster that has never seen the operator, in one go; uses it; installs again over what is there; uninstalls,
// in the order that docs/how-to/install.md has; and finds nothing that was not there before.
func TestInstallAndUninstall(t *testing.T) {
	dist := t.TempDir()
	if _, err := command(t, []string{"VERSION=v0.9.0", "IMG=registry.example.com/operator:v1"}, "hack/dist.sh", dist); err != nil {
		t.Fatal(err)
	}
	olderChart(t, filepath.Join(dist, "older"))
	c := newCluster(t)
	before, err := c.byItself(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := ways(dist)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		way := all[name]
		passed := t.Run(name, func(t *testing.T) {
			c.types(t, way.install...)
			c.use(t)
			c.types(t, way.upgrade...)
			if out := c.types(t, "kubectl -n meeting-recordings get mrec jvsg-8rjn-j304-example -o name"); !strings.Contains(out, "jvsg-8rjn-j304-example") {
				t.Errorf("installing again has lost a recording: %s", out)
			}
			c.types(t, way.uninstall...)
			c.expect(t, before, way.leaves)
			c.types(t, way.last...)
			c.expect(t, before, nil)
		})
		if !passed {
			t.FailNow() // the next one would find what this one has left
		}
	}
}

// olderChart writes the chart as it would have been before MeetingRecordings had their short name.
func olderChart(t *testing.T, folder string) {
	t.Helper()
	if err := os.CopyFS(folder, os.DirFS(chart)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "files", "crds", "recording.meetingops.dev_meetingrecordings.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	older := strings.Replace(string(text), "- mrec\n", "- older\n", 1)
	if older == string(text) {
		t.Fatal("the CRD has no short name mrec")
	}
	if err := os.WriteFile(file, []byte(older), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDist: what a release has is of its version, with its images and no other.
func TestDist(t *testing.T) {
	dist := t.TempDir()
	environment := []string{"VERSION=v0.9.0", "IMG=registry.example.com/operator:v0.9.0", "MEDIA_IMG=registry.example.com/media:v0.9.0"}
	if _, err := command(t, environment, "hack/dist.sh", dist); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dist)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		names = append(names, file.Name())
		// The schemas of the CRDs have fields that are called image.
		if filepath.Ext(file.Name()) != ".yaml" || strings.HasPrefix(file.Name(), "recording.meetingops.dev_") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dist, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if image, is := strings.CutPrefix(strings.TrimLeft(line, " -"), "image: "); is && !strings.HasPrefix(image, "registry.example.com/") {
				t.Errorf("%s has the image %s", file.Name(), image)
			}
		}
	}
	want := []string{
		"alerts.yaml", "dashboard.json",
		"install-backfill.yaml", "install-cluster.yaml", "install-endpoint-token.yaml", "install-ha.yaml", "install-live.yaml", "install-observability.yaml", "install-split.yaml",
		"install-spool-pvc.yaml", "install.yaml", "meeting-recording-operator-0.9.0.tgz", "pipeline-archive.yaml", "pipeline-speech.yaml", "pipeline-transcript.yaml", "pipeline-web.yaml",
		"recording.meetingops.dev_meetingrecordings.yaml", "recording.meetingops.dev_recordingpipelines.yaml",
	}
	if !slices.Equal(names, want) {
		t.Errorf("dist has %v, want %v", names, want)
	}
	out, err := command(t, nil, helm, "template", "trial", filepath.Join(dist, "meeting-recording-operator-0.9.0.tgz"))
	if err != nil {
		t.Fatal(err)
	}
	if image := `image: "ghcr.io/meetingops/meeting-recording-operator:v0.9.0"`; !strings.Contains(out, image) {
		t.Errorf("the packaged chart has not %s", image)
	}
}

// use has the operator's kinds used: a recording and a pipeline, with its volume.
func (c *cluster) use(t *testing.T) {
	t.Helper()
	if out, err := command(t, c.environment(), "hack/await-crds.sh"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c.types(t, afterInstall...)
}

// afterInstall uses what was installed.
var afterInstall = []string{
	"make deploy IMG=registry.example.com/operator:v1 CONFIG=config/pipelines", "kubectl -n meeting-recordings get rpipe", "kubectl -n meeting-recordings apply -f hack/charts/testdata/recording.yaml",
}

// TestDocumentedCommands: each command of the documentation's class packages is one that TestInstallAndUninstall runs.
func TestDocumentedCommands(t *testing.T) {
	tested := slices.Clone(afterInstall)
	for _, way := range ways("dist") {
		tested = slices.Concat(tested, way.install, way.upgrade, way.uninstall, way.last)
	}
	found := 0
	for _, page := range []string{"README.md", "docs/how-to/install.md"} {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range regexp.MustCompile("(?ms)^```sh packages\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
			for line := range strings.Lines(block[1]) {
				found++
				if line = strings.TrimSpace(line); !slices.Contains(tested, line) {
					t.Errorf("%s: no test runs %s", page, line)
				}
			}
		}
	}
	if found < 10 {
		t.Errorf("found %d commands: does the pattern still find them?", found)
	}
}

// types runs commands, of which none may fail, and returns what the last one prints.
func (c *cluster) types(t *testing.T, lines ...string) string {
	t.Helper()
	out := ""
	for _, line := range lines {
		words := strings.Fields(line)
		program := map[string]string{"helm": helm, "kubectl": c.kubectl, "make": "make"}[words[0]]
		var err error
		if out, err = command(t, c.environment(), program, words[1:]...); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	return out
}

func (c *cluster) environment() []string {
	path := filepath.Dir(c.kubectl) + ":" + filepath.Dir(helm)
	return []string{"KUBECONFIG=" + c.kubeconfig, "KUBECTL=" + c.kubectl, "PATH=" + path + ":" + pathOfUser}
}

// expect waits until there is what was there before, and beside it exactly the rest.
func (c *cluster) expect(t *testing.T, before, rest []string) {
	t.Helper()
	want := slices.Sorted(slices.Values(slices.Concat(before, rest)))
	err := c.settled(t.Context(), func(objects []string) error {
		var left, missing []string
		for _, object := range objects {
			if !slices.Contains(want, object) {
				left = append(left, object)
			}
		}
		for _, object := range want {
			if !slices.Contains(objects, object) {
				missing = append(missing, object)
			}
		}
		if len(left)+len(missing) > 0 {
			return fmt.Errorf("left: %v; missing: %v", left, missing)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
