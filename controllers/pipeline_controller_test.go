// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

const (
	accepted     = "Ready=True/Accepted"
	checkRefused = "Ready=False/CheckRefused Reconciling=True/CheckRefused"
	invalid      = "Ready=False/InvalidTemplate Stalled=True/InvalidTemplate"
	invalidSpec  = "Ready=False/InvalidSpec Stalled=True/InvalidSpec"
)

// expectPipeline waits until the pipeline says the conditions, and returns the message of Ready.
func expectPipeline(t *testing.T, pipeline *v1alpha1.RecordingPipeline, conditions string, judged status.Status) string {
	t.Helper()
	eventually(t, "pipeline "+conditions, func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(pipeline), pipeline); err != nil {
			return err
		}
		is, err := kstatus(t, pipeline, "RecordingPipeline")
		if got := said(pipeline.Status.Conditions); err == nil && (got != conditions || is != judged) {
			err = fmt.Errorf("it says %s, %s", got, is)
		}
		return err
	})
	return meta.FindStatusCondition(pipeline.Status.Conditions, v1alpha1.ConditionReady).Message
}

// A pipeline that cannot run says which field to fix, runs all the same so that nothing is left out in silence, and is accepted
// once fixed. Nothing is kept of the trial.
func TestInvalidPipeline(t *testing.T) {
	ns := namespace(t)
	start(t, ns, nil)
	pipeline := pipelineOf(ns, strings.Repeat("long-name-", 25)+"end", "good", "bad")
	pipeline.Spec.Steps[1].Template.Spec.Template.Spec.Containers[0].Image = ""
	create(t, pipeline)
	if is, err := kstatus(t, pipeline, "RecordingPipeline"); err != nil || (is != status.InProgressStatus && is != status.FailedStatus) {
		t.Errorf("kstatus right after create = %s, %v", is, err)
	}
	message := expectPipeline(t, pipeline, invalid, status.FailedStatus)
	if want := "spec.steps[1].template.spec.template.spec.containers[0].image: Required value"; message != want {
		t.Errorf("message = %q, want %q", message, want)
	}
	if n := jobCount(t, ns); n != 0 {
		t.Errorf("the trial left %d Jobs", n)
	}

	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStopped, 0)
	exits(t, jobOf(t, recording, pipeline.Name, "good"), 0, "")
	expect(t, recording, v1alpha1.ProcessingFailed, failedPermanently, status.FailedStatus)
	if got := recording.Status.Processing.Steps[1].Message; !strings.Contains(got, "containers[0].image: Required value") {
		t.Errorf("message = %q, want what the API server says", got)
	}

	pipeline.Spec.Steps[1].Template.Spec.Template.Spec.Containers[0].Image = "example.com/main:v1"
	if err := admin.Update(t.Context(), pipeline); err != nil {
		t.Fatal(err)
	}
	expectPipeline(t, pipeline, accepted, status.CurrentStatus)
}

// A policy refuses all Jobs of the namespace: the pipeline cannot be checked, the recording's Job is refused, and both go on by
// themselves when the policy is gone. Each message is written once.
func TestPolicyRefusesJobs(t *testing.T) {
	ns := namespace(t)
	policy, binding := denyJobs(ns)
	create(t, policy, binding)
	t.Cleanup(func() { _ = admin.Delete(t.Context(), policy) })
	expectDenied(t, ns)
	op := start(t, ns, nil)
	pipeline := newPipeline(t, ns, "default", "archive")
	if message := expectPipeline(t, pipeline, checkRefused, status.InProgressStatus); !strings.Contains(message, "no Jobs today") {
		t.Errorf("message = %q, want what the policy says", message)
	}
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStopped, 0)
	expect(t, recording, v1alpha1.ProcessingRunning, "Ready=False/JobRefused Reconciling=True/JobRefused", status.InProgressStatus)
	if step := recording.Status.Processing.Steps[0]; step.State != v1alpha1.StepPending || !strings.Contains(step.Message, "no Jobs today") {
		t.Errorf("step is %s: %s", step.State, step.Message)
	}
	tries := op.wire.counted()["POST jobs"]
	eventually(t, "it tries again", func() error {
		if now := op.wire.counted()["POST jobs"]; now < tries+3 {
			return fmt.Errorf("%d tries", now)
		}
		return nil
	})
	if got := op.wire.counted()["PATCH meetingrecordings/status"]; got != 1 {
		t.Errorf("%d writes while nothing changes, want 1", got)
	}
	if err := admin.Delete(t.Context(), binding); err != nil {
		t.Fatal(err)
	}
	expect(t, recording, v1alpha1.ProcessingRunning, processingNow, status.InProgressStatus)
	exits(t, jobOf(t, recording, "default", "archive"), 0, "")
	expect(t, recording, v1alpha1.ProcessingSucceeded, processed, status.CurrentStatus)
}

// denyJobs returns a policy that refuses all Jobs of a namespace.
func denyJobs(ns string) (*admissionv1.ValidatingAdmissionPolicy, *admissionv1.ValidatingAdmissionPolicyBinding) {
	policy := &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "deny-jobs-" + ns},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admissionv1.MatchResources{ResourceRules: []admissionv1.NamedRuleWithOperations{{
				RuleWithOperations: admissionv1.RuleWithOperations{
					Operations: []admissionv1.OperationType{admissionv1.Create},
					Rule:       admissionv1.Rule{APIGroups: []string{"batch"}, APIVersions: []string{"v1"}, Resources: []string{"jobs"}},
				},
			}}},
			Validations: []admissionv1.Validation{{Expression: "false", Message: "no Jobs today"}},
		},
	}
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: policy.Name},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName:        policy.Name,
			ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
			MatchResources: &admissionv1.MatchResources{NamespaceSelector: &metav1.LabelSelector{
				MatchLabels: map[string]string{"kubernetes.io/metadata.name": ns},
			}},
		},
	}
	return policy, binding
}

// expectDenied waits until the API server has taken up the policy.
func expectDenied(t *testing.T, ns string) {
	t.Helper()
	eventually(t, "the policy counts", func() error {
		err := admin.Create(t.Context(), foreignJob(&v1alpha1.MeetingRecording{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "trial"}}), client.DryRunAll)
		if err == nil {
			return fmt.Errorf("a Job would be accepted")
		}
		return nil
	})
}
