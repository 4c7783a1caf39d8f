// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package jobs

import (
	"bytes"
	"encoding/json"
	"path"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

const (
	// EnvOutputsFile names the file with the outputs of the needed steps. It is set for steps that need others.
	EnvOutputsFile = "STEP_OUTPUTS_FILE"

	outputsVolume = "recording-outputs"
	outputsDir    = "/var/run/recording"
	outputsName   = "outputs.json"
)

// outputsFile is the content of the file.
type outputsFile struct {
	Recording fileRecording       `json:"recording"`
	Steps     map[string]fileStep `json:"steps"`
}

// fileRecording has the fields that conditions see.
type fileRecording struct {
	Name      string                  `json:"name"`
	Namespace string                  `json:"namespace"`
	Labels    map[string]string       `json:"labels,omitempty"`
	MeetingID string                  `json:"meetingID"`
	SessionID string                  `json:"sessionID"`
	Segment   int32                   `json:"segment"`
	State     v1alpha1.RecordingState `json:"state"`
	File      *v1alpha1.RecordingFile `json:"file,omitempty"`
	StartTime *metav1.MicroTime       `json:"startTime,omitempty"`
	EndTime   *metav1.MicroTime       `json:"endTime,omitempty"`
}

type fileStep struct {
	State   v1alpha1.StepState    `json:"state"`
	Outputs []v1alpha1.StepOutput `json:"outputs"`
}

// OutputsFile returns the recording and the outputs of the needed steps as one line of JSON:
//
//	{"recording":{"name",...},"steps":{"probe":{"state":"Succeeded","outputs":[{"name","url","mediaType","sizeBytes","sha256","values"}]}}}
//
// A step that its condition skipped is included, without outputs. The result is the same for the same arguments.
func OutputsFile(run Run) string {
	recording := run.Recording
	content := outputsFile{
		Recording: fileRecording{
			Name:      recording.Name,
			Namespace: recording.Namespace,
			Labels:    recording.Labels,
			MeetingID: recording.Spec.MeetingID,
			SessionID: recording.Spec.SessionID,
			Segment:   max(recording.Spec.Segment, 1),
			State:     recording.Status.Recording.State,
			File:      recording.Status.Recording.File,
			StartTime: recording.Status.Recording.StartTime,
			EndTime:   recording.Status.Recording.EndTime,
		},
		Steps: make(map[string]fileStep, len(run.Needed)),
	}
	for _, step := range run.Needed {
		content.Steps[step.Step] = fileStep{State: step.State, Outputs: append([]v1alpha1.StepOutput{}, step.Outputs...)}
	}
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(content); err != nil { // only values that are not JSON, which the API server does not store
		return "{}"
	}
	return string(bytes.TrimSpace(line.Bytes()))
}

// mountOutputs mounts the file into every container, read-only, and names it in the environment. If the template has a volume of that name,
// or a mount at that path, it takes precedence, and the file is not named.
func mountOutputs(pod *corev1.PodSpec) {
	if slices.ContainsFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == outputsVolume }) {
		return
	}
	pod.Volumes = append(pod.Volumes, corev1.Volume{
		Name: outputsVolume,
		VolumeSource: corev1.VolumeSource{DownwardAPI: &corev1.DownwardAPIVolumeSource{Items: []corev1.DownwardAPIVolumeFile{{
			Path:     outputsName,
			FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.annotations['" + v1alpha1.AnnotationOutputs + "']"},
		}}}},
	})
	eachContainer(pod, func(container *corev1.Container) {
		if slices.ContainsFunc(container.VolumeMounts, func(m corev1.VolumeMount) bool { return path.Clean(m.MountPath) == outputsDir }) {
			return
		}
		container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{
			Name: outputsVolume, MountPath: outputsDir, ReadOnly: true,
		})
		container.Env = prepend([]corev1.EnvVar{variable(EnvOutputsFile, outputsDir+"/"+outputsName)}, container.Env)
	})
}
