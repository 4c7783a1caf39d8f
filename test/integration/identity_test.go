// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// attempt is something that an identity must not get done, and the words of the API server's refusal.
type attempt struct {
	do   func(client.Client) error
	want string
}

// TestSidecarsTokenIsOfNoUseForMore: who takes over the container that faces the internet can do no more than report recordings.
func TestSidecarsTokenIsOfNoUseForMore(t *testing.T) {
	attempts := ofReporters(t, "the-sidecar")
	attempts["list recordings"] = attempt{func(c client.Client) error {
		return c.List(t.Context(), &v1alpha1.MeetingRecordingList{}, client.InNamespace(namespace))
	}, `cannot list resource "meetingrecordings"`}
	attempts["read a token"] = attempt{func(c client.Client) error {
		return c.Create(t.Context(), &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: "a"}})
	}, `cannot create resource "tokenreviews"`}
	refuse(t, sidecarAccount, attempts)
}

// TestBackfillsTokenIsOfNoUseForMore: it reports recordings too, and may read those that there are.
func TestBackfillsTokenIsOfNoUseForMore(t *testing.T) {
	for _, object := range objectsIn(t, api.MustKubectl(t, "kustomize", "config/backfill")) {
		if object.GetKind() == "ServiceAccount" || strings.HasPrefix(object.GetAPIVersion(), rbacv1.GroupName) {
			create(t, object)
		}
	}
	refuse(t, backfillAccount, ofReporters(t, "backfill"))
}

// TestEventsTokenIsOfNoUseForMore: the events server reads recordings and asks who may read them. It writes nothing.
func TestEventsTokenIsOfNoUseForMore(t *testing.T) {
	recording, secret := newRecording("of-the-events-server"), newSecret("not-for-the-events-server")
	create(t, recording)
	create(t, secret)
	attempts := common(t, recording, secret)
	attempts["create a recording"] = attempt{func(c client.Client) error { return c.Create(t.Context(), newRecording("made-up")) },
		`cannot create resource "meetingrecordings"`}
	for name, patch := range map[string]string{"write status.recording": recordingPatch, "write status.processing": processingPatch, "write status.delivery": deliveryPatch} {
		attempts[name] = attempt{func(c client.Client) error { return patchStatus(t.Context(), c, recording, patch) }, `cannot patch resource "meetingrecordings/status"`}
	}
	refuse(t, eventsAccount, attempts)
}

