// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// countingMapper counts what it is asked for, and knows a kind once it is told to.
type countingMapper struct {
	meta.RESTMapper
	known bool
	asked int
}

func (m *countingMapper) RESTMapping(kind schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	m.asked++
	if !m.known {
		return nil, &meta.NoKindMatchError{GroupKind: kind, SearchedVersions: versions}
	}
	return &meta.RESTMapping{GroupVersionKind: kind.WithVersion("v1alpha1"), Scope: meta.RESTScopeNamespace}, nil
}

// TestKindsAreLookedUpOnce: each that there is, while those that are installed only later are found then.
func TestKindsAreLookedUpOnce(t *testing.T) {
	below := &countingMapper{}
	mapper := &rememberingMapper{RESTMapper: below, mappings: make(map[schema.GroupVersionKind]*meta.RESTMapping)}
	kind := v1alpha1.GroupVersion.WithKind("MeetingRecording")
	for range 2 {
		if _, err := mapper.RESTMapping(kind.GroupKind(), kind.Version); !meta.IsNoMatchError(err) {
			t.Fatalf("error %v before the kind is installed", err)
		}
	}
	below.known, below.asked = true, 0
	for range 3 {
		mapping, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
		if err != nil || mapping.GroupVersionKind != kind {
			t.Fatalf("%+v, %v", mapping, err)
		}
	}
	if below.asked != 1 {
		t.Errorf("looked up %d times", below.asked)
	}
	if _, err := mapper.RESTMapping(kind.GroupKind()); err != nil || below.asked != 2 {
		t.Errorf("whatever version there is: %v, %d look-ups", err, below.asked)
	}
}
