// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// processingPatch and recordingPatch are what only the manager, and only the sidecar, may write.
const (
	processingPatch = `[{"op": "add", "path": "/status/processing/state", "value": "Succeeded"}]`
	recordingPatch  = `[{"op": "add", "path": "/status/recording/state", "value": "Failed"}]`
	// deliveryPatch is the manager's too.
	deliveryPatch = `[{"op": "add", "path": "/status/delivery", "value": {"state": "Delivered", "events": ["Stopped"]}}]`
)

// awaitPolicies returns once the API server enforces both policies: it takes them up a moment after they were created.
func awaitPolicies(ctx context.Context) error {
	as, err := impersonate(userOf(sidecarAccount), "system:serviceaccounts", "system:authenticated")
	if err != nil {
		return err
	}
	probe := newRecording("policy-probe")
	if err := api.Client.Create(ctx, probe); err != nil {
		return err
	}
	held := newRecording("policy-probe-held")
	held.Spec.Suspend = true
	if err := harness.Await(ctx, harness.Patience, "the policies are enforced", func(ctx context.Context) error {
		status := patchStatus(ctx, as, probe, processingPatch, client.DryRunAll)
		creation := as.Create(ctx, held.DeepCopy(), client.DryRunAll)
		if !apierrors.IsForbidden(status) || !apierrors.IsForbidden(creation) {
			return fmt.Errorf("the writes were answered: %w, %w", status, creation)
		}
		return nil
	}); err != nil {
		return err
	}
	return api.Client.Delete(ctx, probe)
}

// impersonate returns a client that an administrator uses in another's name.
func impersonate(user string, groups ...string) (client.Client, error) {
	as := rest.CopyConfig(api.Config)
	as.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: groups}
	return client.New(as, client.Options{Scheme: api.Scheme})
}

func newRecording(name string) *v1alpha1.MeetingRecording {
	return &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "abcd-efgh-ijkl", SessionID: name},
	}
}

func patchStatus(ctx context.Context, c client.Client, recording *v1alpha1.MeetingRecording, patch string, options ...client.SubResourcePatchOption) error {
	return c.Status().Patch(ctx, recording.DeepCopy(), client.RawPatch(types.JSONPatchType, []byte(patch)), options...)
}

// TestWhoIsNotKeptToAPart: an administrator may write all of a status, and who may update recordings may hold one from its creation on.
func TestWhoIsNotKeptToAPart(t *testing.T) {
	recording := newRecording("of-an-administrator")
	create(t, recording)
	for _, patch := range []string{processingPatch, recordingPatch} {
		if err := patchStatus(t.Context(), api.Client, recording, patch); err != nil {
			t.Errorf("an administrator: %v", err)
		}
	}

	const editor = "an-editor"
	create(t, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: editor},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "meeting-recording-editor"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: editor}},
	})
	as, err := impersonate(editor, "system:authenticated")
	if err != nil {
		t.Fatal(err)
	}
	harness.Eventually(t, "the editor may create a recording that is held", func(ctx context.Context) error {
		held := newRecording("held-by-an-editor")
		held.Spec.Suspend, held.Finalizers = true, []string{"example.com/keep"}
		return as.Create(ctx, held, client.DryRunAll)
	})
	if err := patchStatus(t.Context(), as, recording, recordingPatch); !apierrors.IsForbidden(err) {
		t.Errorf("an editor writes a status: %v, want it to be forbidden", err)
	}
}

// TestHeldRecordingIsNotDeleted: nobody deletes a recording with spec.hold, alone or with all others, until it is set to false.
func TestHeldRecordingIsNotDeleted(t *testing.T) {
	held := newRecording("on-hold")
	held.Spec.Hold, held.Labels = true, map[string]string{"test": "hold"}
	create(t, held)
	t.Cleanup(func() { // also if the test fails
		_ = api.Client.Patch(context.Background(), held, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"hold":false}}`)))
	})
	harness.Eventually(t, "the deletion is rejected, with what to do", func(ctx context.Context) error {
		err := api.Client.Delete(ctx, held.DeepCopy(), client.DryRunAll)
		if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "MeetingRecording on-hold is on hold: set spec.hold to false to delete it") {
			return fmt.Errorf("the answer is %w", err)
		}
		return nil
	})
	all := []client.DeleteAllOfOption{client.InNamespace(namespace), client.MatchingLabels(held.Labels)}
	if err := api.Client.DeleteAllOf(t.Context(), &v1alpha1.MeetingRecording{}, all...); !apierrors.IsForbidden(err) {
		t.Errorf("a deletion of all is answered with %v, want Forbidden", err)
	}
	if err := api.Client.Patch(t.Context(), held, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"hold":false}}`))); err != nil {
		t.Fatal(err)
	}
	if err := api.Client.Delete(t.Context(), held); err != nil {
		t.Errorf("a recording that is not on hold any more: %v", err)
	}
}