// ofReporters are attempts that nobody must succeed with who creates recordings and writes their status.recording.
func ofReporters(t *testing.T, who string) map[string]attempt {
	recording, secret := newRecording("of-"+who), newSecret("not-for-"+who)
	create(t, recording)
	create(t, secret)
	const processing, birth = "may not change status.processing, status.conditions or status.observedGeneration: they belong to the manager",
		"may create MeetingRecordings but not update them, so it may not set spec.suspend, spec.hold, spec.rerun, metadata.finalizers or metadata.ownerReferences"
	const labels = "may create MeetingRecordings but not update them, so it may set no label but recording.meetingops.dev/meeting-id and session-id, " +
		"and no annotation but recording.meetingops.dev/traceparent. Where a mutating policy of the cluster adds others, it needs the verb update on " +
		"meetingrecordings/metadata in group recording.meetingops.dev"
	attempts := common(t, recording, secret)
	attempts["create a Job"] = attempt{func(c client.Client) error { return c.Create(t.Context(), newJob()) }, `cannot create resource "jobs" in API group "batch"`}
	attempts["delete a recording"] = attempt{func(c client.Client) error { return c.Delete(t.Context(), recording) }, `cannot delete resource "meetingrecordings"`}
	attempts["create a recording elsewhere"] = attempt{func(c client.Client) error {
		elsewhere := newRecording("elsewhere")
		elsewhere.Namespace = other
		return c.Create(t.Context(), elsewhere)
	}, `cannot create resource "meetingrecordings" in API group "recording.meetingops.dev" in the namespace "default"`}
	attempts["write status.delivery"] = attempt{func(c client.Client) error { return patchStatus(t.Context(), c, recording, deliveryPatch) },
		"may not change status.delivery: it belongs to the manager"}
	for name, patch := range map[string]string{
		"write status.processing":         processingPatch,
		"empty status.processing":         `[{"op": "remove", "path": "/status/processing"}, {"op": "add", "path": "/status/processing", "value": {"observedRerunToken": "a"}}]`,
		"write status.conditions":         `[{"op": "add", "path": "/status/conditions", "value": []}]`,
		"write status.observedGeneration": `[{"op": "add", "path": "/status/observedGeneration", "value": 7}]`,
		"write both parts":                `[{"op": "add", "path": "/status/recording/state", "value": "Started"}, {"op": "add", "path": "/status/processing/state", "value": "Running"}]`,
	} {
		attempts[name] = attempt{func(c client.Client) error { return patchStatus(t.Context(), c, recording, patch) }, processing}
	}
	for name, change := range map[string]func(*v1alpha1.MeetingRecording){
		"hold a new recording":        func(r *v1alpha1.MeetingRecording) { r.Spec.Suspend = true },
		"rerun a new recording":       func(r *v1alpha1.MeetingRecording) { r.Spec.Rerun = &v1alpha1.Rerun{Token: "a"} },
		"keep a new recording":        func(r *v1alpha1.MeetingRecording) { r.Finalizers = []string{"example.com/keep"} },
		"give a new recording away":   func(r *v1alpha1.MeetingRecording) { r.OwnerReferences = ownedBy(recording) },
		"hold one with no name given": func(r *v1alpha1.MeetingRecording) { r.Name, r.GenerateName, r.Spec.Suspend = "", "x-", true },
	} {
		attempts[name] = attempt{func(c client.Client) error {
			created := newRecording("smuggled")
			change(created)
			return c.Create(t.Context(), created)
		}, birth}
	}
	for name, change := range map[string]func(*v1alpha1.MeetingRecording){
		"label a new recording":             func(r *v1alpha1.MeetingRecording) { r.Labels = map[string]string{"team": "media"} },
		"label it beside the operator's":    func(r *v1alpha1.MeetingRecording) { asSidecar(r).Labels[v1alpha1.LabelPipeline] = "archive" },
		"annotate a new recording":          func(r *v1alpha1.MeetingRecording) { r.Annotations = map[string]string{"note": "a"} },
		"annotate it beside the operator's": func(r *v1alpha1.MeetingRecording) { asSidecar(r).Annotations["note"] = "a" },
	} {
		attempts[name] = attempt{func(c client.Client) error {
			created := newRecording("smuggled")
			change(created)
			return c.Create(t.Context(), created)
		}, labels}
	}
	return attempts
}

// TestManagersTokenIsOfNoUseForMore: the manager, which creates Jobs, cannot make up recordings or read Secrets.
func TestManagersTokenIsOfNoUseForMore(t *testing.T) {
	recording, secret := newRecording("of-the-manager"), newSecret("not-for-the-manager")
	create(t, recording)
	create(t, secret)
	attempts := common(t, recording, secret)
	attempts["create a recording"] = attempt{func(c client.Client) error { return c.Create(t.Context(), newRecording("made-up")) },
		`cannot create resource "meetingrecordings"`}
	job := newJob()
	create(t, job)
	attempts["delete a Job of others"] = attempt{func(c client.Client) error { return c.Delete(t.Context(), job) }, "may delete only Jobs that a MeetingRecording controls"}
	for name, patch := range map[string]string{
		"write status.recording": recordingPatch,
		"write both parts":       `[{"op": "add", "path": "/status/recording/state", "value": "Started"}, {"op": "add", "path": "/status/processing/state", "value": "Running"}]`,
	} {
		attempts[name] = attempt{func(c client.Client) error { return patchStatus(t.Context(), c, recording, patch) },
			"may not change status.recording: it belongs to the webhook sidecar"}
	}
	refuse(t, managerAccount, attempts)
}

