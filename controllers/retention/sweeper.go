// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package retention deletes recordings that have been kept for as long as their pipelines say. internal/retention decides; this package
// lists, reads and deletes. An object that cannot be deleted is reported and blocks no other.
package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
	"github.com/meetingops/meeting-recording-operator/internal/retention"
	"github.com/meetingops/meeting-recording-operator/internal/serverclock"
)

// readsPerSecond and deletesPerSecond limit a sweep, which is not urgent.
const readsPerSecond, deletesPerSecond = 50, 10

var (
	deletedTotal = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "meetingrecording_recordings_deleted_total",
		Help: "MeetingRecordings that retention deleted.",
	})
	failuresTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "meetingrecording_retention_failures_total",
		Help: "Failures of retention, by reason: clock (not compared with the API server's, or over a minute off; nothing was deleted), list (incomplete sweep) or recording (not read or not deleted).",
	}, []string{"reason"})
)

func init() {
	metrics.Registry.MustRegister(deletedTotal, failuresTotal)
	for _, reason := range []string{"clock", "list", "recording"} {
		failuresTotal.WithLabelValues(reason) // an alert on an increase needs the series from the start
	}
}

// Sweeper deletes recordings. It lists names and ages, a page at a time, and reads only those that are old enough, so its memory does
// not grow with the recordings that are kept. It runs in the leader.
type Sweeper struct {
	// Rules are the rules except the pipelines'.
	Rules retention.Rules
	// Every is the time between two sweeps, and Page how many recordings a sweep lists with one request.
	Every time.Duration
	Page  int64
	// Namespaces are the namespaces to work in; none means all.
	Namespaces []string
	// Client deletes, and Live reads from the API server.
	Client      client.Writer
	Live        client.Reader
	Recorder    events.EventRecorder
	Clock       clock.PassiveClock
	ServerClock *serverclock.Checker

	reads, deletes *rate.Limiter
}

// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings,verbs=get;list;delete

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (s *Sweeper) NeedLeaderElection() bool { return true }

// Start sweeps from time to time, until the context ends.
func (s *Sweeper) Start(ctx context.Context) error {
	s.reads, s.deletes = rate.NewLimiter(readsPerSecond, readsPerSecond), rate.NewLimiter(deletesPerSecond, deletesPerSecond)
	wait.JitterUntilWithContext(ctx, s.sweep, s.Every, 0.1, true)
	return nil
}

// sweep considers every recording that is old enough, once. A namespace that cannot be listed does not stop the others.
func (s *Sweeper) sweep(ctx context.Context) {
	ctx = log.IntoContext(ctx, log.FromContext(ctx).WithName("retention"))
	namespaces := s.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	for _, namespace := range namespaces {
		if err := s.sweepNamespace(ctx, namespace); err != nil && ctx.Err() == nil {
			failuresTotal.WithLabelValues("list").Inc()
			log.FromContext(ctx).Error(err, "Retention sweep incomplete, retrying")
		}
	}
}

// sweepNamespace considers the recordings of a namespace, or of all, by pages of their metadata. The pipelines that say how long they are
// kept come from the API server, because a cache may be stale.
func (s *Sweeper) sweepNamespace(ctx context.Context, namespace string) error {
	var pipelines v1alpha1.RecordingPipelineList
	if err := s.Live.List(ctx, &pipelines, client.InNamespace(namespace)); err != nil {
		return fmt.Errorf("list pipelines of namespace %q: %w", namespace, err)
	}
	rules := s.Rules.With(pipelines.Items)
	if _, ok := rules.Shortest(namespace); !ok {
		return nil
	}
	if err := s.ServerClock.Check(ctx, s.Clock.Now()); err != nil {
		failuresTotal.WithLabelValues("clock").Inc()
		log.FromContext(ctx).Error(err, "Retention skipped, nothing is deleted")
		return nil
	}
	options := &client.ListOptions{Namespace: namespace, Limit: s.Page}
	for {
		page := &metav1.PartialObjectMetadataList{}
		page.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("MeetingRecordingList"))
		err := s.Live.List(ctx, page, options)
		var expired apierrors.APIStatus // the API server no longer has the version of the first page: continue with the current version
		if apierrors.IsResourceExpired(err) && errors.As(err, &expired) && expired.Status().Continue != "" {
			options.Continue = expired.Status().Continue
			continue
		}
		if err != nil {
			return fmt.Errorf("list recordings of namespace %q: %w", namespace, err)
		}
		for i := range page.Items {
			found := &page.Items[i]
			shortest, ok := rules.Shortest(found.Namespace)
			if !ok || s.Clock.Since(found.CreationTimestamp.Time) < shortest {
				continue
			}
			key := client.ObjectKeyFromObject(found)
			if err := s.tolerate(ctx, key, s.consider(ctx, key, rules)); err != nil {
				return err
			}
		}
		if options.Continue = page.Continue; options.Continue == "" {
			return nil
		}
	}
}