// TestLabelsOfNewRecordings: the sidecar's own are its own matter; others are refused, but where a role grants them, as a cluster needs whose
// mutating policies add some to everything, in the creator's name. That role grants no more.
func TestLabelsOfNewRecordings(t *testing.T) {
	sidecar := clientOf(t, sidecarAccount)
	if err := sidecar.Create(t.Context(), asSidecar(newRecording("of-a-webhook")), client.DryRunAll); err != nil {
		t.Errorf("the sidecar creates what it creates: %v", err)
	}

	const receiver = "a-receiver-that-labels"
	create(t, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: receiver}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{v1alpha1.GroupName}, Resources: []string{"meetingrecordings"}, Verbs: []string{"create"}},
		{APIGroups: []string{v1alpha1.GroupName}, Resources: []string{"meetingrecordings/metadata"}, Verbs: []string{"update"}},
	}})
	create(t, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: receiver},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: receiver},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: receiver}},
	})
	as, err := impersonate(receiver, "system:authenticated")
	if err != nil {
		t.Fatal(err)
	}
	labelled := asSidecar(newRecording("labelled"))
	labelled.Labels["team"], labelled.Annotations["note"] = "media", "a"
	harness.Eventually(t, "who may update the metadata of recordings may label new ones", func(ctx context.Context) error {
		return as.Create(ctx, labelled.DeepCopy(), client.DryRunAll)
	})
	labelled.Spec.Suspend = true
	if err := as.Create(t.Context(), labelled, client.DryRunAll); !apierrors.IsForbidden(err) {
		t.Errorf("who may update their metadata holds a new recording: %v, want it to be forbidden", err)
	}
}

// asSidecar gives a recording the labels and the annotation that the sidecar creates it with, and returns it.
func asSidecar(recording *v1alpha1.MeetingRecording) *v1alpha1.MeetingRecording {
	recording.Labels = map[string]string{v1alpha1.LabelMeetingID: recording.Spec.MeetingID, v1alpha1.LabelSessionID: recording.Spec.SessionID}
	recording.Annotations = map[string]string{v1alpha1.AnnotationTraceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
	return recording
}

// TestPoliciesNameEveryField: a field that is added to the status has a writer, and one that is added to the spec is for the sidecar to set,
// or is not.
func TestPoliciesNameEveryField(t *testing.T) {
	content, err := os.ReadFile(harness.Path("config/crd/bases/recording.meetingops.dev_meetingrecordings.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(content, &crd); err != nil {
		t.Fatal(err)
	}
	schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	for _, test := range []struct {
		part, policy, format string
		free                 []string // what the sidecar sets
	}{
		{"status", "status_writers.yaml", "object.?status.?%[1]s == oldObject.?status.?%[1]s", nil},
		{"spec", "creators.yaml", "has(object.spec.%s)", []string{"meetingID", "segment", "sessionID"}},
	} {
		policy, err := os.ReadFile(harness.Path("config/policy", test.policy))
		if err != nil {
			t.Fatal(err)
		}
		var free []string
		for field := range schema.Properties[test.part].Properties {
			if !strings.Contains(string(policy), fmt.Sprintf(test.format, field)) {
				free = append(free, field)
			}
		}
		slices.Sort(free)
		if diff := cmp.Diff(test.free, free); diff != "" {
			t.Errorf("fields of the %s that config/policy/%s does not guard (-want +got):\n%s", test.part, test.policy, diff)
		}
	}
}

// create creates an object for as long as the test runs.
func create(t testing.TB, object client.Object) {
	t.Helper()
	if err := api.Client.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.IgnoreNotFound(api.Client.Delete(context.Background(), object)); err != nil {
			t.Error(err)
		}
	})
}