// TestEachWritesItsPart is the least that both must get done; what the binaries do with these tokens is tested by the rest of this package.
func TestEachWritesItsPart(t *testing.T) {
	recording := newRecording("of-both")
	create(t, recording)
	for account, patches := range map[string][]string{
		sidecarAccount: {recordingPatch, recordingPatch}, // the second one changes nothing
		managerAccount: {processingPatch, `[{"op": "add", "path": "/status/conditions", "value": []}, {"op": "add", "path": "/status/observedGeneration", "value": 1}]`, deliveryPatch},
	} {
		c := clientOf(t, account)
		for _, patch := range patches {
			if err := patchStatus(t.Context(), c, recording, patch); err != nil {
				t.Errorf("%s: %v", account, err)
			}
		}
	}
}

// common are attempts that neither identity must succeed with.
func common(t *testing.T, recording *v1alpha1.MeetingRecording, secret *corev1.Secret) map[string]attempt {
	return map[string]attempt{
		"read a Secret": {func(c client.Client) error {
			return c.Get(t.Context(), client.ObjectKeyFromObject(secret), &corev1.Secret{})
		}, `cannot get resource "secrets"`},
		"list Secrets": {func(c client.Client) error {
			return c.List(t.Context(), &corev1.SecretList{}, client.InNamespace(namespace))
		},
			`cannot list resource "secrets"`},
		"patch a spec": {func(c client.Client) error {
			return c.Patch(t.Context(), recording.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(`{"spec": {"suspend": true}}`)))
		}, `cannot patch resource "meetingrecordings"`},
		"update a spec": {func(c client.Client) error {
			changed := recording.DeepCopy()
			changed.Spec.Suspend = true
			return c.Update(t.Context(), changed)
		}, `cannot update resource "meetingrecordings"`},
		"create a pipeline": {func(c client.Client) error {
			return c.Create(t.Context(), &v1alpha1.RecordingPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "a"}})
		}, `cannot create resource "recordingpipelines"`},
		"take the other's identity": {func(c client.Client) error {
			account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: managerAccount}}
			return c.SubResource("token").Create(t.Context(), account, &authenticationv1.TokenRequest{})
		}, `cannot create resource "serviceaccounts/token"`},
		"give itself rights": {func(c client.Client) error {
			return c.Create(t.Context(), &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "a"},
				RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"}})
		}, `cannot create resource "clusterrolebindings"`},
		"create a Pod": {func(c client.Client) error {
			return c.Create(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "a"}})
		}, `cannot create resource "pods"`},
	}
}

// refuse makes the attempts with a token of the identity.
func refuse(t *testing.T, account string, attempts map[string]attempt) {
	t.Helper()
	c := clientOf(t, account)
	for name, attempt := range attempts {
		t.Run(name, func(t *testing.T) {
			switch err := attempt.do(c); {
			case !apierrors.IsForbidden(err):
				t.Errorf("%v; want it to be forbidden", err)
			case !strings.Contains(err.Error(), attempt.want):
				t.Errorf("it says %q, want %q in it", err, attempt.want)
			case !strings.Contains(err.Error(), userOf(account)):
				t.Errorf("it says %q, and not who was refused", err)
			}
		})
	}
}

// clientOf returns a client with a token of one of the operator's ServiceAccounts and nothing else.
func clientOf(t testing.TB, account string) client.Client {
	t.Helper()
	of := rest.AnonymousClientConfig(api.Config)
	of.BearerToken, of.QPS = api.MustToken(t, operatorNamespace, account), -1
	c, err := client.New(of, client.Options{Scheme: api.Scheme, Mapper: api.Client.RESTMapper()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newSecret(name string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, StringData: map[string]string{"a": "b"}}
}

func newJob() *batchv1.Job {
	pod := corev1.PodTemplateSpec{Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "a", Image: "example.com/a"}}}}
	return &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "not-of-a-pipeline"}, Spec: batchv1.JobSpec{Template: pod}}
}

func ownedBy(recording *v1alpha1.MeetingRecording) []metav1.OwnerReference {
	return []metav1.OwnerReference{{APIVersion: v1alpha1.GroupVersion.String(), Kind: "MeetingRecording", Name: recording.Name, UID: recording.UID}}
}
