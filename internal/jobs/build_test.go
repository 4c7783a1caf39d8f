// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package jobs_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/utils/ptr"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
)

var update = flag.Bool("update", false, "write the golden files anew")

// run is the archive step of the default pipeline for a recording of the provider's own shape, the template as short as can be.
func run() jobs.Run {
	recording := jobs.Sample("team-a")
	recording.UID = "11111111-2222-3333-4444-555555555555"
	recording.Labels = map[string]string{
		v1alpha1.LabelMeetingID: recording.Spec.MeetingID,
		v1alpha1.LabelSessionID: recording.Spec.SessionID,
	}
	return jobs.Run{
		Recording: recording,
		Pipeline:  "default",
		Step: v1alpha1.PipelineStep{
			Name: "archive",
			Template: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
				Containers: []corev1.Container{{Name: "archive", Image: "example.com/postprocess:v1"}},
			}}}},
		},
		Attempt: 1,
	}
}

// outspoken is a step whose template says all that it can.
func outspoken() jobs.Run {
	run := run()
	template := &run.Step.Template
	template.Name = "not-used"
	template.Finalizers = []string{"not/used"}
	template.Labels = map[string]string{"team": "a", v1alpha1.LabelStep: "not-used"}
	template.Annotations = map[string]string{"note": "kept"}
	template.Spec.TTLSecondsAfterFinished = ptr.To[int32](60)
	template.Spec.BackoffLimit = ptr.To[int32](0)
	template.Spec.ActiveDeadlineSeconds = ptr.To[int64](600)
	template.Spec.Template.Labels = map[string]string{"team": "a"}
	pod := &template.Spec.Template.Spec
	pod.RestartPolicy = corev1.RestartPolicyOnFailure
	pod.InitContainers = []corev1.Container{{Name: "fetch", Image: "example.com/fetch:v1"}}
	pod.Containers[0].TerminationMessagePolicy = corev1.TerminationMessageReadFile
	pod.Containers[0].Env = []corev1.EnvVar{{Name: "RECORDING_STATE", Value: "mine"}, {Name: "SOURCE", Value: "$(RECORDING_FILE_URL)"}}
	return run
}

// Unless its template says otherwise, a step has no rights in the cluster, has a deadline, and reports no log lines.
func TestSafeUnlessTheTemplateSaysOtherwise(t *testing.T) {
	plain := jobs.Build(run()).Spec
	if pod := plain.Template.Spec; ptr.Deref(pod.AutomountServiceAccountToken, true) || pod.Containers[0].TerminationMessagePolicy != "" ||
		ptr.Deref(plain.ActiveDeadlineSeconds, 0) != 24*60*60 {
		t.Errorf("token %v, message %q, deadline %v", pod.AutomountServiceAccountToken, pod.Containers[0].TerminationMessagePolicy, plain.ActiveDeadlineSeconds)
	}
	asked := run()
	template := &asked.Step.Template.Spec
	template.ActiveDeadlineSeconds = ptr.To[int64](7)
	template.Template.Spec.AutomountServiceAccountToken = ptr.To(true)
	template.Template.Spec.Containers[0].TerminationMessagePolicy = corev1.TerminationMessageFallbackToLogsOnError
	got := jobs.Build(asked).Spec
	if pod := got.Template.Spec; !ptr.Deref(pod.AutomountServiceAccountToken, false) || *got.ActiveDeadlineSeconds != 7 ||
		pod.Containers[0].TerminationMessagePolicy != corev1.TerminationMessageFallbackToLogsOnError {
		t.Errorf("the template's own: token %v, deadline %v, message %q", pod.AutomountServiceAccountToken, *got.ActiveDeadlineSeconds, pod.Containers[0].TerminationMessagePolicy)
	}
}

func TestBuildGolden(t *testing.T) {
	noFile := run()
	noFile.Recording.Status.Recording = v1alpha1.RecordingStatus{State: v1alpha1.RecordingFailed}
	noFile.Recording.Labels = nil
	noFile.Recording.Name = strings.Repeat("long.", 50) + "end"
	noFile.Recording.Spec.MeetingID = "Wöchentliches Treffen / $(HOME)"
	for name, run := range map[string]jobs.Run{"default": run(), "outspoken": outspoken(), "no-file": noFile, "needing": needing()} {
		t.Run(name, func(t *testing.T) {
			before := run.Step.Template.DeepCopy()
			got, err := yaml.Marshal(jobs.Build(run))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, &run.Step.Template); diff != "" {
				t.Errorf("the template was changed (-before +after)\n%s", diff)
			}
			path := filepath.Join("testdata", name+".yaml")
			if *update {
				if err := os.WriteFile(path, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(want, got) {
				t.Errorf("%s (-want +got; -update writes it anew)\n%s", path, cmp.Diff(string(want), string(got)))
			}
		})
	}
}

func TestBuildLeavesPerIndexRetriesAlone(t *testing.T) {
	run := run()
	run.Step.Template.Spec.BackoffLimitPerIndex = ptr.To[int32](1)
	if got := jobs.Build(run).Spec.BackoffLimit; got != nil {
		t.Errorf("backoffLimit = %d, want none beside backoffLimitPerIndex", *got)
	}
}

func TestBuildForASampleHasNoOwner(t *testing.T) {
	run := run()
	run.Recording = jobs.Sample("ns")
	if owners := jobs.Build(run).OwnerReferences; len(owners) > 0 {
		t.Errorf("owners = %v, want none", owners)
	}
}

// Labels are valid whatever names and ids are like.
func TestLabelsProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		run := run()
		run.Recording.Labels = nil
		run.Recording.Name = objectName().Draw(t, "recording")
		run.Recording.Spec.MeetingID = rapid.StringN(1, 512, -1).Draw(t, "meetingID")
		run.Recording.Spec.SessionID = rapid.StringN(1, 512, -1).Draw(t, "sessionID")
		run.Pipeline = objectName().Draw(t, "pipeline")
		for key, value := range jobs.Labels(run) {
			if problems := validation.IsValidLabelValue(value); len(problems) > 0 {
				t.Fatalf("%s=%q: %v", key, value, problems)
			}
		}
		if !metav1.IsControlledBy(jobs.Build(run), run.Recording) {
			t.Fatal("the Job is not the recording's")
		}
	})
}

// A recording with a place in a trace gives each Job one of its own, unless the template has another; without, or with something
// that is none, there is no variable.
func TestBuildTraceparent(t *testing.T) {
	const place, trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-"
	of := func(run jobs.Run, place string) string {
		run.Recording.Annotations = map[string]string{v1alpha1.AnnotationTraceparent: place}
		for _, variable := range jobs.Build(run).Spec.Template.Spec.Containers[0].Env {
			if variable.Name == jobs.EnvTraceparent {
				return variable.Value
			}
		}
		return ""
	}
	first, again, second := of(run(), place), of(run(), place), run()
	second.Attempt = 2
	if !strings.HasPrefix(first, trace) || !strings.HasSuffix(first, "-01") || first == place || first != again || of(second, place) == first {
		t.Errorf("the first attempt is at %q and %q, the second at %q", first, again, of(second, place))
	}
	own := run()
	own.Step.Template.Spec.Template.Spec.Containers[0].Env = []corev1.EnvVar{{Name: jobs.EnvTraceparent, Value: "mine"}}
	if got := of(own, place); got != "mine" {
		t.Errorf("the template's own became %q", got)
	}
	for _, none := range []string{"", "00-0-0-0", "$(HOME)"} {
		if got := of(run(), none); got != "" {
			t.Errorf("%q became %q", none, got)
		}
	}
}
