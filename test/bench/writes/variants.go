// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// variant is a way to make a write.
type variant struct {
	name    string
	write   func(ctx context.Context, n int) error
	results []result
}

type cluster struct {
	config  *rest.Config
	clients *kubernetes.Clientset
	dynamic *dynamic.DynamicClient
	crds    *apiextensions.Clientset
}

func newCluster(config *rest.Config) (c *cluster, err error) {
	c = &cluster{config: config}
	if c.clients, err = kubernetes.NewForConfig(config); err != nil {
		return nil, err
	}
	if c.crds, err = apiextensions.NewForConfig(config); err != nil {
		return nil, err
	}
	c.dynamic, err = dynamic.NewForConfig(config)
	return c, err
}

// kindOfPatch says how the status is written.
type kindOfPatch int

const (
	jsonPatch      kindOfPatch = iota // with a test of what was there, as the sidecar does
	jsonPatchOfOne                    // one event of it, with a test of one field
	mergePatch
	applyPatch
	update
	answeredBriefly // jsonPatch, answered with the metadata only
	untracked       // jsonPatch of an object whose managed fields were reset once, so that nobody keeps them any more
)

// target is an object that is written again and again.
type target struct {
	c        *cluster
	resource schema.GroupVersionResource
	name     string
	kind     kindOfPatch
	last     []byte
	object   *unstructured.Unstructured
}

const namespace = "default"

// variants makes an object for each variant.
func (c *cluster) variants(ctx context.Context, crd *apiextensionsv1.CustomResourceDefinition) ([]*variant, error) {
	own := v1alpha1.GroupVersion.Group
	groups := []struct {
		group  string
		change func(*apiextensionsv1.CustomResourceDefinitionVersion)
	}{
		{own, func(*apiextensionsv1.CustomResourceDefinitionVersion) {}}, {"terse.example.com", withoutDescriptions}, {"ruleless.example.com", withoutRules},
		{"unselected.example.com", withoutSelectableFields}, {"shapeless.example.com", withoutSchema},
		{"guarded.example.com", func(*apiextensionsv1.CustomResourceDefinitionVersion) {}},
	}
	all := make([]*apiextensionsv1.CustomResourceDefinition, 0, len(groups))
	for _, g := range groups {
		all = append(all, inGroup(crd, g.group, g.change))
	}
	if _, err := envtest.InstallCRDs(c.config, envtest.CRDInstallOptions{CRDs: all}); err != nil {
		return nil, fmt.Errorf("install the CRDs: %w", err)
	}
	if err := c.guard(ctx, "guarded.example.com"); err != nil {
		return nil, err
	}
	var variants []*variant
	for _, v := range []struct {
		name, group string
		kind        kindOfPatch
		annotation  int
	}{
		{"JSON Patch of the status, as the sidecar writes it", own, jsonPatch, 0},
		{"schema without descriptions", "terse.example.com", jsonPatch, 0},
		{"schema without CEL rules", "ruleless.example.com", jsonPatch, 0},
		{"no selectable fields", "unselected.example.com", jsonPatch, 0},
		{"no schema at all", "shapeless.example.com", jsonPatch, 0},
		{"a ValidatingAdmissionPolicy that looks at the status", "guarded.example.com", jsonPatch, 0},
		{"an annotation of 1 KiB", own, jsonPatch, 1 << 10},
		{"an annotation of 16 KiB", own, jsonPatch, 16 << 10},
		{"JSON Patch of one field", own, jsonPatchOfOne, 0},
		{"merge patch", own, mergePatch, 0},
		{"server-side apply", own, applyPatch, 0},
		{"update (PUT)", own, update, 0},
		{"answered with the object's metadata only", own, answeredBriefly, 0},
		{"no managed fields", own, untracked, 0},
	} {
		t := &target{c: c, kind: v.kind, name: fmt.Sprintf("object-%d", len(variants)), resource: schema.GroupVersionResource{Group: v.group, Version: "v1alpha1", Resource: "meetingrecordings"}}
		if err := t.create(ctx, v.annotation); err != nil {
			return nil, fmt.Errorf("%s: %w", v.name, err)
		}
		variants = append(variants, &variant{name: v.name, write: t.write})
	}
	creates := schema.GroupVersionResource{Group: own, Version: "v1alpha1", Resource: "meetingrecordings"}
	created := 0
	return append(variants, &variant{name: "create", write: func(ctx context.Context, _ int) error {
		created++
		t := &target{c: c, resource: creates, name: fmt.Sprintf("created-%d", created)}
		return t.make(ctx, 0)
	}}), nil
}

// mayWrite asks whether the writer may write a part of the status.
func mayWrite(part string) string {
	return `authorizer.group('` + v1alpha1.GroupVersion.Group + `').resource('meetingrecordings').namespace(request.namespace).subresource('` + part + `').check('update').allowed()`
}

// guard has a policy look at every write of a group's status.
func (c *cluster) guard(ctx context.Context, group string) error {
	fail := admissionv1.Fail
	meta := metav1.ObjectMeta{Name: "guard." + group}
	_, err := c.clients.AdmissionregistrationV1().ValidatingAdmissionPolicies().Create(ctx, &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: meta,
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			FailurePolicy: &fail,
			MatchConstraints: &admissionv1.MatchResources{ResourceRules: []admissionv1.NamedRuleWithOperations{{
				RuleWithOperations: admissionv1.RuleWithOperations{
					Operations: []admissionv1.OperationType{admissionv1.Update},
					Rule:       admissionv1.Rule{APIGroups: []string{group}, APIVersions: []string{"*"}, Resources: []string{"meetingrecordings/status"}},
				},
			}}},
			Validations: []admissionv1.Validation{
				{Expression: `object.?status.?recording == oldObject.?status.?recording || ` + mayWrite("recording")},
				{Expression: `object.?status.?processing == oldObject.?status.?processing && object.?status.?conditions == oldObject.?status.?conditions || ` + mayWrite("processing")},
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("make the policy: %w", err)
	}
	_, err = c.clients.AdmissionregistrationV1().ValidatingAdmissionPolicyBindings().Create(ctx, &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: meta,
		Spec:       admissionv1.ValidatingAdmissionPolicyBindingSpec{PolicyName: meta.Name, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny}},
	}, metav1.CreateOptions{})
	return err
}

