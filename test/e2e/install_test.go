// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

const (
	// system is the operator's namespace, namespace that of recordings and Jobs, and teamA and teamB are others that the manager serves here.
	system     = "meeting-recording-system"
	namespace  = "meeting-recordings"
	teamA      = "e2e-team-a"
	teamB      = "e2e-team-b"
	deployment = "meeting-recording-operator"
	service    = "meeting-recording-webhooks"
	// archivedMeeting is the meeting whose recordings the installation's own pipeline archives.
	archivedMeeting = "jvsg-8rjn-j304"
)

// variant is one way of installing the operator.
type variant struct {
	name string
	// base is the kustomization, relative to the root of the sources.
	base string
	// previous says that it is that of the previous version.
	previous bool
	// receivers is the Deployment that has the sidecar, and sidecar the JSON pointer of the container there.
	receivers, sidecar string
}

var (
	standard = variant{name: "default", base: "config/default", receivers: deployment, sidecar: "/spec/template/spec/initContainers/0"}
	ha       = variant{name: "ha", base: "config/overlays/ha", receivers: deployment, sidecar: standard.sidecar}
	split    = variant{name: "split", base: "config/overlays/split", receivers: "meeting-recording-receiver", sidecar: "/spec/template/spec/containers/0"}
	earlier  = variant{name: "previous", base: "config/default", previous: true, receivers: deployment, sidecar: standard.sidecar}
)

// overlay returns the folder of the variant's kustomization.
func (c *testCluster) overlay(v variant) string {
	return filepath.Join(c.root, "bin/e2e/overlays", v.name)
}

