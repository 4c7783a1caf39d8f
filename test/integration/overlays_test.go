// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	podsecurity "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// installations are all that config/ offers to install, and combinations that it says go together: the folder, and components beside it.
var installations = map[string][]string{
	"default":                             {"default"},
	"ha":                                  {"overlays/ha"},
	"split":                               {"overlays/split"},
	"cluster":                             {"overlays/cluster"},
	"live":                                {"overlays/live"},
	"backfill":                            {"overlays/backfill"},
	"endpoint-token":                      {"overlays/endpoint-token"},
	"spool-pvc":                           {"overlays/spool-pvc"},
	"endpoint-token and spool-pvc":        {"overlays/endpoint-token", "components/spool-pvc"},
	"ha and endpoint-token":               {"overlays/ha", "components/endpoint-token"},
	"ha and cluster":                      {"overlays/ha", "components/cluster"},
	"split, its manager twice, and token": {"overlays/split", "components/ha", "components/endpoint-token"},
	"split and cluster":                   {"overlays/split", "components/cluster"},
	"observability":                       {"overlays/observability"},
	"shards":                              {"samples/shards"},
}

// TestEveryOverlayIsTested: none is added that the tests do not know.
func TestEveryOverlayIsTested(t *testing.T) {
	for _, kind := range []string{"overlays", "components"} {
		folders, err := os.ReadDir(harness.Path("config", kind))
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range folders {
			// That one has kinds of the Prometheus operator, and is tested in hack/monitoring.
			known := folder.Name() == "observability"
			for _, parts := range installations {
				known = known || slices.Contains(parts, kind+"/"+folder.Name())
			}
			if !known {
				t.Errorf("config/%s/%s is in no installation", kind, folder.Name())
			}
		}
	}
}

// TestInstallations renders each of them, has the API server check every object, and checks what no API server does: that what names another
// object names one that is there, and that every Pod passes the restricted level.
func TestInstallations(t *testing.T) {
	for name, parts := range installations {
		t.Run(name, func(t *testing.T) {
			objects := append(render(t, parts), render(t, []string{"pipelines"})...) // the Pods of which the policy jobs is about
			checkObjects(t, objects)
			checkReferences(t, objects)
			checkNetwork(t, objects)
			checkPods(t, objects)
			checkSidecarsRoles(t, objects)
		})
	}
}

// checkSidecarsRoles checks that the container that faces the internet has its own role and no other, but where it has a Pod of its own, and so
// has to ask the API server who reads its metrics. docs/explanation/security.md says what that means.
func checkSidecarsRoles(t *testing.T, objects []unstructured.Unstructured) {
	t.Helper()
	want, roles := []string{"meeting-recording-sidecar"}, []string{}
	for _, object := range objects {
		if object.GetName() == "meeting-recording-receiver" && (object.GetKind() == "Deployment" || object.GetKind() == "StatefulSet") {
			want = []string{"meeting-recording-metrics-auth", "meeting-recording-sidecar"}
		}
		if object.GetKind() != "RoleBinding" && object.GetKind() != "ClusterRoleBinding" {
			continue
		}
		var binding rbacv1.ClusterRoleBinding // the fields of both kinds
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &binding); err != nil {
			t.Fatal(err)
		}
		for _, subject := range binding.Subjects {
			if subject.Name == sidecarAccount {
				roles = append(roles, binding.RoleRef.Name)
			}
		}
	}
	slices.Sort(roles)
	if roles = slices.Compact(roles); !slices.Equal(roles, want) {
		t.Errorf("the sidecar has the roles %v, want %v", roles, want)
	}
}

// checkObjects has the API server validate and admit each object, as one that is new, without keeping it.
func checkObjects(t *testing.T, objects []unstructured.Unstructured) {
	t.Helper()
	for _, object := range objects {
		err := api.Client.Create(t.Context(), object.DeepCopy(), client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
		if object.GroupVersionKind().Group == "monitoring.coreos.com" && meta.IsNoMatchError(err) {
			continue // hack/monitoring decodes those by the Prometheus operator's own types
		}
		if err != nil && !apierrors.IsAlreadyExists(err) { // which is found out last
			t.Errorf("%s/%s: %v", object.GetKind(), object.GetName(), err)
		}
	}
}

// render has kubectl render the folder with the components.
func render(t *testing.T, parts []string) []unstructured.Unstructured {
	t.Helper()
	// kustomize takes relative paths only, and the temporary folder's may have links in it.
	folder, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	kustomization := map[string]any{"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
	var paths []string
	for _, part := range parts {
		path, err := filepath.Rel(folder, harness.Path("config", part))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	kustomization["resources"], kustomization["components"] = paths[:1], paths[1:]
	text, err := yaml.Marshal(kustomization)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "kustomization.yaml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return decode(t, []byte(api.MustKubectl(t, "kustomize", folder)))
}

func decode(t *testing.T, rendered []byte) []unstructured.Unstructured {
	t.Helper()
	var objects []unstructured.Unstructured
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(rendered), 4096)
	for {
		var object unstructured.Unstructured
		switch err := decoder.Decode(&object.Object); {
		case errors.Is(err, io.EOF):
			return objects
		case err != nil:
			t.Fatal(err)
		}
		if object.Object != nil {
			objects = append(objects, object)
		}
	}
}

// pod is a Pod that an object makes.
type pod struct {
	of       string // Kind/name of that object
	template corev1.PodTemplateSpec
}

// podsOf returns the Pods of the Deployments, StatefulSets and of the pipelines' steps, whose labels are those that the operator sets.
func podsOf(t *testing.T, objects []unstructured.Unstructured) []pod {
	t.Helper()
	var pods []pod
	for _, object := range objects {
		switch object.GetKind() {
		case "Deployment", "StatefulSet":
			made := newPod(t, object, "spec", "template")
			claims, _, err := unstructured.NestedSlice(object.Object, "spec", "volumeClaimTemplates")
			if err != nil {
				t.Fatal(err)
			}
			for _, claim := range claims {
				name, _, _ := unstructured.NestedString(claim.(map[string]any), "metadata", "name")
				made.template.Spec.Volumes = append(made.template.Spec.Volumes,
					corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{}}})
			}
			pods = append(pods, made)
		case "RecordingPipeline":
			steps, _, err := unstructured.NestedSlice(object.Object, "spec", "steps")
			if err != nil {
				t.Fatal(err)
			}
			for _, step := range steps {
				made := newPod(t, unstructured.Unstructured{Object: step.(map[string]any)}, "template", "spec", "template")
				made.of = "RecordingPipeline/" + object.GetName()
				made.template.Labels = jobs.Labels(jobs.Run{Recording: newRecording("a"), Pipeline: object.GetName()})
				pods = append(pods, made)
			}
		}
	}
	return pods
}

