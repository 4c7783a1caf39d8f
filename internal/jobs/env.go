// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/tracecontext"
)

// The environment variables that describe the recording.
const (
	EnvName      = "RECORDING_NAME"
	EnvNamespace = "RECORDING_NAMESPACE"
	EnvMeetingID = "RECORDING_MEETING_ID"
	EnvSessionID = "RECORDING_SESSION_ID"
	EnvSegment   = "RECORDING_SEGMENT"
	EnvState     = "RECORDING_STATE"
	EnvFilePath  = "RECORDING_FILE_PATH"
	EnvFileURL   = "RECORDING_FILE_URL"

	// The variables of an encrypted file. They are set only if the file is encrypted.
	EnvEncryptionKeyURL      = "RECORDING_ENCRYPTION_KEY_URL"
	EnvEncryptionMetadataURL = "RECORDING_ENCRYPTION_METADATA_URL"
)

// EnvTraceparent is the variable by which a container gets its place in the recording's trace, as OpenTelemetry has it
// (https://opentelemetry.io/docs/specs/otel/context/env-carriers/): its spans are below its Job's span.
const EnvTraceparent = "TRACEPARENT"

// Environment returns the recording as environment variables of a container. All eight are always set; those of a file are empty if the
// recording has none. Kubernetes expands $(NAME) in values, so every "$" is doubled, and the provider's text reaches the container unchanged.
func Environment(recording *v1alpha1.MeetingRecording) []corev1.EnvVar {
	var file v1alpha1.RecordingFile
	if recording.Status.Recording.File != nil {
		file = *recording.Status.Recording.File
	}
	environment := []corev1.EnvVar{
		variable(EnvName, recording.Name),
		variable(EnvNamespace, recording.Namespace),
		variable(EnvMeetingID, recording.Spec.MeetingID),
		variable(EnvSessionID, recording.Spec.SessionID),
		variable(EnvSegment, strconv.Itoa(int(max(recording.Spec.Segment, 1)))),
		variable(EnvState, string(recording.Status.Recording.State)),
		variable(EnvFilePath, file.Path),
		variable(EnvFileURL, file.URL),
	}
	if file.Encryption != nil {
		environment = append(environment, variable(EnvEncryptionKeyURL, file.Encryption.KeyURL), variable(EnvEncryptionMetadataURL, file.Encryption.MetadataURL))
	}
	return environment
}

// addTrace adds the run's trace context, if there is one.
func addTrace(pod *corev1.PodSpec, run Run) {
	recording := tracecontext.Parse(run.Recording.Annotations[v1alpha1.AnnotationTraceparent])
	if !recording.IsValid() {
		return
	}
	place := []corev1.EnvVar{variable(EnvTraceparent, tracecontext.Format(tracecontext.OfJob(recording, run.Name())))}
	for _, containers := range [][]corev1.Container{pod.InitContainers, pod.Containers} {
		for i := range containers {
			containers[i].Env = prepend(place, containers[i].Env)
		}
	}
}

func variable(name, value string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, Value: strings.ReplaceAll(value, "$", "$$")}
}

// prepend puts the recording's variables before the template's, which can therefore refer to them as $(RECORDING_NAME). A variable that the
// template sets takes precedence.
func prepend(environment, own []corev1.EnvVar) []corev1.EnvVar {
	merged := make([]corev1.EnvVar, 0, len(environment)+len(own))
	for _, candidate := range environment {
		set := slices.ContainsFunc(own, func(v corev1.EnvVar) bool { return v.Name == candidate.Name })
		if !set {
			merged = append(merged, candidate)
		}
	}
	return append(merged, own...)
}
