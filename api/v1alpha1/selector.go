// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Parse returns the selector in the form that matches labels; nil selects everything. The schema accepts only selectors that can be parsed.
func (s *LabelSelector) Parse() (labels.Selector, error) {
	if s == nil {
		return labels.Everything(), nil
	}
	parsed := metav1.LabelSelector{MatchLabels: map[string]string{}}
	for key, value := range s.MatchLabels {
		parsed.MatchLabels[key] = string(value)
	}
	for _, requirement := range s.MatchExpressions {
		values := make([]string, len(requirement.Values))
		for i, value := range requirement.Values {
			values[i] = string(value)
		}
		parsed.MatchExpressions = append(parsed.MatchExpressions,
			metav1.LabelSelectorRequirement{Key: requirement.Key, Operator: requirement.Operator, Values: values})
	}
	return metav1.LabelSelectorAsSelector(&parsed)
}
