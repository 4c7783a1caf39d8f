// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"maps"
	"slices"
	"sync"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/scheduling"
)

// scheduler gives slots to steps whose pipeline, or that themselves, have a maxConcurrent. It learns everything from the watches, so that
// a process that has just started knows it all again. The recordings that it wakes go into the controller's work queue.
type scheduler struct {
	mu sync.Mutex
	// queues are by namespace, limits by pipeline, and running are the Jobs that have not ended, with their pipeline and step.
	queues  map[string]*scheduling.Queues
	limits  map[types.NamespacedName]limits
	running map[types.NamespacedName]stepLabels
	// requests is the controller's work queue, once it runs; early are the recordings that were woken before.
	requests workqueue.TypedRateLimitingInterface[reconcile.Request]
	early    []reconcile.Request
}

// stepLabels are a Job's pipeline and step, as its labels have them.
type stepLabels struct{ pipeline, step string }

// limits are those of a pipeline, as of a resource version.
type limits struct {
	version string
	// pipeline is the pipeline's maxConcurrent; 0 for none.
	pipeline int
	// steps are those of steps that have their own maxConcurrent; 0 for a step that has its own queue at Kueue.
	steps map[string]int
}

func labelOf(name string) string { return lifecycle.LabelValue(name) }

func limitsOf(pipeline *v1alpha1.RecordingPipeline) limits {
	found := limits{version: pipeline.ResourceVersion, pipeline: int(ptr.Deref(pipeline.Spec.MaxConcurrent, 0)), steps: map[string]int{}}
	for _, step := range pipeline.Spec.Steps {
		if step.MaxConcurrent != nil || step.QueueName != "" {
			found.steps[labelOf(step.Name)] = int(ptr.Deref(step.MaxConcurrent, 0))
		}
	}
	return found
}

// queueOf returns the name of the queue that a step of the pipeline waits in, and whether it has a limit.
func (l limits) queueOf(pipeline, step string) (string, bool) {
	if limit, own := l.steps[step]; own {
		return pipeline + "/" + step, limit > 0
	}
	return pipeline, l.pipeline > 0
}

// byQueue returns the limits by name of the queue.
func (l limits) byQueue(pipeline string) map[string]int {
	all := map[string]int{pipeline: l.pipeline}
	for step, limit := range l.steps {
		all[pipeline+"/"+step] = limit
	}
	return all
}

func newScheduler() *scheduler {
	return &scheduler{
		queues:  make(map[string]*scheduling.Queues),
		limits:  make(map[types.NamespacedName]limits),
		running: make(map[types.NamespacedName]stepLabels),
	}
}

// on does something with the queues of a namespace, and wakes the recordings that it returns.
func (s *scheduler) on(namespace string, do func(*scheduling.Queues) (wake []string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locked(namespace, do)
}

func (s *scheduler) locked(namespace string, do func(*scheduling.Queues) (wake []string)) {
	queues, ok := s.queues[namespace]
	if !ok {
		queues = scheduling.New()
		s.queues[namespace] = queues
	}
	for _, name := range do(queues) {
		request := reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}}
		if s.requests == nil {
			s.early = append(s.early, request)
			continue
		}
		s.requests.Add(request)
	}
	reportQueues(namespace, queues.Lengths())
	if queues.Empty() {
		delete(s.queues, namespace)
	}
}

// use is given the work queue when the controller starts.
func (s *scheduler) use(requests workqueue.TypedRateLimitingInterface[reconcile.Request]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = requests
	for _, request := range s.early {
		requests.Add(request)
	}
	s.early = nil
}

// backlog returns how many recordings wait in the work queue.
func (s *scheduler) backlog() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.requests == nil {
		return 0
	}
	return s.requests.Len()
}

// ask requests all the slots that a recording wants, and gives up what it wanted before and does not any more.
func (s *scheduler) ask(recording *v1alpha1.MeetingRecording, requests []scheduling.Request, now time.Time,
) (answers map[string]scheduling.Answer, again time.Duration) {
	s.on(recording.Namespace, func(queues *scheduling.Queues) (wake []string) {
		answers, again, wake = queues.Ask(waiting(recording), requests, now)
		return slices.DeleteFunc(wake, func(name string) bool { return name == recording.Name }) // it has its answer
	})
	return answers, again
}

// leave gives up everything that a recording wanted that does not exist any more.
func (s *scheduler) leave(key types.NamespacedName, now time.Time) (again time.Duration) {
	s.on(key.Namespace, func(queues *scheduling.Queues) (wake []string) {
		_, again, wake = queues.Ask(scheduling.Recording{Name: key.Name}, nil, now)
		return wake
	})
	return again
}

// started reports a Job that exists and has not ended.
func (s *scheduler) started(job *batchv1.Job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := stepLabels{job.Labels[v1alpha1.LabelPipeline], job.Labels[v1alpha1.LabelStep]}
	s.running[types.NamespacedName{Namespace: job.Namespace, Name: job.Name}] = of
	s.take(job.Namespace, job.Name, of)
}

func (s *scheduler) take(namespace, job string, of stepLabels) {
	queue, _ := s.limits[types.NamespacedName{Namespace: namespace, Name: of.pipeline}].queueOf(of.pipeline, of.step)
	s.locked(namespace, func(queues *scheduling.Queues) []string { return queues.Started(queue, job) })
}

func (s *scheduler) extend(namespace, job string, until time.Time) {
	s.on(namespace, func(queues *scheduling.Queues) []string { queues.Extend(job, until); return nil })
}

// ended reports a Job that has ended, is gone, or does not run.
func (s *scheduler) ended(namespace, job string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, types.NamespacedName{Namespace: namespace, Name: job})
	s.locked(namespace, func(queues *scheduling.Queues) []string { return queues.Ended(job) })
}

// setLimits sets the limits of a pipeline as it was read or seen, unless newer ones are known. Running Jobs then count where the new ones
// say.
func (s *scheduler) setLimits(pipeline *v1alpha1.RecordingPipeline, next limits) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := types.NamespacedName{Namespace: pipeline.Namespace, Name: labelOf(pipeline.Name)}
	before, known := s.limits[key]
	if known {
		order, err := resourceversion.CompareResourceVersion(next.version, before.version)
		if err == nil && order < 0 {
			return
		}
	}
	s.limits[key] = next
	if known && before.pipeline == next.pipeline && maps.Equal(before.steps, next.steps) {
		return
	}
	for job, of := range s.running {
		if job.Namespace == key.Namespace && of.pipeline == key.Name {
			s.take(job.Namespace, job.Name, of)
		}
	}
	after := next.byQueue(key.Name)
	for queue := range before.byQueue(key.Name) {
		if after[queue] == 0 {
			after[queue] = 0
			forgetQueue(key.Namespace, queue)
		}
	}
	for queue, limit := range after {
		s.locked(key.Namespace, func(queues *scheduling.Queues) []string { return queues.SetLimit(queue, limit) })
	}
}

// waiting is the recording as it waits in a queue.
func waiting(recording *v1alpha1.MeetingRecording) scheduling.Recording {
	since := recording.CreationTimestamp.Time
	if ended := recording.Status.Recording.EndTime; ended != nil {
		since = ended.Time
	}
	return scheduling.Recording{EndTime: since, Name: recording.Name}
}
