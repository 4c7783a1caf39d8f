// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// NeededEnvironment returns the outputs of the needed steps as environment variables, in the order of the steps:
// STEP_<STEP>_<OUTPUT>_URL, _MEDIA_TYPE, _SIZE_BYTES and _SHA256, and _VALUE_<KEY> for each of an output's values, if the step reported
// them. Names are in upper case, with "_" for every character that is not a letter or digit. If two variables would have one name, such as
// output c of step a-b and output b-c of step a, neither is set: the file of OutputsFile has both. Values are unchanged, as in Environment.
func NeededEnvironment(needed []v1alpha1.StepStatus) []corev1.EnvVar {
	var all []corev1.EnvVar
	count := make(map[string]int)
	for _, step := range needed {
		for _, output := range step.Outputs {
			prefix := "STEP_" + step.Step + "_" + output.Name + "_"
			for _, known := range variablesOf(output) {
				set := variable(environmentName(prefix+known.Name), known.Value)
				count[set.Name]++
				all = append(all, set)
			}
		}
	}
	return slices.DeleteFunc(all, func(v corev1.EnvVar) bool { return count[v.Name] > 1 })
}

// variablesOf returns the variables of an output, by the suffixes of their names.
func variablesOf(output v1alpha1.StepOutput) []corev1.EnvVar {
	var found []corev1.EnvVar
	add := func(name, value string) {
		if value != "" {
			found = append(found, corev1.EnvVar{Name: name, Value: value})
		}
	}
	add("URL", output.URL)
	add("MEDIA_TYPE", output.MediaType)
	if output.SizeBytes != nil {
		add("SIZE_BYTES", strconv.FormatInt(*output.SizeBytes, 10))
	}
	add("SHA256", output.SHA256)
	values := valuesOf(output)
	for _, key := range sortedKeys(values) {
		found = append(found, corev1.EnvVar{Name: "VALUE_" + key, Value: plain(values[key])})
	}
	return found
}

// valuesOf returns an output's values as they are in its JSON; none if that is not an object.
func valuesOf(output v1alpha1.StepOutput) map[string]json.RawMessage {
	if output.Values == nil {
		return nil
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(output.Values.Raw, &values); err != nil {
		return nil
	}
	return values
}

func sortedKeys(values map[string]json.RawMessage) []string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// plain returns a JSON string without its quotes, and anything else unchanged.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil && bytes.HasPrefix(bytes.TrimSpace(value), []byte(`"`)) {
		return text
	}
	return string(value)
}

// environmentName returns the name of a variable: upper case, and "_" for characters that are neither letters nor digits.
func environmentName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, name)
}
