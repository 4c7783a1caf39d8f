// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package standin stands in for the Job controller and the kubelet, which an API server alone lacks, and tells when Jobs came to be and
// recordings were finished. It costs the API server the same whoever created the Jobs: two watches, and one write for each Job.
package standin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

const (
	// atOnce is how many Jobs are completed at the same time.
	atOnce = 8
	// capacity is how many Jobs can wait for it.
	capacity = 1 << 17
)

// Standin follows a namespace from when it was started.
type Standin struct {
	clients   *kubernetes.Clientset
	namespace string
	work      chan string // names of Jobs to complete
	problem   context.CancelCauseFunc
	ctx       context.Context

	mu         sync.Mutex
	completing bool
	waiting    []string // Jobs that are not completed yet, until completing
	changed    chan struct{}
	jobs       map[string]time.Time
	finished   map[string]time.Time
}

// Start follows a namespace until ctx is done, also where the API server ends a watch, as it does when it is short of CPU. It completes each Job as soon as it sees it, unless that is left to Complete.
func Start(ctx context.Context, config *rest.Config, namespace string, complete bool) (*Standin, error) {
	config = rest.CopyConfig(config)
	config.ContentType = runtime.ContentTypeProtobuf
	config.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	objects, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	s := &Standin{
		clients: clients, namespace: namespace, work: make(chan string, capacity), completing: complete,
		changed: make(chan struct{}), jobs: map[string]time.Time{}, finished: map[string]time.Time{},
	}
	s.ctx, s.problem = context.WithCancelCause(ctx)
	jobs, err := s.watchJobs()
	if err != nil {
		return nil, err
	}
	recordings, err := watchFinished(s.ctx, objects.Resource(v1alpha1.GroupVersion.WithResource("meetingrecordings")).Namespace(namespace))
	if err != nil {
		return nil, err
	}
	go s.follow(jobs, s.seeJob)
	go s.follow(recordings, s.seeFinished)
	for range atOnce {
		go s.completeJobs()
	}
	return s, nil
}

func (s *Standin) watchJobs() (watch.Interface, error) {
	jobs := s.clients.BatchV1().Jobs(s.namespace)
	list, err := jobs.List(s.ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return nil, fmt.Errorf("list Jobs: %w", err)
	}
	return watchtools.NewRetryWatcherWithContext(s.ctx, list.ResourceVersion, &cache.ListWatch{WatchFuncWithContext: jobs.Watch})
}

func watchFinished(ctx context.Context, recordings metadata.ResourceInterface) (watch.Interface, error) {
	list, err := recordings.List(ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return nil, fmt.Errorf("list recordings: %w", err)
	}
	succeeded := func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
		options.FieldSelector = "status.processing.state=" + string(v1alpha1.ProcessingSucceeded)
		return recordings.Watch(ctx, options)
	}
	return watchtools.NewRetryWatcherWithContext(ctx, list.ResourceVersion, &cache.ListWatch{WatchFuncWithContext: succeeded})
}

func (s *Standin) follow(from watch.Interface, see func(metav1.Object, time.Time)) {
	for event := range from.ResultChan() {
		switch event.Type {
		case watch.Added:
			if object, ok := event.Object.(metav1.Object); ok {
				see(object, time.Now())
			}
		case watch.Error:
			s.problem(fmt.Errorf("watch: %w", apierrors.FromObject(event.Object)))
		}
	}
	s.problem(errors.New("the API server has ended a watch"))
}

func (s *Standin) seeJob(job metav1.Object, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs[job.GetLabels()[v1alpha1.LabelRecording]] = at
	if s.completing {
		s.work <- job.GetName()
	} else {
		s.waiting = append(s.waiting, job.GetName())
	}
	s.tell()
}

func (s *Standin) seeFinished(recording metav1.Object, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finished[recording.GetName()] = at
	s.tell()
}

// tell wakes who awaits something. It is called with mu held.
func (s *Standin) tell() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Complete completes all Jobs from now on, and those that were seen before.
func (s *Standin) Complete() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.completing = true
	for _, name := range s.waiting {
		s.work <- name
	}
	s.waiting = nil
}

// completeJobs completes Jobs with the one write that the Job controller ends them with. There are no Pods, and the status counts none.
func (s *Standin) completeJobs() {
	for {
		select {
		case name := <-s.work:
			if err := s.completeJob(name); err != nil {
				s.problem(fmt.Errorf("complete Job %s: %w", name, err))
				return
			}
		case <-s.ctx.Done():
			return
		}
	}
}

func (s *Standin) completeJob(name string) error {
	now := metav1.Now()
	status := batchv1.JobStatus{StartTime: &now, CompletionTime: &now}
	for _, kind := range []batchv1.JobConditionType{batchv1.JobSuccessCriteriaMet, batchv1.JobComplete} {
		status.Conditions = append(status.Conditions, batchv1.JobCondition{
			Type: kind, Status: corev1.ConditionTrue, Reason: "CompletionsReached", Message: "Reached expected number of succeeded pods",
			LastTransitionTime: now, LastProbeTime: now,
		})
	}
	patch, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return err
	}
	_, err = s.clients.BatchV1().Jobs(s.namespace).Patch(s.ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}