// tolerate reports an error that concerns one recording, and returns all others: of the context, or of the API server as a whole.
func (s *Sweeper) tolerate(ctx context.Context, key types.NamespacedName, err error) error {
	var status apierrors.APIStatus
	isOne := errors.As(err, &status) && status.Status().Code >= 400 && !apierrors.IsTooManyRequests(err) && !apierrors.IsServiceUnavailable(err)
	if err == nil || !isOne {
		return err
	}
	failuresTotal.WithLabelValues("recording").Inc()
	log.FromContext(ctx).Error(err, "Recording not deleted", "recording", key.String())
	recording := &v1alpha1.MeetingRecording{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	s.Recorder.Eventf(recording, nil, corev1.EventTypeWarning, "DeletionFailed", "Delete", "%s",
		"Retention could not delete the recording's session, and tries again with the next sweep: "+err.Error())
	return nil
}

// consider deletes the session whose first recording this is, if all of it is due.
func (s *Sweeper) consider(ctx context.Context, key types.NamespacedName, rules retention.Rules) error {
	now := s.Clock.Now()
	recording, err := s.get(ctx, key, fromWatchCache)
	if err != nil || recording == nil || !rules.MayBeDue(recording, now) {
		return err
	}
	session, err := s.session(ctx, recording, rules)
	if err != nil || !rules.Due(session, now) {
		return err
	}
	if err := s.ServerClock.Check(ctx, now); err != nil { // a sweep takes hours, and the clock may have been set
		return err
	}
	return s.deleteAll(ctx, session)
}

// session returns the recordings of the session from the given one on; none if the given one is not the first, or another may not be due. A
// recording whose name does not follow from its ids belongs to no chain.
func (s *Sweeper) session(ctx context.Context, first *v1alpha1.MeetingRecording, rules retention.Rules) ([]*v1alpha1.MeetingRecording, error) {
	session := []*v1alpha1.MeetingRecording{first}
	if first.Name != segmentName(first, first.Spec.Segment) {
		return session, nil
	}
	if first.Spec.Segment > 1 {
		before, err := s.segment(ctx, first, first.Spec.Segment-1)
		if err != nil || before != nil {
			return nil, err
		}
	}
	for segment := first.Spec.Segment + 1; ; segment++ {
		next, err := s.segment(ctx, first, segment)
		switch {
		case err != nil:
			return nil, err
		case next == nil:
			return session, nil
		case !rules.MayBeDue(next, s.Clock.Now()):
			return nil, nil
		}
		session = append(session, next)
	}
}

// deleteAll deletes a session from its last recording to its first, so that a crash leaves a chain from 1 without a gap, to which events
// can be added. It stops at the first recording that has changed since it was read, so that no new event is lost.
func (s *Sweeper) deleteAll(ctx context.Context, session []*v1alpha1.MeetingRecording) error {
	for i := len(session) - 1; i >= 0; i-- {
		recording := session[i]
		if err := s.deletes.Wait(ctx); err != nil {
			return err
		}
		err := s.Client.Delete(ctx, recording,
			client.Preconditions{UID: ptr.To(recording.UID), ResourceVersion: ptr.To(recording.ResourceVersion)},
			client.PropagationPolicy(metav1.DeletePropagationBackground))
		switch {
		case apierrors.IsConflict(err):
			log.FromContext(ctx).V(1).Info("Recording changed, session kept", "recording", client.ObjectKeyFromObject(recording).String())
			return nil
		case apierrors.IsNotFound(err):
			continue
		case err != nil:
			return fmt.Errorf("delete recording %s/%s: %w", recording.Namespace, recording.Name, err)
		}
		deletedTotal.Inc()
		log.FromContext(ctx).Info("Recording deleted", "recording", client.ObjectKeyFromObject(recording).String())
	}
	return nil
}

func segmentName(recording *v1alpha1.MeetingRecording, segment int32) string {
	return lifecycle.Name(recording.Spec.MeetingID, recording.Spec.SessionID, segment)
}

// segment returns another recording of the session, or nil. Only etcd confirms that there is none: the watch cache may be behind.
func (s *Sweeper) segment(ctx context.Context, of *v1alpha1.MeetingRecording, segment int32) (*v1alpha1.MeetingRecording, error) {
	key := types.NamespacedName{Namespace: of.Namespace, Name: segmentName(of, segment)}
	found, err := s.get(ctx, key, fromWatchCache)
	if err == nil && found == nil {
		found, err = s.get(ctx, key, "")
	}
	if err != nil || found == nil || found.Spec.MeetingID != of.Spec.MeetingID || found.Spec.SessionID != of.Spec.SessionID {
		return nil, err
	}
	return found, nil
}

// fromWatchCache is the resourceVersion of a read that the API server answers from its watch cache.
const fromWatchCache = "0"

func (s *Sweeper) get(ctx context.Context, key types.NamespacedName, version string) (*v1alpha1.MeetingRecording, error) {
	if err := s.reads.Wait(ctx); err != nil {
		return nil, err
	}
	var recording v1alpha1.MeetingRecording
	err := s.Live.Get(ctx, key, &recording, &client.GetOptions{Raw: &metav1.GetOptions{ResourceVersion: version}})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read recording %s: %w", key, err)
	}
	return &recording, nil
}
