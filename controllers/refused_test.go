// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/controllers"
)

// shiftedClock is ahead of the real one, or behind.
type shiftedClock struct{ shift atomic.Int64 }

func (c *shiftedClock) Now() time.Time                  { return time.Now().Add(time.Duration(c.shift.Load())) }
func (c *shiftedClock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }
func (c *shiftedClock) set(shift time.Duration)         { c.shift.Store(int64(shift)) }

func shifted(shift time.Duration) *shiftedClock {
	c := &shiftedClock{}
	c.set(shift)
	return c
}

// A Job that the cluster refuses is tried again, ever less often; the condition says who refuses it, and that a person is needed when
// that lasts. When the refusal ends the recording goes on by itself.
func TestRefusedJobs(t *testing.T) {
	for name, test := range map[string]struct {
		refuse func(t *testing.T, ns string) (allow func())
		says   string
	}{
		"quota":  {withQuota, "exceeded quota: no-jobs"},
		"policy": {withPolicy, "denied request: no Jobs today"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := namespace(t)
			newPipelineAccepted(t, ns)
			made := newLedger(t, ns)
			allow := test.refuse(t, ns)
			// It goes up to the right time: beyond it, the Job that comes in the end would have had no Pod for an hour.
			clock := shifted(-usual.StallAfter)
			op := start(t, ns, func(options *controllers.Options, _ *wire) { options.Clock = clock })
			recording := newRecording(t, ns, "rec")
			arrives(t, recording, v1alpha1.EventStopped, 0)
			expect(t, recording, v1alpha1.ProcessingRunning, "Ready=False/JobRefused Reconciling=True/JobRefused", "InProgress")
			if step := recording.Status.Processing.Steps[0]; step.State != v1alpha1.StepPending || !strings.Contains(step.Message, test.says) {
				t.Errorf("the step is %s: %s; want %q", step.State, step.Message, test.says)
			}
			if message := recording.Status.Conditions[0].Message; !strings.Contains(message, test.says) {
				t.Errorf("the condition says %q, want %q", message, test.says)
			}
			eventually(t, "it is tried again", func() error {
				if op.wire.counted()["POST jobs"] < 3 {
					return errors.New("not yet")
				}
				return nil
			})
			clock.set(0)
			expect(t, recording, v1alpha1.ProcessingRunning, "Ready=False/JobRefused Stalled=True/JobRefused", "Failed")
			if got := op.wire.counted()["PATCH meetingrecordings/status"]; got != 2 {
				t.Errorf("%d writes to say that it is refused, and that it lasts; want 2", got)
			}
			allow()
			exits(t, jobOf(t, recording, "default", "archive"), 0, "")
			expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")
			expectEvents(t, recording, "JobRefused", "ProcessingSucceeded")
			made.expect(t, ns, 1)
		})
	}
}

// withQuota allows no Job in the namespace. It plays the controller of quotas, too, which says what is used.
func withQuota(t *testing.T, ns string) (allow func()) {
	t.Helper()
	const jobs = corev1.ResourceName("count/jobs.batch")
	quota := &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "no-jobs"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{jobs: resource.MustParse("0")}},
	}
	create(t, quota)
	limit := func(to string) {
		t.Helper()
		quota.Spec.Hard = corev1.ResourceList{jobs: resource.MustParse(to)}
		if err := admin.Update(t.Context(), quota); err != nil {
			t.Fatal(err)
		}
		quota.Status = corev1.ResourceQuotaStatus{Hard: quota.Spec.Hard, Used: corev1.ResourceList{jobs: resource.MustParse("0")}}
		if err := admin.Status().Update(t.Context(), quota); err != nil {
			t.Fatal(err)
		}
	}
	limit("0")
	eventually(t, "Jobs are refused", func() error {
		err := admin.Create(t.Context(), anyJob(ns, "trial"), client.DryRunAll)
		if err != nil && strings.Contains(err.Error(), "exceeded quota") {
			return nil
		}
		return errors.Join(errors.New("they are taken"), err)
	})
	return func() { limit("9") }
}

// withPolicy has a ValidatingAdmissionPolicy deny every Job of the namespace.
func withPolicy(t *testing.T, ns string) (allow func()) {
	t.Helper()
	policy, binding := denyJobs(ns)
	create(t, policy, binding)
	t.Cleanup(func() { _ = admin.Delete(context.Background(), policy) })
	expectDenied(t, ns)
	return func() {
		t.Helper()
		for _, object := range []client.Object{binding, policy} {
			if err := admin.Delete(t.Context(), object); err != nil {
				t.Fatal(err)
			}
		}
	}
}
