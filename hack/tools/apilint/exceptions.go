// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"sigs.k8s.io/kube-api-linter/pkg/config"
)

// settings adapt the linters to a CRD that is written by controller-gen and read by Go programs of this project.
var settings = config.LintersConfig{
	// Custom resources have neither protobuf nor strategic merge patches. kubectl explain sorts fields, so their order in Go is for readers
	// of the types: conditions come last, after what they summarize.
	"conditions": map[string]any{"isFirstField": "Ignore", "useProtobuf": "Ignore", "usePatchStrategy": "Ignore"},
	// controller-gen reads +kubebuilder:default. status.recording.events, which has a default, is written even if it is empty, so that
	// policies and queries need no check whether it is there.
	"defaults": map[string]any{"preferredDefaultMarker": "kubebuilder:default", "omitempty": map[string]any{"policy": "Ignore"}},
	// A pointer only if absent and zero differ; structs use omitzero.
	"optionalfields": map[string]any{
		"pointers": map[string]any{"preference": "WhenRequired"}, "omitempty": map[string]any{"policy": "Ignore"},
	},
	// A required field of the status is always written.
	"requiredfields": map[string]any{"omitempty": map[string]any{"policy": "Ignore"}},
}

// exceptions are the findings that are accepted, and why.
var exceptions = []exception{
	{"optionalfields", "has a valid zero value", "absent and zero mean the same: no text, false, no retry, and for observedGeneration a generation that no object has"},
	{"optionalfields", "does not need to be a pointer", "nil shows Go programs that rerun, file or maxConcurrent is absent, without a comparison with the zero value"},
	{"optionalfields", "It must have the omitzero tag", "of pointers, which omitempty omits"},
	{"requiredfields", "It must have the omitempty tag", "of elements of lists in status, whose only writers always set them"},
	{"nodurations", "", "users write durations such as 30m in Gateway API and Argo, too; rules in CEL validate them"},
}
