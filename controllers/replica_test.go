// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	recordings "github.com/meetingops/meeting-recording-operator/controllers/recording"
	"github.com/meetingops/meeting-recording-operator/internal/expression"
)

// replica is a reconciler without a manager: it works when the test says so, and its calls of the API server, reads included, can be
// cut off or held up. It reads through no cache, so a call that is held makes all it has read before as old as one likes.
type replica struct {
	*recordings.Reconciler
	tripwire tripwire
	// epoch is that of its leadership.
	epoch atomic.Int64
}

// tripwire says what happens to one call, and counts them.
type tripwire struct {
	mu    sync.Mutex
	calls []string
	// at is the call that trips, from 1; 0 is none. It trips before it arrives at the API server, or after with behind.
	at     int
	behind bool
	// trip is what happens; what it returns is the call's error.
	trip func() error
	dead bool
}

// pass makes a call, and trips where it is the one.
func (w *tripwire) pass(name string, call func() error) error {
	w.mu.Lock()
	if w.dead {
		w.mu.Unlock()
		return errCut
	}
	w.calls = append(w.calls, name)
	trips := len(w.calls) == w.at
	w.mu.Unlock()
	if trips && !w.behind {
		if err := w.trip(); err != nil {
			return err
		}
	}
	err := call()
	if trips && w.behind {
		if err := w.trip(); err != nil {
			return err
		}
	}
	return err
}

// kill is a trip after which no call passes, as after kill -9.
func (w *tripwire) kill() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = true
	return errCut
}

func (w *tripwire) isDead() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dead
}

// newReplica returns one whose clock is the given one, nil being the real one.
func newReplica(now clock.PassiveClock) *replica {
	pace := quick
	pace.ProbeAfter, pace.ProbeMax = time.Hour, time.Hour // so that the calls are always the same
	return newReplicaOf(now, pace)
}

func newReplicaOf(now clock.PassiveClock, pace recordings.Pace) *replica {
	if now == nil {
		now = clock.RealClock{}
	}
	r := &replica{}
	through := interceptor.NewClient(admin, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
			return r.tripwire.pass(fmt.Sprintf("get %T", object), func() error { return c.Get(ctx, key, object, options...) })
		},
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, options ...client.ListOption) error {
			return r.tripwire.pass(fmt.Sprintf("list %T", list), func() error { return c.List(ctx, list, options...) })
		},
		Create: func(ctx context.Context, c client.WithWatch, object client.Object, options ...client.CreateOption) error {
			return r.tripwire.pass(createCall, func() error { return c.Create(ctx, object, options...) })
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, object client.Object, patch client.Patch,
			options ...client.SubResourcePatchOption,
		) error {
			return r.tripwire.pass(patchCall, func() error { return c.SubResource(sub).Patch(ctx, object, patch, options...) })
		},
	})
	r.Reconciler = recordings.New(recordings.Options{
		Client: through, Live: through, Recorder: events.NewFakeRecorder(1000), Conditions: expression.New(), Clock: now, Settings: usual,
		Pace: pace, Leading: func() (int64, bool) { return r.epoch.Load(), true },
	})
	return r
}

// The calls that write.
const (
	createCall = "create"
	patchCall  = "patch"
)

// once reconciles once, with a context that no test's end cuts off. What the replica cannot do it would try again.
func (r *replica) once(recording *v1alpha1.MeetingRecording) error {
	_, err := r.Reconcile(context.Background(), reconcile.Request{NamespacedName: client.ObjectKeyFromObject(recording)})
	return err
}

// settle reconciles until that changes nothing any more, or the replica is dead.
func (r *replica) settle(t *testing.T, recording *v1alpha1.MeetingRecording) {
	t.Helper()
	for range 20 {
		before := stored(t, recording)
		err := r.once(recording)
		if r.tripwire.isDead() {
			return
		}
		if err == nil && stored(t, recording).ResourceVersion == before.ResourceVersion {
			return
		}
	}
	t.Fatalf("%s does not settle", recording.Name)
}

func stored(t *testing.T, recording *v1alpha1.MeetingRecording) *v1alpha1.MeetingRecording {
	t.Helper()
	now := &v1alpha1.MeetingRecording{}
	if err := admin.Get(t.Context(), client.ObjectKeyFromObject(recording), now); err != nil {
		t.Fatal(err)
	}
	return now
}

