// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package recording

import (
	"context"
	"fmt"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/kube"
)

// epochStart is how far the API server's data had come at some moment of the current epoch of leadership. What is newer was written since
// then, and no other leader has written since.
type epochStart struct {
	mu      sync.Mutex
	epoch   int64
	version string // empty while it is not known
}

// of returns a resource version from within the epoch, no older than its start. It asks the API server once per epoch, for the metadata of
// one recording; ErrConflict means that this process does not lead for sure any more.
func (s *epochStart) of(ctx context.Context, epoch int64, leading Leading, live client.Reader, namespace string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
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
