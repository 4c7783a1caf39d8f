// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package acceptance_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/expression"
	"github.com/meetingops/meeting-recording-operator/internal/processing/acceptance"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/test/harness/kstatus"
)

var (
	jobKind     = schema.GroupKind{Group: "batch", Kind: "Job"}
	jobResource = schema.GroupResource{Group: "batch", Resource: "jobs"}
)

func invalidImage() error {
	image := field.NewPath("spec", "template", "spec", "containers").Index(0).Child("image")
	return apierrors.NewInvalid(jobKind, "job", field.ErrorList{field.Required(image, "")})
}

func deniedWith(code int32, reason metav1.StatusReason, message string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message}}
}

func TestWhyNotCreated(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want outcomes.JobState
	}{
		"invalid":               {invalidImage(), outcomes.JobInvalid},
		"invalid, wrapped":      {fmt.Errorf("create: %w", invalidImage()), outcomes.JobInvalid},
		"bad request":           {apierrors.NewBadRequest("cannot be handled"), outcomes.JobInvalid},
		"too large":             {apierrors.NewRequestEntityTooLargeError("3 MiB"), outcomes.JobInvalid},
		"quota":                 {apierrors.NewForbidden(jobResource, "job", errors.New("exceeded quota")), outcomes.JobRefused},
		"policy":                {deniedWith(422, metav1.StatusReasonInvalid, "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"), outcomes.JobRefused},
		"webhook":               {deniedWith(400, "", `admission webhook "w" denied the request: no`), outcomes.JobRefused},
		"webhook, no dry run":   {apierrors.NewBadRequest(`admission webhook "w" does not support dry run`), outcomes.JobRefused},
		"webhook unreachable":   {apierrors.NewInternalError(errors.New("failed calling webhook")), outcomes.JobRefused},
		"time-out":              {apierrors.NewTimeoutError("slow", 1), outcomes.JobDeferred},
		"too many requests":     {apierrors.NewTooManyRequests("later", 1), outcomes.JobDeferred},
		"unavailable":           {apierrors.NewServiceUnavailable("starting"), outcomes.JobDeferred},
		"namespace is gone":     {apierrors.NewNotFound(jobResource, "job"), outcomes.JobDeferred},
		"connection refused":    {errors.New("dial tcp: connection refused"), outcomes.JobDeferred},
		"words are not of ours": {errors.New("denied the request"), outcomes.JobDeferred},
	} {
		t.Run(name, func(t *testing.T) {
			if got := outcomes.WhyNotCreated(test.err); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

func TestAccept(t *testing.T) {
	badSelector := pipeline("p", "a")
	badSelector.Spec.Selector = &v1alpha1.LabelSelector{MatchExpressions: []v1alpha1.LabelSelectorRequirement{{Key: "team", Operator: "Is"}}}
	quota := apierrors.NewForbidden(jobResource, "job", errors.New("exceeded quota"))
	for name, test := range map[string]struct {
		pipeline v1alpha1.RecordingPipeline
		trials   []error
		said     string
		message  string
		again    time.Duration
		kstatus  status.Status
	}{
		"accepted": {pipeline("p", "a"), []error{nil}, "Ready=True/Accepted", "", 0, "Current"},
		"invalid": {pipeline("p", "a", "b"), []error{nil, invalidImage()}, "Ready=False/InvalidTemplate Stalled=True/InvalidTemplate",
			"spec.steps[1].template.spec.template.spec.containers[0].image: Required value", 0, "Failed"},
		"invalid and refused": {pipeline("p", "a", "b"), []error{quota, invalidImage()}, "Ready=False/InvalidTemplate Stalled=True/InvalidTemplate",
			"spec.steps[1].template.spec", 0, "Failed"},
		"bad request": {pipeline("p", "a"), []error{apierrors.NewBadRequest("no")}, "Ready=False/InvalidTemplate Stalled=True/InvalidTemplate", "spec.steps[0].template: no", 0, "Failed"},
		"refused":     {pipeline("p", "a"), []error{quota}, "Ready=False/CheckRefused Reconciling=True/CheckRefused", "exceeded quota", 30 * time.Second, "InProgress"},
		"selector": {badSelector, []error{nil}, "Ready=False/InvalidSpec Stalled=True/InvalidSpec",
			`spec.selector: Invalid value: "Is" is not a valid label selector operator`, 0, "Failed"},
		"conditions": {conditional("recording.segment == 1", "has(outputs.a.seconds) && outputs.a.seconds > 60.0"), []error{nil, nil}, "Ready=True/Accepted", "", 0, "Current"},
		"graph and conditions": {conditional("recording.sesion == 1", "outputs.b.seconds > 60.0"), []error{nil, nil}, "Ready=False/InvalidSpec Stalled=True/InvalidSpec",
			"spec.when: Invalid value: line 1, column 10: undefined field 'sesion'; spec.steps[1].when: Invalid value: line 1, column 8: step \"b\" cannot be seen", 0, "Failed"},
		"spec, template and quota": {conditional("", "1"), []error{quota, invalidImage()}, "Ready=False/InvalidSpec Stalled=True/InvalidSpec",
			"spec.steps[1].when: Invalid value: must be true or false (bool), not int; spec.steps[1].template.spec.template.spec.containers[0].image: Required value", 0, "Failed"},
	} {
		t.Run(name, func(t *testing.T) {
			p := test.pipeline
			p.Generation, p.Status.ObservedGeneration = 3, -1
			if !acceptance.NeedsCheck(&p) {
				t.Error("a new pipeline needs no check")
			}
			got := acceptance.Accept(&p, expression.New(), test.trials, noon)
			if kstatus.Conditions(got.Status.Conditions) != test.said || got.RequeueAfter != test.again {
				t.Errorf("says %q, again in %s; want %q, %s", kstatus.Conditions(got.Status.Conditions), got.RequeueAfter, test.said, test.again)
			}
			if message := got.Status.Conditions[0].Message; !strings.Contains(message, test.message) {
				t.Errorf("message = %q, want %q in it", message, test.message)
			}
			if !got.Changes(&p) {
				t.Error("the first check is not stored")
			}
			p.Status = got.Status
			if judged := kstatus.Of(t, &p); judged != test.kstatus {
				t.Errorf("kstatus = %s, want %s", judged, test.kstatus)
			}
			if acceptance.Accept(&p, expression.New(), test.trials, noon.Add(time.Minute)).Changes(&p) {
				t.Error("the same check again is stored again")
			}
			if needs := acceptance.NeedsCheck(&p); needs != (test.again > 0) {
				t.Errorf("needs a check once stored: %t", needs)
			}
		})
	}
}

// conditional returns a pipeline with a condition, whose step b needs a and has one too.
func conditional(pipelineWhen, stepWhen string) v1alpha1.RecordingPipeline {
	p := pipeline("p", "a", "b")
	p.Spec.When = pipelineWhen
	p.Spec.Steps[1].Needs = []string{"a"}
	p.Spec.Steps[1].When = stepWhen
	return p
}

// A check that stays refused is made ever more seldom, up to a bound.
func TestRefusedCheckBacksOff(t *testing.T) {
	p := pipeline("p", "a")
	refused := []error{apierrors.NewForbidden(jobResource, "job", errors.New("no"))}
	p.Status = acceptance.Accept(&p, expression.New(), refused, noon).Status
	for _, test := range []struct{ after, want time.Duration }{
		{10 * time.Second, 30 * time.Second}, {2 * time.Minute, 2 * time.Minute}, {time.Hour, 10 * time.Minute},
	} {
		if got := acceptance.Accept(&p, expression.New(), refused, noon.Add(test.after)).RequeueAfter; got != test.want {
			t.Errorf("after %s again in %s, want %s", test.after, got, test.want)
		}
	}
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// pipeline returns one of the named steps.
func pipeline(name string, steps ...string) v1alpha1.RecordingPipeline {
	p := v1alpha1.RecordingPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, Generation: 1}}
	for _, step := range steps {
		p.Spec.Steps = append(p.Spec.Steps, v1alpha1.PipelineStep{Name: step})
	}
	return p
}