// ledger remembers every Job that ever was in a namespace.
type ledger struct {
	mu   sync.Mutex
	jobs map[string]map[types.UID]bool
}

func newLedger(t *testing.T, ns string) *ledger {
	t.Helper()
	changes, err := admin.Watch(t.Context(), &batchv1.JobList{}, client.InNamespace(ns))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(changes.Stop)
	l := &ledger{jobs: make(map[string]map[types.UID]bool)}
	go func() {
		for change := range changes.ResultChan() {
			if job, ok := change.Object.(*batchv1.Job); ok && change.Type == watch.Added {
				l.add(job)
			}
		}
	}()
	return l
}

func (l *ledger) add(job *batchv1.Job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.jobs[job.Name] == nil {
		l.jobs[job.Name] = make(map[types.UID]bool)
	}
	l.jobs[job.Name][job.UID] = true
}

// flush returns when the watch has reported every Job so far, of which one that is made for the purpose tells.
func (l *ledger) flush(t *testing.T, ns string) {
	t.Helper()
	last := anyJob(ns, "ledger-last")
	create(t, last)
	eventually(t, "the watch tells of every Job", func() error {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.jobs[last.Name] == nil {
			return errors.New("not yet")
		}
		delete(l.jobs, last.Name)
		return nil
	})
	deleteJob(t, last)
}

// expect checks that there were so many Jobs, none of them twice.
func (l *ledger) expect(t *testing.T, ns string, want int) {
	t.Helper()
	l.flush(t, ns)
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.jobs) != want {
		t.Errorf("there were Jobs %v, want %d", l.jobs, want)
	}
	for name, made := range l.jobs {
		if len(made) != 1 {
			t.Errorf("Job %s was made %d times", name, len(made))
		}
	}
}

// anyJob is a Job of no recording.
func anyJob(ns, name string) *batchv1.Job {
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name},
		Spec:       pipelineOf("", "", "x").Spec.Steps[0].Template.Spec,
	}
	job.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyNever
	return job
}

// life is a recording of two steps, of which one succeeds, and the Job of the other is deleted by hand. It goes in phases, and whoever
// reconciles between them, its outcome is the same.
type life struct {
	ns        string
	recording *v1alpha1.MeetingRecording
	jobs      *ledger
	// spare says that no Job is deleted: the step fails by itself.
	spare bool
}

var lifeSteps = []string{"archive", "captions"}

func newLife(t *testing.T) *life {
	t.Helper()
	ns := namespace(t)
	pipeline := pipelineOf(ns, "default", lifeSteps...)
	create(t, pipeline)
	l := &life{ns: ns, recording: newRecording(t, ns, "rec"), jobs: newLedger(t, ns)}
	arrives(t, l.recording, v1alpha1.EventStopped, 0)
	return l
}

// phases is how often advance can be called.
const phases = 2

// advance plays what happens in the cluster between two times that the controller looks. It must be called only once the Jobs are there
// and the status reports them.
func (l *life) advance(t *testing.T, phase int) {
	t.Helper()
	if phase == 0 {
		exits(t, jobOf(t, l.recording, "default", "archive"), 0, `{"outputs":[{"name":"archive","url":"file:///a.mp4"}]}`)
		return
	}
	captions := jobOf(t, l.recording, "default", "captions")
	if l.spare {
		exits(t, captions, 65, "no sound")
		return
	}
	deleteJob(t, captions)
	eventually(t, "the Job is gone", func() error {
		err := admin.Get(t.Context(), client.ObjectKeyFromObject(captions), captions)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("it is there, %w", err)
	})
}

// check is what must have become of it.
func (l *life) check(t *testing.T) {
	t.Helper()
	expect(t, l.recording, v1alpha1.ProcessingFailed, failedPermanently, "Failed")
	for i, want := range []v1alpha1.StepState{v1alpha1.StepSucceeded, v1alpha1.StepFailed} {
		if step := l.recording.Status.Processing.Steps[i]; step.State != want || step.Step != lifeSteps[i] {
			t.Errorf("step %d is %+v, want %s %s", i, step, lifeSteps[i], want)
		}
	}
	if outputs := l.recording.Status.Processing.Steps[0].Outputs; len(outputs) != 1 {
		t.Errorf("outputs of the first step: %v", outputs)
	}
	l.jobs.expect(t, l.ns, len(lifeSteps))
}
