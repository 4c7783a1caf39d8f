// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/scheduling"
)

// scheduler gives slots to steps whose pipeline, or that themselves, have a maxConcurrent. It observes everything through watches, so it
// needs no stored state after a restart. The recordings that it wakes go into the controller's work queue.
type scheduler struct {
	mu     sync.Mutex
	queues map[string]*scheduling.Queues
	limits map[types.NamespacedName]limits
	// add puts a recording into the controller's work queue, and backlog counts those in it.
	add     func(reconcile.Request)
	backlog func() int
}

// limits are a pipeline's limits, as of a resource version.
type limits struct {
	scheduling.Limits
	version string
}

func newScheduler() *scheduler {
	return &scheduler{
		queues: make(map[string]*scheduling.Queues), limits: make(map[types.NamespacedName]limits),
		add: func(reconcile.Request) {}, backlog: func() int { return 0 },
	}
}

func limitsOf(pipeline *v1alpha1.RecordingPipeline) limits {
	found := limits{version: pipeline.ResourceVersion, Limits: scheduling.Limits{Pipeline: int(ptr.Deref(pipeline.Spec.MaxConcurrent, 0))}}
	for _, step := range pipeline.Spec.Steps {
		if step.MaxConcurrent == nil && step.QueueName == "" {
			continue
		}
		if found.Steps == nil {
			found.Steps = make(map[string]int)
		}
		found.Steps[lifecycle.LabelValue(step.Name)] = int(ptr.Deref(step.MaxConcurrent, 0))
	}
	return found
}

// on calls a function with the queues of a namespace, and wakes the recordings that it returns.
func (s *scheduler) on(namespace string, do func(*scheduling.Queues) (wake []string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	queues, ok := s.queues[namespace]
	if !ok {
		queues = scheduling.New()
		s.queues[namespace] = queues
	}
	for _, name := range do(queues) {
		s.add(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}})
	}
	reportQueues(namespace, queues.Lengths())
	if queues.Empty() {
		delete(s.queues, namespace)
	}
}

// ask requests all slots that a recording needs, and withdraws its other requests.
func (s *scheduler) ask(recording *v1alpha1.MeetingRecording, requests []scheduling.Request, now time.Time,
) (answers map[string]scheduling.Answer, again time.Duration) {
	waits := scheduling.Recording{Name: recording.Name, EndTime: recording.CreationTimestamp.Time}
	if ended := recording.Status.Recording.EndTime; ended != nil {
		waits.EndTime = ended.Time
	}
	s.on(recording.Namespace, func(queues *scheduling.Queues) (wake []string) {
		answers, again, wake = queues.Ask(waits, requests, now)
		return slices.DeleteFunc(wake, func(name string) bool { return name == recording.Name }) // it has its answer
	})
	return answers, again
}

// leave withdraws all requests of a recording that was deleted.
func (s *scheduler) leave(key types.NamespacedName, now time.Time) time.Duration {
	gone := &v1alpha1.MeetingRecording{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	_, again := s.ask(gone, nil, now)
	return again
}

func (s *scheduler) started(job *batchv1.Job) {
	step := scheduling.Step{Pipeline: job.Labels[v1alpha1.LabelPipeline], Step: job.Labels[v1alpha1.LabelStep]}
	s.on(job.Namespace, func(queues *scheduling.Queues) []string { return queues.Started(step, job.Name) })
}

func (s *scheduler) ended(namespace, job string) {
	s.on(namespace, func(queues *scheduling.Queues) []string { return queues.Ended(job) })
}

// setLimits sets the limits of a pipeline, unless newer ones are set.
func (s *scheduler) setLimits(pipeline *v1alpha1.RecordingPipeline, next limits) {
	name := lifecycle.LabelValue(pipeline.Name)
	s.on(pipeline.Namespace, func(queues *scheduling.Queues) []string {
		key := types.NamespacedName{Namespace: pipeline.Namespace, Name: name}
		before := s.limits[key]
		if kube.IsOlder(next.version, before.version) {
			return nil
		}
		if s.limits[key] = next; before.Equal(next.Limits) {
			return nil
		}
		queueWaiting.DeletePartialMatch(prometheus.Labels{"namespace": pipeline.Namespace}) // some may no longer have a limit
		queueTaken.DeletePartialMatch(prometheus.Labels{"namespace": pipeline.Namespace})
		return queues.SetLimits(name, next.Limits)
	})
}

// requestSlots adds to the facts which of the Jobs must wait in a queue. It is called for every recording that is reconciled, so that one
// that no longer needs a slot gives it up.
func (r *Reconciler) requestSlots(ctx context.Context, facts *facts, wanted []jobs.Run) {
	var requests []scheduling.Request
	for _, run := range wanted {
		if _, observed := facts.Jobs[run.Name()]; observed {
			continue
		}
		at := slices.IndexFunc(facts.Pipelines, func(pipeline v1alpha1.RecordingPipeline) bool { return pipeline.Name == run.Pipeline })
		if at < 0 {
			continue
		}
		pipeline := &facts.Pipelines[at]
		limits, step := limitsOf(pipeline), scheduling.Step{Pipeline: lifecycle.LabelValue(run.Pipeline), Step: lifecycle.LabelValue(run.Step.Name)}
		if _, limit := limits.Queue(step); limit == 0 {
			continue
		}
		if job, _ := getJob(ctx, r.Client, facts.Recording, run.Name()); job != nil && metav1.IsControlledBy(job, facts.Recording) {
			continue // it had its slot: it is only adopted
		}
		r.scheduler.setLimits(pipeline, limits)
		index := slices.IndexFunc(pipeline.Spec.Steps, func(step v1alpha1.PipelineStep) bool { return step.Name == run.Step.Name })
		requests = append(requests, scheduling.Request{Step: step, Index: index, Job: run.Name()})
	}
	answers, again := r.scheduler.ask(facts.Recording, requests, facts.Now)
	facts.wait = kube.Soonest(facts.wait, again)
	facts.Queued = make(map[string]scheduling.Answer)
	for job, answer := range answers {
		if !answer.Granted {
			facts.Queued[job] = answer
		}
	}
}
