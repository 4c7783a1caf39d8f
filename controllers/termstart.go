// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// termStart knows how far the API server's data had come at some moment of the term for which we lead. What is newer was written since then,
// and no other leader has written since.
type termStart struct {
	mu      sync.Mutex
	term    int64
	version string // empty while it is not known
}

// versionOf returns a resource version from within the term, no older than its start. It asks the API server once a term, for one recording's
// metadata; errConflict tells that we do not lead for sure any more.
func (s *termStart) versionOf(ctx context.Context, term int64, lead Term, live client.Reader, namespace string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.version != "" && s.term == term {
		return s.version, nil
	}
	list := metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("MeetingRecordingList"))
	// Without a resource version asked for, the answer is as new as etcd's data.
	if err := live.List(ctx, &list, client.InNamespace(namespace), client.Limit(1)); err != nil {
		return "", fmt.Errorf("see how far others have come: %w", err)
	}
	if now, leads := lead(); !leads || now != term {
		return "", errConflict
	}
	s.term, s.version = term, list.ResourceVersion
	return s.version, nil
}

// isNewerThan says whether the recording, as it was read, was written after the version. What cannot be compared is not.
func isNewerThan(recording *v1alpha1.MeetingRecording, version string) bool {
	order, err := resourceversion.CompareResourceVersion(recording.ResourceVersion, version)
	return err == nil && order > 0
}
