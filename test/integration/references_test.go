// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// byHand are what a user makes, as an overlay's comment says, and what every namespace has.
var byHand = []string{"Secret/videosdk-endpoint-token", "Secret/videosdk-api", "Secret/sidecar-routes", "Secret/shards", "ConfigMap/kube-root-ca.crt"}

// notNamespaced are the kinds of ours that have no namespace.
var notNamespaced = []string{
	"Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
}

// ofRecordings are in the namespace of recordings; everything else is in the operator's.
var ofRecordings = []string{
	"RoleBinding/meeting-recording-manager", "RoleBinding/meeting-recording-sidecar", "RoleBinding/meeting-recording-backfill-recordings",
	"NetworkPolicy/meeting-recording-jobs", "RecordingPipeline/" + pipelineName, "PersistentVolumeClaim/meeting-recording-archive",
}

// checkReferences checks that whatever names an object names one of these.
func checkReferences(t *testing.T, objects []unstructured.Unstructured) {
	t.Helper()
	there := slices.Clone(byHand)
	for _, object := range objects {
		there = append(there, object.GetKind()+"/"+object.GetName())
		want := operatorNamespace
		switch {
		case slices.Contains(notNamespaced, object.GetKind()):
			want = ""
		case slices.Contains(ofRecordings, object.GetKind()+"/"+object.GetName()):
			want = namespace
		}
		if object.GetNamespace() != want {
			t.Errorf("%s/%s is in namespace %q, want %q", object.GetKind(), object.GetName(), object.GetNamespace(), want)
		}
	}
	need := func(by, kind, name string) {
		t.Helper()
		if !slices.Contains(there, kind+"/"+name) {
			t.Errorf("%s names the %s %q, which is not there", by, kind, name)
		}
	}
	for _, object := range objects {
		by := object.GetKind() + "/" + object.GetName()
		field := func(path ...string) string {
			value, _, err := unstructured.NestedString(object.Object, path...)
			if err != nil {
				t.Error(err)
			}
			return value
		}
		switch object.GetKind() {
		case "RoleBinding", "ClusterRoleBinding":
			need(by, field("roleRef", "kind"), field("roleRef", "name"))
			subjects, _, _ := unstructured.NestedSlice(object.Object, "subjects")
			for _, subject := range subjects {
				who := subject.(map[string]any)
				need(by, "ServiceAccount", who["name"].(string))
				if who["namespace"] != operatorNamespace {
					t.Errorf("%s is for a ServiceAccount of %v", by, who["namespace"])
				}
			}
		case "ValidatingAdmissionPolicyBinding":
			need(by, "ValidatingAdmissionPolicy", field("spec", "policyName"))
		case "HorizontalPodAutoscaler":
			need(by, field("spec", "scaleTargetRef", "kind"), field("spec", "scaleTargetRef", "name"))
		case "Secret":
			need(by, "ServiceAccount", object.GetAnnotations()[corev1.ServiceAccountNameKey])
		}
	}
	for _, p := range podsOf(t, objects) {
		checkPodReferences(t, p, need)
	}
}

// checkPodReferences checks what a Pod names, in itself and beside it.
func checkPodReferences(t *testing.T, p pod, need func(by, kind, name string)) {
	t.Helper()
	if p.template.Spec.ServiceAccountName != "" {
		need(p.of, "ServiceAccount", p.template.Spec.ServiceAccountName)
	}
	var volumes []string
	for _, volume := range p.template.Spec.Volumes {
		volumes = append(volumes, volume.Name)
		switch {
		case volume.Secret != nil:
			need(p.of, "Secret", volume.Secret.SecretName)
		case volume.PersistentVolumeClaim != nil:
			need(p.of, "PersistentVolumeClaim", volume.PersistentVolumeClaim.ClaimName)
		case volume.Projected != nil:
			for _, source := range volume.Projected.Sources {
				if source.ConfigMap != nil {
					need(p.of, "ConfigMap", source.ConfigMap.Name)
				}
			}
		}
	}
	var used []string
	for _, c := range p.containers() {
		for _, mount := range c.VolumeMounts {
			used = append(used, mount.Name)
		}
		for _, probe := range []*corev1.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
			if probe != nil && !slices.ContainsFunc(c.Ports, func(port corev1.ContainerPort) bool { return port.Name == probe.HTTPGet.Port.StrVal }) {
				t.Errorf("%s: container %s has no port %s for its probe", p.of, c.Name, probe.HTTPGet.Port.String())
			}
		}
	}
	slices.Sort(volumes)
	slices.Sort(used)
	if !slices.Equal(volumes, slices.Compact(used)) {
		t.Errorf("%s has the volumes %v and mounts %v", p.of, volumes, used)
	}
	for _, spread := range p.template.Spec.TopologySpreadConstraints {
		if !selects(t, spread.LabelSelector, p) {
			t.Errorf("%s spreads other Pods than its own", p.of)
		}
	}
}

