// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package jobs_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
)

// needing is a step that needs a probe, which measured, and a thumbnail, which its condition skipped.
func needing() jobs.Run {
	run := run()
	run.Step.Name = "notify"
	run.Step.Needs = []string{"probe", "thumb-nail"}
	run.Recording.Status.Recording.EndTime = ptr.To(metav1.NewMicroTime(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)))
	run.Needed = []v1alpha1.StepStatus{
		{Step: "probe", State: v1alpha1.StepSucceeded, Outputs: []v1alpha1.StepOutput{
			{
				Name: "re-port", URL: "https://h/r.json?a=1&b=$(HOME)", MediaType: "application/json", SizeBytes: ptr.To[int64](0),
				SHA256: strings.Repeat("0", 64), Values: values(`{"durationSeconds":61.5,"title":"a \"b\" <c>","audio":true}`),
			},
			{Name: "log", URL: "file:///log"},
		}},
		{Step: "thumb-nail", State: v1alpha1.StepSkipped, Reason: v1alpha1.StepConditionFalse},
	}
	return run
}

func values(text string) *runtime.RawExtension { return &runtime.RawExtension{Raw: []byte(text)} }

func TestNeededEnvironment(t *testing.T) {
	got := make(map[string]string)
	for _, variable := range jobs.NeededEnvironment(needing().Needed) {
		got[variable.Name] = variable.Value
	}
	want := map[string]string{
		"STEP_PROBE_RE_PORT_URL":                   "https://h/r.json?a=1&b=$$(HOME)",
		"STEP_PROBE_RE_PORT_MEDIA_TYPE":            "application/json",
		"STEP_PROBE_RE_PORT_SIZE_BYTES":            "0",
		"STEP_PROBE_RE_PORT_SHA256":                strings.Repeat("0", 64),
		"STEP_PROBE_RE_PORT_VALUE_DURATIONSECONDS": "61.5",
		"STEP_PROBE_RE_PORT_VALUE_TITLE":           `a "b" <c>`,
		"STEP_PROBE_RE_PORT_VALUE_AUDIO":           "true",
		"STEP_PROBE_LOG_URL":                       "file:///log",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Of two things that would have one name, none is set, however they stand.
func TestNeededEnvironmentCollisions(t *testing.T) {
	step := func(name string, outputs ...v1alpha1.StepOutput) v1alpha1.StepStatus {
		return v1alpha1.StepStatus{Step: name, Outputs: outputs}
	}
	output := func(name, text string) v1alpha1.StepOutput {
		return v1alpha1.StepOutput{Name: name, URL: "x:" + name, Values: values(text)}
	}
	got := jobs.NeededEnvironment([]v1alpha1.StepStatus{
		step("a-b", output("c", `{"k":1,"K":2}`), output("d", "null")),
		step("a", output("b-c", `{"other":""}`), output("b-d-value", `[]`)),
	})
	want := []corev1.EnvVar{
		{Name: "STEP_A_B_D_URL", Value: "x:d"},
		{Name: "STEP_A_B_C_VALUE_OTHER"},
		{Name: "STEP_A_B_D_VALUE_URL", Value: "x:b-d-value"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Whatever steps tell, a container sees exactly that, under valid names that are given once.
func TestNeededEnvironmentProperties(t *testing.T) {
	valid := regexp.MustCompile(`^STEP_[A-Z0-9_]+_(URL|MEDIA_TYPE|SIZE_BYTES|SHA256|VALUE_[A-Z0-9_]+)$`)
	name := rapid.StringMatching(`[a-z0-9]([-a-z0-9]{0,4}[a-z0-9])?`)
	rapid.Check(t, func(t *rapid.T) {
		said := make(map[string]bool)
		var needed []v1alpha1.StepStatus
		for range rapid.IntRange(0, 3).Draw(t, "steps") {
			step := v1alpha1.StepStatus{Step: name.Draw(t, "step")}
			for range rapid.IntRange(0, 3).Draw(t, "outputs") {
				text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[$()A-Z_]{1,20}`)).Draw(t, "value")
				raw, err := json.Marshal(map[string]any{rapid.StringMatching(`[A-Za-z_][A-Za-z0-9_]{0,5}`).Draw(t, "key"): text})
				if err != nil {
					t.Fatal(err)
				}
				var back map[string]string // as JSON has it: valid UTF-8
				if err := json.Unmarshal(raw, &back); err != nil {
					t.Fatal(err)
				}
				for _, value := range back {
					said[value] = true
				}
				step.Outputs = append(step.Outputs, v1alpha1.StepOutput{Name: name.Draw(t, "output"), Values: &runtime.RawExtension{Raw: raw}})
			}
			needed = append(needed, step)
		}
		variables := jobs.NeededEnvironment(needed)
		seen := containerEnvironment(variables, map[string]string{"SECRET": "s3cret"})
		if len(seen) != len(variables) {
			t.Fatalf("%d variables have %d names", len(variables), len(seen))
		}
		for name, value := range seen {
			if !valid.MatchString(name) || !said[value] {
				t.Fatalf("%s=%q, of %v", name, value, said)
			}
		}
	})
}

func TestOutputsFile(t *testing.T) {
	want := `{"recording":{"name":"abcd-efgh-ijkl-000000000000000000000000-999999","namespace":"team-a",` +
		`"labels":{"recording.meetingops.dev/meeting-id":"abcd-efgh-ijkl","recording.meetingops.dev/session-id":"000000000000000000000000"},` +
		`"meetingID":"abcd-efgh-ijkl","sessionID":"000000000000000000000000","segment":999999,"state":"Stopped",` +
		`"file":{"path":"sample.mp4","url":"https://example.com/sample.mp4"},"endTime":"2026-11-23T12:00:00.000000Z"},` +
		`"steps":{"probe":{"state":"Succeeded","outputs":[{"name":"re-port","url":"https://h/r.json?a=1&b=$(HOME)",` +
		`"mediaType":"application/json","sizeBytes":0,"sha256":"` + strings.Repeat("0", 64) + `",` +
		`"values":{"durationSeconds":61.5,"title":"a \"b\" <c>","audio":true}},{"name":"log","url":"file:///log"}]},` +
		`"thumb-nail":{"state":"Skipped","outputs":[]}}}`
	if diff := cmp.Diff(want, jobs.OutputsFile(needing())); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	unreadable := needing()
	unreadable.Needed[0].Outputs[0].Values = values("{")
	if got := jobs.OutputsFile(unreadable); got != "{}" {
		t.Errorf("of values that are not JSON it makes %s", got)
	}
}

// A volume, a mount or a variable of the template's own stands, and no container is notified of a file that it does not have.
func TestOutputsFileBesideTheTemplatesOwn(t *testing.T) {
	told := func(run jobs.Run) (text string) {
		pod := jobs.Build(run).Spec.Template.Spec
		for _, container := range pod.Containers {
			mounts, file := 0, "-"
			for _, mount := range container.VolumeMounts {
				if mount.Name == "recording-outputs" {
					mounts++
				}
			}
			for _, variable := range container.Env {
				if variable.Name == jobs.EnvOutputsFile {
					file = variable.Value
				}
			}
			text += strings.Repeat("mounted ", mounts) + file + ";"
		}
		return text
	}
	for name, test := range map[string]struct {
		change func(*corev1.PodSpec)
		want   string
	}{
		"ordinary": {func(*corev1.PodSpec) {}, "mounted /var/run/recording/outputs.json;"},
		"volume": {func(pod *corev1.PodSpec) {
			pod.Volumes = []corev1.Volume{{Name: "recording-outputs"}}
		}, "-;"},
		"mount": {func(pod *corev1.PodSpec) {
			pod.Containers = append(pod.Containers, corev1.Container{Name: "other"})
			pod.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "mine", MountPath: "/var/run/recording/"}}
		}, "-;mounted /var/run/recording/outputs.json;"},
		"variable": {func(pod *corev1.PodSpec) {
			pod.Containers[0].Env = []corev1.EnvVar{{Name: jobs.EnvOutputsFile, Value: "mine"}}
		}, "mounted mine;"},
	} {
		t.Run(name, func(t *testing.T) {
			run := needing()
			test.change(&run.Step.Template.Spec.Template.Spec)
			if got := told(run); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
	if got := told(run()); got != "-;" {
		t.Errorf("a step that needs nothing is told of %s", got)
	}
}

// What a step says of retries and time becomes the Job's own fields; what it does not say is left to the template.
func TestRetriesAndTimeout(t *testing.T) {
	day := ptr.To[int64](24 * 60 * 60)
	for name, test := range map[string]struct {
		step     func(*v1alpha1.PipelineStep)
		backoff  int32
		deadline *int64
	}{
		"nothing": {func(*v1alpha1.PipelineStep) {}, 3, day},
		"retries": {func(s *v1alpha1.PipelineStep) { s.Retries = ptr.To[int32](7) }, 7, day},
		"none":    {func(s *v1alpha1.PipelineStep) { s.Retries = ptr.To[int32](0) }, 0, day},
		"backoff": {func(s *v1alpha1.PipelineStep) {
			s.Retries, s.Backoff = ptr.To[int32](7), &metav1.Duration{Duration: time.Minute}
		}, 0, day},
		"timeout": {func(s *v1alpha1.PipelineStep) { s.Timeout = &metav1.Duration{Duration: 90 * time.Second} }, 3, ptr.To[int64](90)},
		"part of a second": {func(s *v1alpha1.PipelineStep) {
			s.Timeout = &metav1.Duration{Duration: 1500 * time.Millisecond}
		}, 3, ptr.To[int64](2)},
		"template": {func(s *v1alpha1.PipelineStep) {
			s.Template.Spec.BackoffLimit, s.Template.Spec.ActiveDeadlineSeconds = ptr.To[int32](5), ptr.To[int64](60)
		}, 5, ptr.To[int64](60)},
	} {
		t.Run(name, func(t *testing.T) {
			run := run()
			test.step(&run.Step)
			spec := jobs.Build(run).Spec
			if *spec.BackoffLimit != test.backoff || !ptr.Equal(spec.ActiveDeadlineSeconds, test.deadline) {
				t.Errorf("backoffLimit %d, activeDeadlineSeconds %d; want %d, %d", *spec.BackoffLimit,
					ptr.Deref(spec.ActiveDeadlineSeconds, -1), test.backoff, ptr.Deref(test.deadline, -1))
			}
		})
	}
}
