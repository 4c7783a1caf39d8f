// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"golang.org/x/sync/semaphore"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/delivery"
	"github.com/meetingops/meeting-recording-operator/internal/eventsink"
)

// sendFunc is a Sink.
type sendFunc func(context.Context, cloudevents.Event) eventsink.Answer

func (f sendFunc) Send(ctx context.Context, event cloudevents.Event) eventsink.Answer {
	return f(ctx, event)
}

func started(name string) *v1alpha1.MeetingRecording {
	return &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, UID: types.UID(name)},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "m", SessionID: "s", Segment: 1},
		Status: v1alpha1.MeetingRecordingStatus{Recording: v1alpha1.RecordingStatus{
			Events: []v1alpha1.RecordingEvent{{Type: v1alpha1.EventStarted, Source: v1alpha1.EventSourceWebhook, ReceiveTime: metav1.NowMicro()}},
		}},
	}
}

// The end of the manager waits for the answer to an event that was sent, and sends no other.
func TestEndWaitsForTheAnswer(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	defer end()
	sent := 0
	r := &Reconciler{entries: &entries{}}
	r.breaker, _ = newBreaker()
	r.clock = r.breaker.clock
	r.Sink = sendFunc(func(ctx context.Context, _ cloudevents.Event) eventsink.Answer {
		sent++
		end()
		if ctx.Err() != nil {
			return unreachable
		}
		return delivered
	})
	recording, cached := started("rec"), &entry{failures: make(map[string]failure)}
	if next := r.deliver(ctx, recording, cached); next != 0 || len(cached.delivered.Events) != 1 || cached.unsaved.IsZero() {
		t.Errorf("after the answer: next attempt in %s, delivered %+v, unsaved since %s", next, cached.delivered, cached.unsaved)
	}
	if next := r.deliver(ctx, recording, &entry{failures: make(map[string]failure)}); next == 0 || sent != 1 {
		t.Errorf("after the end: %d events sent, next attempt in %s", sent, next)
	}
}

// At the end of the manager, one delivery that cannot be stored does not keep the others from being stored.
func TestLastSavesContinue(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	known := make(map[types.NamespacedName]*entry)
	objects := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(&v1alpha1.MeetingRecording{})
	for _, name := range []string{"a", "b", "c"} {
		recording := started(name)
		item := delivery.Pending(recording, v1alpha1.DeliveryStatus{})[0]
		known[client.ObjectKeyFromObject(recording)] = &entry{uid: recording.UID, delivered: item.Delivered, unsaved: item.Time}
		objects.WithObjects(recording)
	}
	api := objects.WithInterceptorFuncs(interceptor.Funcs{SubResourcePatch: func(ctx context.Context, next client.Client, sub string, object client.Object,
		patch client.Patch, options ...client.SubResourcePatchOption) error {
		if object.GetName() == "a" {
			return apierrors.NewForbidden(v1alpha1.GroupVersion.WithResource("meetingrecordings").GroupResource(), "a", nil)
		}
		return next.SubResource(sub).Patch(ctx, object, patch, options...)
	}}).Build()
	ended, end := context.WithCancel(t.Context())
	end()
	r := &Reconciler{client: api, live: api, entries: &entries{known: known}, delivering: semaphore.NewWeighted(concurrency)}
	if err := (&saver{r}).Start(ended); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"a": 0, "b": 1, "c": 1} {
		var recording v1alpha1.MeetingRecording
		if err := api.Get(t.Context(), client.ObjectKey{Namespace: "ns", Name: name}, &recording); err != nil {
			t.Fatal(err)
		}
		if got := len(recording.Status.Delivery.Events); got != want {
			t.Errorf("recording %s: %d delivered events are stored, want %d", name, got, want)
		}
	}
}

// The last save waits for deliveries that go on, and for those that do not end no longer than lastSaves.
func TestLastSaveWaits(t *testing.T) {
	for _, c := range []struct{ takes, want time.Duration }{
		{takes: lastAnswer, want: lastAnswer},
		{takes: time.Minute, want: lastSaves},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := &Reconciler{entries: &entries{}, delivering: semaphore.NewWeighted(concurrency)}
			if err := r.delivering.Acquire(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(c.takes, func() { r.delivering.Release(1) })
			ended, end := context.WithCancel(t.Context())
			end()
			begin := time.Now()
			if err := (&saver{r}).Start(ended); (err == nil) != (c.takes < lastSaves) {
				t.Errorf("beside a delivery of %s the last save returns %v", c.takes, err)
			}
			if took := time.Since(begin); took != c.want {
				t.Errorf("beside a delivery of %s the last save ends after %s, want %s", c.takes, took, c.want)
			}
			if result, err := r.Reconcile(ended, reconcile.Request{}); err != nil || result != (reconcile.Result{}) {
				t.Errorf("a reconciliation after the end: %+v, %v", result, err)
			}
		})
	}
}
