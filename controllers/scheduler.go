// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/queue"
)

// scheduler says whose turn it is. What it knows it learns from the watches before any recording is looked at, so a controller
// that starts afresh, or leads anew, knows it all again. Whom it calls it puts into the controller's work queue.
type scheduler struct {
	mu sync.Mutex
	// lines are by namespace, and limits by pipeline.
	lines  map[string]*queue.Lines
	limits map[types.NamespacedName]limit
	// number counts arrivals.
	number uint64
	// requests is the controller's work queue, once it runs; early are those who were called before.
	requests workqueue.TypedRateLimitingInterface[reconcile.Request]
	early    []reconcile.Request
}

// limit is the maxConcurrent of a pipeline, 0 for none, as of a resource version.
type limit struct {
	version string
	jobs    int
}

func newScheduler() *scheduler {
	return &scheduler{lines: make(map[string]*queue.Lines), limits: make(map[types.NamespacedName]limit)}
}

// lineOf names the line of a pipeline as the label of its Jobs does.
func lineOf(pipeline string) string { return lifecycle.LabelValue(pipeline) }

// on does something with the lines of a namespace, and calls whom it says.
func (s *scheduler) on(namespace string, do func(*queue.Lines) (wake []string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locked(namespace, do)
}

func (s *scheduler) locked(namespace string, do func(*queue.Lines) (wake []string)) {
	lines, ok := s.lines[namespace]
	if !ok {
		lines = queue.New()
		s.lines[namespace] = lines
	}
	for _, name := range do(lines) {
		request := reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}}
		if s.requests == nil {
			s.early = append(s.early, request)
			continue
		}
		s.requests.Add(request)
	}
	reportQueues(namespace, lines.Lengths())
	if lines.Empty() {
		delete(s.lines, namespace)
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

// mark is taken before a recording is looked at: what arrived until then will have been seen.
func (s *scheduler) mark() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.number
}

// arrive announces a recording that is being put into the work queue.
func (s *scheduler) arrive(recording *v1alpha1.MeetingRecording) {
	s.on(recording.Namespace, func(lines *queue.Lines) []string {
		s.number++
		lines.Arrive(waiting(recording), s.number)
		return nil
	})
}

// settle says that a recording has been looked at since the mark.
func (s *scheduler) settle(key types.NamespacedName, mark uint64) {
	s.on(key.Namespace, func(lines *queue.Lines) []string { return lines.Settle(key.Name, mark) })
}

// ask asks for all the turns that a recording wants, and gives up what it wanted before and does not any more.
func (s *scheduler) ask(recording *v1alpha1.MeetingRecording, tickets []queue.Ticket, mark uint64, now time.Time,
) (turns map[string]queue.Turn, again time.Duration) {
	s.on(recording.Namespace, func(lines *queue.Lines) (wake []string) {
		turns, again, wake = lines.Ask(waiting(recording), tickets, mark, now)
		return slices.DeleteFunc(wake, func(name string) bool { return name == recording.Name }) // it has its answer
	})
	return turns, again
}

// leave gives up all that a recording wanted that is not there any more.
func (s *scheduler) leave(key types.NamespacedName, mark uint64, now time.Time) (again time.Duration) {
	s.on(key.Namespace, func(lines *queue.Lines) (wake []string) {
		_, again, wake = lines.Ask(queue.Recording{Name: key.Name}, nil, mark, now)
		return wake
	})
	return again
}

func (s *scheduler) seen(namespace, line, job string) {
	s.on(namespace, func(lines *queue.Lines) []string { return lines.Seen(line, job) })
}

func (s *scheduler) extend(namespace, job string, until time.Time) {
	s.on(namespace, func(lines *queue.Lines) []string { lines.Extend(job, until); return nil })
}

func (s *scheduler) over(namespace, job string) {
	s.on(namespace, func(lines *queue.Lines) []string { return lines.Over(job) })
}

// arrivals returns how many recordings of the namespace have ended, or were released, and were not looked at since.
func (s *scheduler) arrivals(namespace string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if lines, ok := s.lines[namespace]; ok {
		return lines.Arrivals()
	}
	return 0
}

func (s *scheduler) anyWaiting(namespace string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines, ok := s.lines[namespace]
	return ok && lines.AnyWaiting()
}

// limitBy takes up the limit of a pipeline as it was read or seen, unless a newer one is known; one that is gone has none.
func (s *scheduler) limitBy(pipeline *v1alpha1.RecordingPipeline, gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := types.NamespacedName{Namespace: pipeline.Namespace, Name: lineOf(pipeline.Name)}
	next := limit{version: pipeline.ResourceVersion}
	if !gone {
		next.jobs = int(ptr.Deref(pipeline.Spec.MaxConcurrent, 0))
	}
	before, known := s.limits[key]
	if known {
		order, err := resourceversion.CompareResourceVersion(next.version, before.version)
		if err == nil && order < 0 {
			return
		}
	}
	s.limits[key] = next
	if before.jobs != next.jobs {
		s.locked(key.Namespace, func(lines *queue.Lines) []string { return lines.SetLimit(key.Name, next.jobs) })
	}
	if next.jobs == 0 {
		forgetQueue(key.Namespace, key.Name)
	}
}

// waiting is the recording as it stands in a line.
func waiting(recording *v1alpha1.MeetingRecording) queue.Recording {
	since := recording.CreationTimestamp.Time
	if ended := recording.Status.Recording.EndTime; ended != nil {
		since = ended.Time
	}
	return queue.Recording{EndedAt: since, Name: recording.Name}
}