// TestWhoMayWritePipelines: who writes a pipeline has Jobs created, so they must be allowed to create Jobs themselves, and no Job may reach what is
// the operator's.
func TestWhoMayWritePipelines(t *testing.T) {
	archive := &v1alpha1.RecordingPipeline{}
	if err := api.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: pipelineName}, archive); err != nil {
		t.Fatal(err)
	}
	pipeline := func(in string, changes ...func(*v1alpha1.RecordingPipeline)) *v1alpha1.RecordingPipeline {
		p := &v1alpha1.RecordingPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: in, Name: "of-a-tenant"}, Spec: *archive.Spec.DeepCopy()}
		for _, change := range changes {
			change(p)
		}
		return p
	}
	runAs := func(account string) func(*v1alpha1.RecordingPipeline) {
		return func(p *v1alpha1.RecordingPipeline) {
			p.Spec.Steps[0].Template.Spec.Template.Spec.ServiceAccountName = account
		}
	}
	oldField := func(p *v1alpha1.RecordingPipeline) {
		p.Spec.Steps[0].Template.Spec.Template.Spec.DeprecatedServiceAccount = sidecarAccount
	}
	as := map[string]client.Client{"an administrator": api.Client}
	for name, rules := range map[string][]rbacv1.PolicyRule{
		"pipeline-writer": {{APIGroups: []string{v1alpha1.GroupName}, Resources: []string{"recordingpipelines"}, Verbs: []string{"create", "get", "update"}}},
		"job-creator": {{APIGroups: []string{v1alpha1.GroupName}, Resources: []string{"recordingpipelines"}, Verbs: []string{"create", "get", "update"}},
			{APIGroups: []string{"batch"}, Resources: []string{"jobs"}, Verbs: []string{"create"}}},
	} {
		create(t, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules})
		for _, in := range []string{namespace, operatorNamespace} {
			create(t, &rbacv1.RoleBinding{
				ObjectMeta: metav1.ObjectMeta{Namespace: in, Name: name},
				RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
				Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: name}},
			})
			if err := api.AwaitRights(t.Context(), name, authorizationv1.ResourceAttributes{
				Namespace: in, Verb: "create", Group: v1alpha1.GroupName, Resource: "recordingpipelines",
			}); err != nil {
				t.Fatal(err)
			}
		}
		var err error
		if as[name], err = impersonate(name, "system:authenticated"); err != nil {
			t.Fatal(err)
		}
	}
	const jobs, place, account = "may write RecordingPipelines but not create Jobs in namespace", "the operator's own namespace has its tokens and keys", "may not run as one of the operator's service accounts"
	for name, test := range map[string]struct {
		who      string
		pipeline *v1alpha1.RecordingPipeline
		refusal  string
	}{
		"may not create Jobs":                {"pipeline-writer", pipeline(namespace), jobs},
		"may create Jobs":                    {"job-creator", pipeline(namespace), ""},
		"an account of the namespace":        {"job-creator", pipeline(namespace, runAs("builder")), ""},
		"the manager's account":              {"job-creator", pipeline(namespace, runAs(managerAccount)), account},
		"the manager's, as an administrator": {"an administrator", pipeline(namespace, runAs(managerAccount)), account},
		"the events server's":                {"job-creator", pipeline(namespace, runAs(eventsAccount)), account},
		"backfill's":                         {"job-creator", pipeline(namespace, runAs(backfillAccount)), account},
		"by the field's old name":            {"job-creator", pipeline(namespace, oldField), account},
		"beside the operator":                {"an administrator", pipeline(operatorNamespace), place},
		"beside the operator, as a tenant":   {"job-creator", pipeline(operatorNamespace), place},
	} {
		err := as[test.who].Create(t.Context(), test.pipeline, client.DryRunAll)
		if test.refusal == "" && err != nil || test.refusal != "" && (!apierrors.IsForbidden(err) || !strings.Contains(err.Error(), test.refusal)) {
			t.Errorf("%s: %v, want %q", name, err, test.refusal)
		}
	}
	stored := pipeline(namespace)
	create(t, stored)
	labelled := stored.DeepCopy()
	labelled.Labels = map[string]string{"team": "media"}
	if err := as["pipeline-writer"].Update(t.Context(), labelled, client.DryRunAll); err != nil {
		t.Errorf("a label changes no Job: %v", err)
	}
	labelled.Spec.Steps[0].Template.Spec.Template.Spec.Containers[0].Image = "example.com/another"
	if err := as["pipeline-writer"].Update(t.Context(), labelled, client.DryRunAll); !apierrors.IsForbidden(err) {
		t.Errorf("another image without the right to create Jobs: %v", err)
	}
}
