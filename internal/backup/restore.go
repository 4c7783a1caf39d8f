// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// workers is how many recordings are restored at the same time: one write waits mostly for etcd.
const workers = 16

// Outcome is what happened to a recording of a backup.
type Outcome string

// Outcomes.
const (
	// Restored means that the recording was created with its status, or that its missing status was written.
	Restored Outcome = "restored"
	// Kept means that the cluster already has the recording with a status, which stays.
	Kept Outcome = "kept"
	// Failed means that it could not be restored.
	Failed Outcome = "failed"
)

// Result is what happened to one recording.
type Result struct {
	Namespace, Name string
	Outcome         Outcome
	Err             error
}

// Error is a request that the API server rejected.
type Error struct {
	// Verb and Resource are what was requested, as RBAC names them.
	Verb, Resource string
	Err            error
}

func (e *Error) Error() string { return fmt.Sprintf("%s %s: %v", e.Verb, e.Resource, e.Err) }

// Unwrap returns the API server's error.
func (e *Error) Unwrap() error { return e.Err }

func rejected(verb, resource string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Verb: verb, Resource: resource, Err: err}
}

// Options of Restore.
type Options struct {
	// Namespace is where all recordings go; empty for where each came from.
	Namespace string
	DryRun    bool
	// Report is called for each recording, one at a time.
	Report func(Result)
}

// Restore creates the recordings of a backup that the cluster lacks, with their status. One that fails does not stop the others. It
// may be interrupted at any point: running it again restores what is left. What an interruption leaves undone is not reported.
//
// A recording is created without a status, which says that nothing has happened yet, so the manager creates no Job for it. Then its
// whole status is written at once, with the outcome of every step.
func Restore(ctx context.Context, c client.Client, in *Reader, options Options) error {
	recordings := make(chan *unstructured.Unstructured)
	var running sync.WaitGroup
	var reporting sync.Mutex
	for range workers {
		running.Go(func() {
			for recording := range recordings {
				result := restoreOne(ctx, c, recording, options)
				if result.Err != nil && ctx.Err() != nil {
					continue
				}
				reporting.Lock()
				options.Report(result)
				reporting.Unlock()
			}
		})
	}
	err := feed(ctx, in, recordings)
	close(recordings)
	running.Wait()
	return err
}

func feed(ctx context.Context, in *Reader, recordings chan<- *unstructured.Unstructured) error {
	for {
		recording, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case recordings <- recording:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func restoreOne(ctx context.Context, c client.Client, recording *unstructured.Unstructured, options Options) Result {
	if options.Namespace != "" {
		recording.SetNamespace(options.Namespace)
	}
	result := Result{Namespace: recording.GetNamespace(), Name: recording.GetName()}
	// The manager may write between a read and our write: read again.
	again := false
	result.Err = retry.RetryOnConflict(retry.DefaultBackoff, func() (err error) {
		result.Outcome, err = attempt(ctx, c, recording, options.DryRun, again)
		again = true
		return err
	})
	if result.Err != nil {
		result.Outcome = Failed
	}
	return result
}

// errOvertaken says that an event was stored between our two writes. To write the backup's status would lose it.
var errOvertaken = errors.New("an event arrived during the restore, so the backup's status was not written: steps may run again")

func attempt(ctx context.Context, c client.Client, recording *unstructured.Unstructured, dryRun, again bool) (Outcome, error) {
	current := &unstructured.Unstructured{}
	current.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("MeetingRecording"))
	err := c.Get(ctx, client.ObjectKeyFromObject(recording), current)
	switch {
	case apierrors.IsNotFound(err):
		if current, err = create(ctx, c, recording, dryRun); err != nil || dryRun {
			return Restored, err
		}
	case err != nil:
		return "", rejected("get", "meetingrecordings", err)
	case !sameRecording(current, recording):
		return "", errors.New("the cluster has another recording with this name")
	case again && !isEmpty(current) && !reflect.DeepEqual(steps(current), steps(recording)):
		return "", errOvertaken
	case !isEmpty(current) || isEmpty(recording):
		return Kept, nil
	case dryRun:
		return Restored, nil
	}
	return Restored, writeStatus(ctx, c, current, recording)
}

// strict rejects a field that the cluster's CRDs lack: to drop the outcome of a step would run it again.
const strict = client.FieldValidation(metav1.FieldValidationStrict)

// create creates the recording without a status.
func create(ctx context.Context, c client.Client, recording *unstructured.Unstructured, dryRun bool) (*unstructured.Unstructured, error) {
	created := recording.DeepCopy()
	for _, field := range [][]string{{"status"}, {"metadata", "creationTimestamp"}, {"metadata", "generation"}} {
		unstructured.RemoveNestedField(created.Object, field...)
	}
	options := []client.CreateOption{strict}
	if dryRun {
		options = append(options, client.DryRunAll)
	}
	err := c.Create(ctx, created, options...)
	if apierrors.IsAlreadyExists(err) {
		// A webhook or another restore was faster: look again.
		err = apierrors.NewConflict(v1alpha1.GroupVersion.WithResource("meetingrecordings").GroupResource(), recording.GetName(), err)
	}
	return created, rejected("create", "meetingrecordings", err)
}

// writeStatus writes the status of the backup, if the object is still the one that was read.
func writeStatus(ctx context.Context, c client.Client, current, recording *unstructured.Unstructured) error {
	if isEmpty(recording) {
		return nil
	}
	next := current.DeepCopy()
	status := recording.DeepCopy().Object["status"].(map[string]any)
	observe(status, recording.GetGeneration(), current.GetGeneration())
	next.Object["status"] = status
	return rejected("update", "meetingrecordings/status", c.Status().Update(ctx, next, strict))
}

// observe moves the observed generations from the old object's count to the new one's: what was observed then is observed now.
func observe(status map[string]any, before, now int64) {
	move := func(fields map[string]any) {
		observed, ok := fields["observedGeneration"].(int64)
		switch {
		case !ok:
		case observed >= before:
			fields["observedGeneration"] = now
		default:
			fields["observedGeneration"] = int64(0)
		}
	}
	move(status)
	conditions, _, _ := unstructured.NestedSlice(status, "conditions")
	for _, condition := range conditions {
		if fields, ok := condition.(map[string]any); ok {
			move(fields)
		}
	}
	if conditions != nil {
		status["conditions"] = conditions
	}
}

// sameRecording reports whether two objects stand for one recording.
func sameRecording(a, b *unstructured.Unstructured) bool {
	for _, field := range []string{"meetingID", "sessionID", "segment"} {
		one, _, _ := unstructured.NestedFieldNoCopy(a.Object, "spec", field)
		other, _, _ := unstructured.NestedFieldNoCopy(b.Object, "spec", field)
		if !reflect.DeepEqual(one, other) {
			return false
		}
	}
	return true
}

// steps returns the outcomes of a recording's steps. Where they are those of the backup, another restore has written them.
func steps(recording *unstructured.Unstructured) any {
	steps, _, _ := unstructured.NestedFieldNoCopy(recording.Object, "status", "processing", "steps")
	return steps
}

// isEmpty reports whether no event of the provider is in the status.
func isEmpty(recording *unstructured.Unstructured) bool {
	state, _, _ := unstructured.NestedString(recording.Object, "status", "recording", "state")
	return state == ""
}
