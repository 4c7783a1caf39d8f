// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package runner

import (
	"context"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

const (
	// failing is the share of Jobs that fail, and vanishing that of Jobs that are deleted once the status reports them, in percent.
	failing, vanishing = 5, 33
	// atOnce is how many Jobs it works on at the same time.
	atOnce = 8
)

// kubelet plays the Job controller and the kubelet, which an API server alone lacks: it makes the Pod of a Job, lets it report an output or
// a failure, and ends the Job. It deletes some Jobs afterwards, as their time to live does.
type kubelet struct {
	client client.Client
	places chan struct{}

	mu      sync.Mutex
	taken   map[string]bool // Jobs that are or were worked on, by UID
	deleted map[string]bool
	uids    map[string]types.UID // of Jobs that are or were worked on, by name
	working sync.WaitGroup
}

func newKubelet(c client.Client) *kubelet {
	return &kubelet{client: c, places: make(chan struct{}, atOnce), taken: map[string]bool{}, deleted: map[string]bool{}, uids: map[string]types.UID{}}
}

// once reports whether the key is new to the set.
func (k *kubelet) once(set map[string]bool, key string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if set[key] {
		return false
	}
	set[key] = true
	return true
}

// runJob runs a Job that has not ended.
func (k *kubelet) runJob(ctx context.Context, job *batchv1.Job) {
	if job.DeletionTimestamp != nil || jobOf(job).Ended || !k.once(k.taken, string(job.UID)) {
		return
	}
	k.mu.Lock()
	k.uids[job.Name] = job.UID
	k.mu.Unlock()
	k.working.Go(func() {
		k.work(ctx, func(ctx context.Context) error { return k.complete(ctx, job) })
	})
}

// tidy deletes some of the Jobs that the status reports.
func (k *kubelet) tidy(ctx context.Context, recording *v1alpha1.MeetingRecording) {
	switch recording.Status.Processing.State {
	case v1alpha1.ProcessingSucceeded, v1alpha1.ProcessingFailed:
	default:
		return
	}
	for _, step := range recording.Status.Processing.Steps {
		if share(step.JobName, "vanishes") >= vanishing || !k.once(k.deleted, step.JobName) {
			continue
		}
		k.mu.Lock()
		uid := k.uids[step.JobName]
		k.mu.Unlock()
		k.working.Go(func() {
			k.work(ctx, func(ctx context.Context) error { return k.remove(ctx, step.JobName, uid) })
		})
	}
}

// remove deletes a Job and its Pod, and no other Job that has the name by now.
func (k *kubelet) remove(ctx context.Context, name string, uid types.UID) error {
	meta := metav1.ObjectMeta{Name: name, Namespace: namespace}
	err := k.client.Delete(ctx, &batchv1.Job{ObjectMeta: meta}, client.PropagationPolicy(metav1.DeletePropagationBackground), client.Preconditions{UID: &uid})
	if err != nil && !apierrors.IsConflict(err) {
		return client.IgnoreNotFound(err)
	}
	return client.IgnoreNotFound(k.client.Delete(ctx, &corev1.Pod{ObjectMeta: meta}, client.GracePeriodSeconds(0)))
}

// work does something until it is done. Its backoff keeps it from adding to the load of an API server that is too slow for its requests.
func (k *kubelet) work(ctx context.Context, do func(context.Context) error) {
	const firstBackoff, maxBackoff = 300 * time.Millisecond, 10 * time.Second
	for backoff := firstBackoff; ; backoff = min(2*backoff, maxBackoff) {
		select {
		case k.places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		attempt, cancel := context.WithTimeout(ctx, 10*time.Second)
		err := do(attempt)
		cancel()
		<-k.places
		if err == nil || !harness.Sleep(ctx, backoff) {
			return
		}
	}
}

// share draws a number from 0 to 99 for a name.
func share(name, what string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(what + "/" + name))
	return int(h.Sum32() % 100)
}

// complete has a Job end as its name says, with an output or a failure.
func (k *kubelet) complete(ctx context.Context, job *batchv1.Job) error {
	code, message := int32(0), outputMessage(jobOf(job).FilePath)
	if share(job.Name, "succeeds") < failing {
		code, message = 65, "not a recording"
	}
	// The Job may be deleted meanwhile.
	return client.IgnoreNotFound(controlplane.Finish(ctx, k.client, job.DeepCopy(), code, message))
}

func outputMessage(file string) string {
	return fmt.Sprintf(`{"outputs":[{"name":"archive","url":"file:///archive%s","mediaType":"video/mp4","sizeBytes":4}]}`, file)
}
