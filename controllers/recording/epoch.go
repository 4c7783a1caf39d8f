// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"
	"fmt"

	"golang.org/x/sync/semaphore"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
)

// epochStart is how far the API server's data had come at some moment of the current epoch of leadership. What is newer was written since
// then, and no other leader has written since.
type epochStart struct {
	// asking is held during the request: the other workers wait for its answer, but no longer than their own context.
	asking  *semaphore.Weighted
	epoch   int64
	version string // empty while it is not known
}

// of returns a resource version from within the epoch, no older than its start. It asks the API server once per epoch, for the metadata of
// one recording; ErrConflict means that this process does not lead for sure any more.
func (s *epochStart) of(ctx context.Context, epoch int64, leading Leading, live client.Reader, namespace string) (string, error) {
	if err := s.asking.Acquire(ctx, 1); err != nil {
		return "", fmt.Errorf("wait for the newest resource version: %w", err)
	}
	defer s.asking.Release(1)
	if s.version != "" && s.epoch == epoch {
		return s.version, nil
	}
	list := metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("MeetingRecordingList"))
	// Without a resource version the answer is as new as etcd's data.
	if err := live.List(ctx, &list, client.InNamespace(namespace), client.Limit(1)); err != nil {
		return "", fmt.Errorf("read the newest resource version: %w", err)
	}
	if now, leads := leading(); !leads || now != epoch {
		return "", kube.ErrConflict
	}
	s.epoch, s.version = epoch, list.ResourceVersion
	return s.version, nil
}

func newEpochStart() *epochStart { return &epochStart{asking: semaphore.NewWeighted(1)} }
