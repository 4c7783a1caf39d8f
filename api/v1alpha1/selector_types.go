// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// LabelSelector selects objects by their labels, as metav1.LabelSelector does. Its schema accepts only what can be evaluated.
type LabelSelector struct {
	// matchLabels are labels that an object must have. All of them must match.
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(key, size(key) <= 317 && !format.qualifiedName().validate(key).hasValue())",message="keys must be valid label keys"
	// +kubebuilder:validation:XValidation:rule="self.all(key, !format.labelValue().validate(self[key]).hasValue())",message="values must be valid label values"
	// +optional
	MatchLabels map[string]LabelValue `json:"matchLabels,omitempty"`

	// matchExpressions are requirements on labels. All of them must match.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +optional
	MatchExpressions []LabelSelectorRequirement `json:"matchExpressions,omitempty"`
}

// LabelValue is the value of a label.
//
// +kubebuilder:validation:MaxLength=63
type LabelValue string

// LabelSelectorRequirement is a requirement on one label.
//
// +kubebuilder:validation:XValidation:rule="self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : !has(self.values) || size(self.values) == 0",message="In and NotIn need values; Exists and DoesNotExist must have none",fieldPath=".values"
type LabelSelectorRequirement struct {
	// key is the key of the label.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	// +kubebuilder:validation:XValidation:rule="!format.qualifiedName().validate(self).hasValue()",message="must be a valid label key"
	// +required
	Key string `json:"key,omitempty"`

	// operator relates the label to the values. In: the label exists and its value is one of them. NotIn: the label does not exist,
	// or its value is none of them. Exists: the label exists. DoesNotExist: the label does not exist.
	// +kubebuilder:validation:Enum=In;NotIn;Exists;DoesNotExist
	// +required
	Operator metav1.LabelSelectorOperator `json:"operator,omitempty"`

	// values are the values for In and NotIn. They must be empty for Exists and DoesNotExist.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule="self.all(value, !format.labelValue().validate(value).hasValue())",message="must be valid label values"
	// +optional
	Values []LabelValue `json:"values,omitempty"`
}
