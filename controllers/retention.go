// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/time/rate"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/controllers/recording"
	"github.com/meetingops/meeting-recording-operator/internal/retention"
)

// sweepReads and sweepDeletes are how many recordings a second are read and deleted at most: nobody waits for it.
const sweepReads, sweepDeletes = 50, 10

// sweeper deletes recordings whose time is over. It finds them by listing names and ages, a page at a time, and reads only those
// that are old enough; so its memory does not grow with the recordings that are kept. It runs where the manager leads.
type sweeper struct {
	// cached has the pipelines, and the recordings whose processing has not ended.
	cached client.Client
	// live reads from the API server.
	live       client.Reader
	clock      clock.PassiveClock
	every      time.Duration
	page       int64
	byDefault  time.Duration
	sink       bool
	namespaces []string

	reads, deletes *rate.Limiter
	// judged are the recordings that were looked at last, together.
	judged map[types.NamespacedName]bool
}

// +kubebuilder:rbac:groups=recording.meetingops.dev,resources=meetingrecordings,verbs=delete

func newSweeper(mgr ctrl.Manager, options Options) *sweeper {
	return &sweeper{
		cached:     mgr.GetClient(),
		live:       mgr.GetAPIReader(),
		clock:      options.Clock,
		every:      options.Pace.SweepEvery,
		page:       options.Pace.SweepPage,
		byDefault:  options.KeepRecordings,
		sink:       options.Delivery.Sink != nil,
		namespaces: options.Namespaces,
		reads:      rate.NewLimiter(sweepReads, sweepReads),
		deletes:    rate.NewLimiter(sweepDeletes, sweepDeletes),
	}
}

// NeedLeaderElection says that only one replica sweeps.
func (s *sweeper) NeedLeaderElection() bool { return true }

// Start sweeps now and then, until the context ends.
func (s *sweeper) Start(ctx context.Context) error {
	wait.JitterUntilWithContext(ctx, func(ctx context.Context) {
		if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
			log.FromContext(ctx).Error(err, "Old recordings were not all looked at, the next sweep begins anew")
		}
	}, s.every, 0.1, true)
	return nil
}

// sweep looks at all recordings that are old enough, once. It returns the first error that is not of one recording alone.
func (s *sweeper) sweep(ctx context.Context) error {
	rules, err := s.rules(ctx)
	if err != nil {
		return err
	}
	if !rules.anyDeletes() {
		return nil
	}
	s.judged = nil
	var failed []error
	for _, namespace := range s.namespacesOrAll() {
		failed = append(failed, s.sweepFinished(ctx, namespace, rules))
	}
	return errors.Join(append(failed, s.sweepUnfinished(ctx, rules))...)
}

func (s *sweeper) namespacesOrAll() []string {
	if len(s.namespaces) == 0 {
		return []string{metav1.NamespaceAll}
	}
	return s.namespaces
}

// sweepUnfinished looks at those whose processing has not ended: they are in the cache.
func (s *sweeper) sweepUnfinished(ctx context.Context, rules rulesByNamespace) error {
	var unfinished v1alpha1.MeetingRecordingList
	if err := s.cached.List(ctx, &unfinished); err != nil {
		return fmt.Errorf("list the recordings that have not ended: %w", err)
	}
	for i := range unfinished.Items {
		recording := &unfinished.Items[i]
		if !rules.of(recording.Namespace).MayBeDue(recording, s.clock.Now()) {
			continue
		}
		if err := s.consider(ctx, client.ObjectKeyFromObject(recording), rules); err != nil {
			return err
		}
	}
	return nil
}

// sweepFinished looks at those whose processing has ended, by pages of their metadata.
func (s *sweeper) sweepFinished(ctx context.Context, namespace string, rules rulesByNamespace) error {
	options := &client.ListOptions{Namespace: namespace, FieldSelector: recording.Finished(), Limit: s.page}
	for {
		page := &metav1.PartialObjectMetadataList{}
		page.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("MeetingRecordingList"))
		err := s.live.List(ctx, page, options)
		if next, ok := expiredAt(err); ok {
			options.Continue = next // the rest of the list as it is now, which is as good
			continue
		}
		if err != nil {
			return fmt.Errorf("list the recordings: %w", err)
		}
		for i := range page.Items {
			if err := s.considerOld(ctx, &page.Items[i], rules); err != nil {
				return err
			}
		}
		if options.Continue = page.Continue; options.Continue == "" {
			return nil
		}
	}
}

// expiredAt returns where a list goes on whose place has expired, because looking at a page took longer than the API server keeps
// old versions.
func expiredAt(err error) (string, bool) {
	var status apierrors.APIStatus
	if !apierrors.IsResourceExpired(err) || !errors.As(err, &status) {
		return "", false
	}
	next := status.Status().Continue
	return next, next != ""
}

// considerOld looks at a recording unless it is too young for any rule.
func (s *sweeper) considerOld(ctx context.Context, found *metav1.PartialObjectMetadata, rules rulesByNamespace) error {
	shortest, ok := rules.of(found.Namespace).Shortest()
	if !ok || s.clock.Since(found.CreationTimestamp.Time) < shortest {
		return nil
	}
	return s.consider(ctx, client.ObjectKeyFromObject(found), rules)
}

// rulesByNamespace are the rules of namespaces that have pipelines; others has those of all others.
type rulesByNamespace struct {
	named  map[string]retention.Rules
	others retention.Rules
}

func (r rulesByNamespace) of(namespace string) retention.Rules {
	if rules, ok := r.named[namespace]; ok {
		return rules
	}
	return r.others
}

func (r rulesByNamespace) anyDeletes() bool {
	if _, ok := r.others.Shortest(); ok {
		return true
	}
	for _, rules := range r.named {
		if _, ok := rules.Shortest(); ok {
			return true
		}
	}
	return false
}

func (s *sweeper) rules(ctx context.Context) (rulesByNamespace, error) {
	var pipelines v1alpha1.RecordingPipelineList
	if err := s.cached.List(ctx, &pipelines); err != nil {
		return rulesByNamespace{}, fmt.Errorf("list the pipelines: %w", err)
	}
	byNamespace := make(map[string][]v1alpha1.RecordingPipeline)
	for _, pipeline := range pipelines.Items {
		byNamespace[pipeline.Namespace] = append(byNamespace[pipeline.Namespace], pipeline)
	}
	rules := rulesByNamespace{named: make(map[string]retention.Rules), others: s.rulesOf(nil)}
	for namespace, theirs := range byNamespace {
		rules.named[namespace] = s.rulesOf(theirs)
	}
	return rules, nil
}

func (s *sweeper) rulesOf(pipelines []v1alpha1.RecordingPipeline) retention.Rules {
	rules := retention.RulesOf(pipelines, s.byDefault)
	rules.Sink = s.sink
	return rules
}