// create makes the object, with a first status.
func (t *target) create(ctx context.Context, annotation int) error {
	if err := t.make(ctx, annotation); err != nil {
		return err
	}
	t.last = recordingStatus(0)
	body, err := json.Marshal(map[string]any{"status": map[string]any{"recording": json.RawMessage(t.last), "observedGeneration": -1}})
	if err != nil {
		return err
	}
	t.object, err = t.client().Patch(ctx, t.name, types.MergePatchType, body, metav1.PatchOptions{FieldManager: "writes"}, "status")
	if err != nil || t.kind != untracked {
		return err
	}
	_, err = t.client().Patch(ctx, t.name, types.MergePatchType, []byte(`{"metadata":{"managedFields":[{}]}}`), metav1.PatchOptions{FieldManager: "writes"})
	return err
}

func (t *target) client() dynamic.ResourceInterface {
	return t.c.dynamic.Resource(t.resource).Namespace(namespace)
}

func (t *target) make(ctx context.Context, annotation int) error {
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": t.resource.GroupVersion().String(), "kind": "MeetingRecording",
		"metadata": map[string]any{"name": t.name, "labels": map[string]any{v1alpha1.LabelMeetingID: "hstr-afz3-tt4f", v1alpha1.LabelSessionID: "62d148951a1eb20029fc9b05"}},
		"spec":     map[string]any{"meetingID": "hstr-afz3-tt4f", "sessionID": "62d148951a1eb20029fc9b05", "segment": int64(1)},
	}}
	if annotation > 0 {
		object.SetAnnotations(map[string]string{"example.com/filler": strings.Repeat("x", annotation)})
	}
	_, err := t.client().Create(ctx, object, metav1.CreateOptions{FieldManager: "writes"})
	return err
}

// recordingStatus is that of a recording of four events, one of which was delivered n more times.
func recordingStatus(n int) []byte {
	at := "2026-11-23T12:00:00.000000Z"
	types := []string{"Starting", "Started", "Stopping", "Stopped"}
	events := make([]string, 0, len(types))
	for i, eventType := range types {
		deliveries := 1
		if i == 3 {
			deliveries += n
		}
		events = append(events, fmt.Sprintf(`{"deliveries":%d,"lastReceiveTime":%q,"receiveTime":%q,"source":"Webhook","type":%q}`, deliveries, at, at, eventType))
	}
	return []byte(fmt.Sprintf(`{"endTime":%q,"events":[%s],"file":{"path":"/encoded/videos/62d148951a1eb20029fc9b05.mp4","url":"https://cdn.videosdk.live/encoded/videos/62d148951a1eb20029fc9b05.mp4"},"startTime":%q,"state":"Stopped"}`,
		at, strings.Join(events, ","), at))
}

// write counts one more delivery.
func (t *target) write(ctx context.Context, n int) error {
	next := recordingStatus(n + 1)
	var body []byte
	kind := types.JSONPatchType
	patchOptions := metav1.PatchOptions{FieldManager: "writes"}
	switch t.kind {
	case jsonPatch, answeredBriefly, untracked:
		body = []byte(fmt.Sprintf(`[{"op":"test","path":"/status/recording","value":%s},{"op":"replace","path":"/status/recording","value":%s}]`, t.last, next))
	case jsonPatchOfOne:
		body = []byte(fmt.Sprintf(`[{"op":"test","path":"/status/recording/events/3/type","value":"Stopped"},{"op":"replace","path":"/status/recording/events/3/deliveries","value":%d}]`, n+2))
	case mergePatch:
		kind, body = types.MergePatchType, []byte(fmt.Sprintf(`{"status":{"recording":%s}}`, next))
	case applyPatch:
		force := true
		patchOptions.Force = &force
		kind = types.ApplyPatchType
		body = []byte(fmt.Sprintf(`{"apiVersion":%q,"kind":"MeetingRecording","metadata":{"name":%q},"status":{"recording":%s}}`, t.resource.GroupVersion().String(), t.name, next))
	case update:
		return t.put(ctx, next)
	}
	t.last = next
	if t.kind == answeredBriefly {
		return t.c.clients.RESTClient().Patch(kind).AbsPath("/apis", t.resource.Group, t.resource.Version, "namespaces", namespace, t.resource.Resource, t.name, "status").
			SetHeader("Accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1").Param("fieldManager", "writes").Body(body).Do(ctx).Error()
	}
	_, err := t.client().Patch(ctx, t.name, kind, body, patchOptions, "status")
	return err
}

func (t *target) put(ctx context.Context, next []byte) error {
	var recording map[string]any
	if err := json.Unmarshal(next, &recording); err != nil {
		return err
	}
	if err := unstructured.SetNestedMap(t.object.Object, recording, "status", "recording"); err != nil {
		return err
	}
	stored, err := t.client().UpdateStatus(ctx, t.object, metav1.UpdateOptions{FieldManager: "writes"})
	if err == nil {
		t.object = stored
	}
	return err
}