// writeOverlay writes the kustomization of a variant with the test's own settings.
func (c *testCluster) writeOverlay(t testing.TB, v variant) {
	t.Helper()
	folder := c.overlay(v)
	root, image := c.root, c.images.operator
	if v.previous {
		root, image = c.previous.root, c.images.previous
	}
	var bases []string
	for _, base := range withPipeline(t, root, v.base) {
		base, err := filepath.Rel(folder, filepath.Join(root, base))
		if err != nil {
			t.Fatal(err)
		}
		bases = append(bases, base)
	}
	name, tag := splitImage(image)
	c.fill(t, "kustomization.yaml.tmpl", filepath.Join(folder, "kustomization.yaml"), map[string]any{
		"Bases": bases, "Namespace": system, "ImageName": name, "ImageTag": tag, "Receiver": v.receivers, "Sidecar": v.sidecar,
		"ArchivedMeeting": archivedMeeting, "Host": files.host,
	})
	contents := map[string][]byte{"public.pem": harness.PublicPEM(sender.Key())}
	for _, file := range []string{"network.yaml", "teams.yaml"} {
		content, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		contents[file] = content
	}
	for file, content := range contents {
		if err := os.WriteFile(filepath.Join(folder, file), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// withPipeline returns the folder to install with that of the pipeline that archives, which was once part of config/default.
func withPipeline(t testing.TB, root, base string) []string {
	t.Helper()
	kustomization, err := os.ReadFile(filepath.Join(root, "config/default/kustomization.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(kustomization, []byte("../pipelines")) {
		return []string{base}
	}
	return []string{base, "config/pipelines"}
}

// fill writes a template of testdata with its values.
func (c *testCluster) fill(t testing.TB, name, file string, values any) {
	t.Helper()
	parsed, err := template.New(name).Option("missingkey=error").ParseFiles(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, values); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func splitImage(image string) (name, tag string) {
	i := strings.LastIndex(image, ":")
	return image[:i], image[i+1:]
}

// install has the variant installed, as a user would with kubectl apply -k, and waits until it serves. What another variant had installed
// and this one does not have is removed, as GitOps tools do.
func (c *testCluster) install(t testing.TB, v variant) {
	t.Helper()
	dumpIfFailed(t)
	c.writeOverlay(t, v)
	c.apply(t, v)
	c.awaitRollout(t, v)
	if c.installed.name != "" && c.installed.name != v.name {
		c.prune(t, c.installed, v)
	}
	c.installed = v
	c.awaitServing(t)
}

// apply applies the manifests of a variant: first the CRDs, since the API server needs a moment for them.
func (c *testCluster) apply(t testing.TB, v variant) {
	t.Helper()
	root := c.root
	if v.previous {
		root = c.previous.root
	}
	c.kubectlOutput(t, "apply", "-k", filepath.Join(root, "config/crd"))
	harness.Within(t, time.Minute, "the CRDs are served", func(ctx context.Context) error {
		return c.client.List(ctx, &v1alpha1.RecordingPipelineList{}, client.Limit(1))
	})
	harness.Within(t, time.Minute, "the CRDs are served", func(ctx context.Context) error {
		return c.client.List(ctx, &v1alpha1.MeetingRecordingList{}, client.Limit(1))
	})
	c.kubectlOutput(t, "apply", "-k", c.overlay(v))
}

func (c *testCluster) awaitRollout(t testing.TB, v variant) {
	t.Helper()
	for _, name := range []string{deployment, v.receivers} {
		c.kubectlOutput(t, "-n", system, "rollout", "status", "deployment/"+name, "--timeout=180s")
	}
	harness.Within(t, time.Minute, "no Pod of an earlier version is left", func(ctx context.Context) error {
		return c.onlyNewPods(ctx, deployment)
	})
}

// onlyNewPods fails while there are more Pods of a Deployment than it wants.
func (c *testCluster) onlyNewPods(ctx context.Context, name string) error {
	var d appsv1.Deployment
	if err := c.client.Get(ctx, client.ObjectKey{Namespace: system, Name: name}, &d); err != nil {
		return err
	}
	pods, err := c.podsOf(ctx, name)
	if err == nil && len(pods) != int(*d.Spec.Replicas) {
		err = fmt.Errorf("there are %d Pods, not %d", len(pods), *d.Spec.Replicas)
	}
	return err
}

// podsOf returns the Pods of a Deployment, those that are ending included.
func (c *testCluster) podsOf(ctx context.Context, name string) ([]corev1.Pod, error) {
	var d appsv1.Deployment
	if err := c.client.Get(ctx, client.ObjectKey{Namespace: system, Name: name}, &d); err != nil {
		return nil, err
	}
	var pods corev1.PodList
	err := c.client.List(ctx, &pods, client.InNamespace(system), client.MatchingLabels(d.Spec.Selector.MatchLabels))
	return pods.Items, err
}

// awaitServing waits until webhooks reach a sidecar through the Service: an unsigned one is answered 401.
func (c *testCluster) awaitServing(t testing.TB) {
	t.Helper()
	url := os.Getenv("E2E_WEBHOOKS_URL")
	if url == "" {
		var found corev1.Service
		if err := c.client.Get(t.Context(), client.ObjectKey{Namespace: system, Name: service}, &found); err != nil {
			t.Fatal(err)
		}
		url = "http://" + found.Spec.ClusterIP
	}
	sender.url = strings.TrimSuffix(url, "/") + "/webhooks/videosdk"
	harness.Within(t, time.Minute, "the Service "+service+" leads to a sidecar", sender.reaches)
}

// object names an object of a manifest.
type object struct {
	kind            schema.GroupVersionKind
	namespace, name string
}

// objects returns those that a variant's manifests have.
func (c *testCluster) objects(t testing.TB, v variant) map[object]bool {
	t.Helper()
	found := map[object]bool{}
	for document := range strings.SplitSeq(c.kubectlOutput(t, "kustomize", c.overlay(v)), "\n---\n") {
		var u unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(document), &u.Object); err != nil {
			t.Fatal(err)
		}
		found[object{u.GroupVersionKind(), u.GetNamespace(), u.GetName()}] = true
	}
	return found
}

// prune removes what only the old variant has.
func (c *testCluster) prune(t testing.TB, old, now variant) {
	t.Helper()
	kept := c.objects(t, now)
	for o := range c.objects(t, old) {
		if kept[o] {
			continue
		}
		var u unstructured.Unstructured
		u.SetGroupVersionKind(o.kind)
		u.SetNamespace(o.namespace)
		u.SetName(o.name)
		t.Logf("removed, since %s does not have it: %s %s", now.name, o.kind.Kind, o.name)
		if err := client.IgnoreNotFound(c.client.Delete(t.Context(), &u)); err != nil {
			t.Fatal(err)
		}
	}
}

// uninstall removes what is installed, as the README says.
func (c *testCluster) uninstall(t testing.TB) {
	t.Helper()
	if c.installed.name == "" {
		return
	}
	c.kubectlOutput(t, "delete", "--ignore-not-found", "--timeout=180s", "-k", c.overlay(c.installed))
	c.installed = variant{}
}