func newPod(t *testing.T, object unstructured.Unstructured, path ...string) pod {
	t.Helper()
	template, found, err := unstructured.NestedMap(object.Object, path...)
	if err != nil || !found {
		t.Fatalf("%s has no Pod template: %v", object.GetName(), err)
	}
	made := pod{of: object.GetKind() + "/" + object.GetName()}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(template, &made.template); err != nil {
		t.Fatal(err)
	}
	return made
}

// containers are all of a Pod.
func (p pod) containers() []corev1.Container {
	return slices.Concat(p.template.Spec.InitContainers, p.template.Spec.Containers)
}

// checkPods checks that every Pod passes the restricted level, has a read-only root and bounded memory, and that a Pod of several containers gives
// none of them a token by itself.
func checkPods(t *testing.T, objects []unstructured.Unstructured) {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	level := podsecurity.LevelVersion{Level: podsecurity.LevelRestricted, Version: podsecurity.LatestVersion()}
	for _, p := range podsOf(t, objects) {
		for _, result := range evaluator.EvaluatePod(level, &p.template.ObjectMeta, &p.template.Spec) {
			if !result.Allowed {
				t.Errorf("%s: %s: %s", p.of, result.ForbiddenReason, result.ForbiddenDetail)
			}
		}
		for _, c := range p.containers() {
			if c.SecurityContext == nil || c.SecurityContext.ReadOnlyRootFilesystem == nil || !*c.SecurityContext.ReadOnlyRootFilesystem {
				t.Errorf("%s: container %s can write to its root", p.of, c.Name)
			}
			if c.Resources.Limits.Memory().IsZero() {
				t.Errorf("%s: container %s has no limit of memory", p.of, c.Name)
			}
		}
		automounts := p.template.Spec.AutomountServiceAccountToken
		if automounts == nil || (*automounts && len(p.containers()) > 1) {
			t.Errorf("%s: automountServiceAccountToken is %v", p.of, automounts)
		}
		checkTokens(t, p)
	}
}

// checkTokens checks that no two containers have one token.
func checkTokens(t *testing.T, p pod) {
	t.Helper()
	owners := map[string]string{}
	for _, c := range p.containers() {
		for _, mount := range c.VolumeMounts {
			if mount.MountPath != "/var/run/secrets/kubernetes.io/serviceaccount" {
				continue
			}
			if !mount.ReadOnly {
				t.Errorf("%s: container %s can write its token", p.of, c.Name)
			}
			if owner, taken := owners[mount.Name]; taken {
				t.Errorf("%s: containers %s and %s have one token", p.of, owner, c.Name)
			}
			owners[mount.Name] = c.Name
		}
	}
}

// TestJobsReachPublicAddressesOnly evaluates the NetworkPolicy of Jobs as a network plugin does.
func TestJobsReachPublicAddressesOnly(t *testing.T) {
	var blocks []*networkingv1.IPBlock
	for _, object := range objectsIn(t, api.MustKubectl(t, "kustomize", "config/recordings")) {
		var policy networkingv1.NetworkPolicy
		if object.GetKind() != "NetworkPolicy" {
			continue
		}
		convert(t, *object, &policy)
		for _, rule := range policy.Spec.Egress {
			for _, peer := range rule.To {
				if peer.IPBlock != nil {
					blocks = append(blocks, peer.IPBlock)
				}
			}
		}
	}
	reaches := func(address string) bool {
		ip := netip.MustParseAddr(address)
		return slices.ContainsFunc(blocks, func(block *networkingv1.IPBlock) bool {
			return netip.MustParsePrefix(block.CIDR).Contains(ip) &&
				!slices.ContainsFunc(block.Except, func(except string) bool { return netip.MustParsePrefix(except).Contains(ip) })
		})
	}
	for _, address := range []string{"8.8.8.8", "93.184.215.14", "168.63.129.15", "192.0.1.1", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2a00:1450::1"} {
		if !reaches(address) {
			t.Errorf("a Job does not reach %s, which is public", address)
		}
	}
	for _, address := range []string{
		"169.254.169.254", "169.254.170.2", "168.63.129.16", "192.0.0.192", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254", // metadata
		"64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe", "2002:a9fe:a9fe::1", "2001:0:a9fe:a9fe::1", "::ffff:169.254.169.254", "::169.254.169.254", // the same in IPv6
		"10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "0.0.0.0", "198.18.0.1", "224.0.0.1", "255.255.255.255", "::1", "fe80::1", "fc00::1", "ff02::1",
	} {
		if reaches(address) {
			t.Errorf("a Job reaches %s", address)
		}
	}
}