// checkNetwork checks that every Service, budget and NetworkPolicy is about Pods that are there; that every port which a Service names is
// there; and that every Pod has a policy that lets in what it serves, its probes aside, and nothing else.
func checkNetwork(t *testing.T, objects []unstructured.Unstructured) {
	t.Helper()
	pods := podsOf(t, objects)
	admitted := map[string][]int32{} // by policies, of each Pod
	for _, object := range objects {
		switch object.GetKind() {
		case "Service":
			var service corev1.Service
			convert(t, object, &service)
			for _, p := range selected(t, object, &metav1.LabelSelector{MatchLabels: service.Spec.Selector}, pods) {
				for _, port := range service.Spec.Ports {
					if number(p, port.TargetPort) == 0 {
						t.Errorf("Service/%s: %s has no port %s", service.Name, p.of, port.TargetPort.String())
					}
				}
			}
		case "PodDisruptionBudget":
			var budget struct {
				Spec struct {
					Selector *metav1.LabelSelector `json:"selector"`
				} `json:"spec"`
			}
			convert(t, object, &budget)
			selected(t, object, budget.Spec.Selector, pods)
		case "NetworkPolicy":
			var policy networkingv1.NetworkPolicy
			convert(t, object, &policy)
			if !slices.Equal(policy.Spec.PolicyTypes, []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}) {
				t.Errorf("NetworkPolicy/%s is about %v only", policy.Name, policy.Spec.PolicyTypes)
			}
			checkEgress(t, policy)
			for _, p := range selected(t, object, &policy.Spec.PodSelector, pods) {
				admitted[p.of] = append(admitted[p.of], admits(t, policy)...)
			}
		}
	}
	for _, p := range pods {
		var serves []int32
		for _, c := range p.containers() {
			for _, port := range c.Ports {
				if !strings.Contains(port.Name, "health") {
					serves = append(serves, port.ContainerPort)
				}
			}
		}
		ports, found := admitted[p.of]
		slices.Sort(serves)
		slices.Sort(ports)
		if !found || !slices.Equal(serves, slices.Compact(ports)) {
			t.Errorf("%s serves %v, and policies let in %v", p.of, serves, ports)
		}
	}
}

// admits returns the ports that a policy lets in.
func admits(t *testing.T, policy networkingv1.NetworkPolicy) []int32 {
	t.Helper()
	var ports []int32
	for _, rule := range policy.Spec.Ingress {
		if len(rule.Ports) == 0 {
			t.Errorf("NetworkPolicy/%s lets in every port", policy.Name)
		}
		for _, port := range rule.Ports {
			ports = append(ports, port.Port.IntVal)
		}
	}
	return ports
}

// checkEgress checks that DNS, and HTTPS to somewhere, are let out, and nothing to everywhere.
func checkEgress(t *testing.T, policy networkingv1.NetworkPolicy) {
	t.Helper()
	var ports []int32
	for _, rule := range policy.Spec.Egress {
		if len(rule.Ports) == 0 {
			t.Errorf("NetworkPolicy/%s lets out every port", policy.Name)
		}
		for _, port := range rule.Ports {
			ports = append(ports, port.Port.IntVal)
		}
	}
	for _, want := range []int32{53, 443} {
		if !slices.Contains(ports, want) {
			t.Errorf("NetworkPolicy/%s does not let out port %d", policy.Name, want)
		}
	}
}

// selected returns the Pods of a selector, which an object has for some at least.
func selected(t *testing.T, object unstructured.Unstructured, selector *metav1.LabelSelector, pods []pod) []pod {
	t.Helper()
	var found []pod
	for _, p := range pods {
		if selects(t, selector, p) {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		t.Errorf("%s/%s selects no Pod", object.GetKind(), object.GetName())
	}
	return found
}

func selects(t *testing.T, selector *metav1.LabelSelector, p pod) bool {
	t.Helper()
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Matches(labels.Set(p.template.Labels))
}

// number is the Pod's port of a Service's; 0 if it has none.
func number(p pod, port intstr.IntOrString) int32 {
	for _, c := range p.containers() {
		for _, has := range c.Ports {
			if has.Name == port.StrVal || has.ContainerPort == port.IntVal {
				return has.ContainerPort
			}
		}
	}
	return 0
}

func convert(t *testing.T, object unstructured.Unstructured, into any) {
	t.Helper()
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into); err != nil {
		t.Fatal(err)
	}
}
