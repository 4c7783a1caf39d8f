// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/controllers"
)

// story is what happens to a recording for which a documented pipeline runs.
type story struct {
	// labels are the recording's.
	labels map[string]string
	// event is the one that ends it; the zero one is recording-stopped.
	event v1alpha1.EventType
	// script is how the steps' Jobs end, by step.
	script map[string][]ending
	// want is how the steps end, in their order: "probe Succeeded".
	want []string
	// further, if not nil, is what else is checked once processing has ended.
	further func(*testing.T, *played)
}

// played is a story at its end.
type played struct {
	*kubelet
	document  string
	recording *v1alpha1.MeetingRecording
	clock     *movable
}

const (
	report = `{"outputs":[{"name":"report","values":{"durationSeconds":63.5,"hasVideo":true,"videoCodec":"h264"}}]}`
	sound  = `{"outputs":[{"name":"report","values":{"durationSeconds":7.25,"hasVideo":false}}]}`
	poster = `{"outputs":[{"name":"poster","url":"file:///archive/poster.jpg","mediaType":"image/jpeg","sizeBytes":48213}]}`
)

// stories are those of the pipelines in docs/how-to/pipelines.md, by name; a pipeline may have several.
var stories = map[string][]story{
	"archive": {{want: []string{"archive Succeeded"}}},
	"publish": {
		{
			script:  map[string][]ending{"probe": {{0, report}}, "thumbnail": {{0, poster}}},
			want:    []string{"probe Succeeded", "thumbnail Succeeded", "archive Succeeded", "notify Succeeded"},
			further: checkPublished,
		},
		{ // of sound alone, and short
			script: map[string][]ending{"probe": {{0, sound}}},
			want:   []string{"probe Succeeded", "thumbnail Skipped", "archive Succeeded", "notify Skipped"},
		},
		{ // whose archive fails permanently
			script:  map[string][]ending{"probe": {{0, report}}, "archive": {{66, "fetching\nthe source answered 404"}}},
			want:    []string{"probe Succeeded", "thumbnail Succeeded", "archive Failed", "notify Skipped"},
			further: checkFailure,
		},
	},
	"upload": {
		{script: map[string][]ending{"upload": {{69, "no route to host"}, {74, "disk full"}, {0, ""}}}, want: []string{"upload Succeeded"}, further: checkRetried},
		{script: map[string][]ending{"upload": {{77, "not allowed"}}}, want: []string{"upload Failed"}},
	},
	"speech": {
		{
			labels: map[string]string{"team": "support"},
			script: map[string][]ending{"audio": {{0, `{"outputs":[{"name":"wav","url":"file:///archive/a.wav","values":{"silent":false}}]}`}}},
			want:   []string{"audio Succeeded", "transcribe Succeeded"},
			further: func(t *testing.T, played *played) {
				if url := played.environment("speech/transcribe")["STEP_AUDIO_WAV_URL"]; url != "file:///archive/a.wav" {
					t.Errorf("transcribe gets %q", url)
				}
			},
		},
		{
			labels: map[string]string{"team": "support"},
			script: map[string][]ending{"audio": {{0, `{"outputs":[{"name":"wav","url":"file:///archive/a.wav","values":{"silent":true}}]}`}}},
			want:   []string{"audio Succeeded", "transcribe Skipped"},
		},
		{labels: map[string]string{"team": "sales"}}, // no pipeline matches
	},
	"transcode":    {{want: []string{"transcode Succeeded"}, further: checkQueued}},
	"keep-a-month": {{event: v1alpha1.EventFailed, want: []string{"report Succeeded"}}},
}

// TestDocumentedPipelines applies and runs every pipeline of docs/how-to/pipelines.md, as it stands there.
func TestDocumentedPipelines(t *testing.T) {
	document, err := os.ReadFile("../docs/how-to/pipelines.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := examplesOf(t, string(document))
	if diff := cmp.Diff(slices.Sorted(maps.Keys(stories)), slices.Sorted(maps.Keys(examples))); diff != "" {
		t.Errorf("the document has other pipelines than there are stories for (-stories +document):\n%s", diff)
	}
	for name, example := range examples {
		for i, story := range stories[name] {
			t.Run(fmt.Sprintf("%s-%d", name, i+1), func(t *testing.T) {
				story.play(t, string(document), example)
			})
		}
	}
}

// play runs the pipeline for one recording, in a namespace of its own.
func (s story) play(t *testing.T, document string, pipeline unstructured.Unstructured) {
	ns, name := namespace(t), pipeline.GetName()
	clock := &movable{}
	start(t, ns, func(options *controllers.Options, _ *wire) { options.Clock = clock })
	apply(t, ns, pipeline)
	script := make(map[string][]ending)
	for step, endings := range s.script {
		script[name+"/"+step] = slices.Clone(endings)
	}
	played := &played{kubelet: startKubelet(t, ns, clock, script), document: document, clock: clock, recording: newRecording(t, ns, "rec")}
	if s.labels != nil {
		patchObject(t, played.recording, func() { played.recording.Labels = s.labels })
	}
	event := s.event
	if event == "" {
		event = v1alpha1.EventStopped
	}
	arrives(t, played.recording, event, time.Hour)
	played.end(t, s.want)
	if s.further != nil {
		s.further(t, played)
	}
}

// end waits until processing has ended, and checks how. Time passes as far as a retry waits for it.
func (s *played) end(t *testing.T, want []string) {
	t.Helper()
	eventually(t, "the end of processing", func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(s.recording), s.recording); err != nil {
			return err
		}
		state := s.recording.Status.Processing.State
		if state == v1alpha1.ProcessingSucceeded || state == v1alpha1.ProcessingFailed || state == v1alpha1.ProcessingSkipped {
			return nil
		}
		for _, step := range s.recording.Status.Processing.Steps {
			if step.RetryTime != nil && step.RetryTime.After(s.clock.Now()) {
				s.clock.passTo(step.RetryTime.Time)
				// The controller sleeps by real time: an event of the recording wakes it.
				patchObject(t, s.recording, func() { s.recording.Annotations = map[string]string{"woken-at": step.RetryTime.String()} })
			}
		}
		return fmt.Errorf("it is %s: %+v", state, s.recording.Status.Processing.Steps)
	})
	var got []string
	failed := false
	for _, step := range s.recording.Status.Processing.Steps {
		got = append(got, step.Step+" "+string(step.State))
		failed = failed || step.State == v1alpha1.StepFailed
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("steps (-want +got):\n%s\n%+v", diff, s.recording.Status.Processing.Steps)
	}
	if failed != (s.recording.Status.Processing.State == v1alpha1.ProcessingFailed) {
		t.Errorf("processing is %s", s.recording.Status.Processing.State)
	}
}

// movable is the real time and what was passed over.
type movable struct{ passed atomic.Int64 }

// Now implements clock.PassiveClock.
func (m *movable) Now() time.Time { return time.Now().Add(time.Duration(m.passed.Load())) }

// Since implements clock.PassiveClock.
func (m *movable) Since(at time.Time) time.Duration { return m.Now().Sub(at) }

func (m *movable) passTo(at time.Time) { m.passed.Add(int64(at.Sub(m.Now()) + time.Second)) }

// examplesOf returns the RecordingPipelines of a document, by name.
func examplesOf(t *testing.T, document string) map[string]unstructured.Unstructured {
	t.Helper()
	examples := make(map[string]unstructured.Unstructured)
	for _, block := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllStringSubmatch(document, -1) {
		if !strings.HasPrefix(block[1], "apiVersion:") {
			continue // a part of one
		}
		var object map[string]any
		if err := yaml.UnmarshalStrict([]byte(block[1]), &object); err != nil {
			t.Fatalf("%v in\n%s", err, block[1])
		}
		example := unstructured.Unstructured{Object: object}
		if example.GetKind() != "RecordingPipeline" {
			continue
		}
		if _, twice := examples[example.GetName()]; twice {
			t.Errorf("two pipelines are named %s", example.GetName())
		}
		examples[example.GetName()] = example
	}
	return examples
}

// apply makes the pipeline as kubectl does, which lets no unknown field pass, and waits until it is accepted.
func apply(t *testing.T, ns string, pipeline unstructured.Unstructured) {
	t.Helper()
	object := pipeline.DeepCopy()
	object.SetNamespace(ns)
	if err := client.WithFieldValidation(admin, metav1.FieldValidationStrict).Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	eventually(t, "RecordingPipeline "+object.GetName()+" accepted", func() error {
		var stored v1alpha1.RecordingPipeline
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(object), &stored); err != nil {
			return err
		}
		if !meta.IsStatusConditionTrue(stored.Status.Conditions, v1alpha1.ConditionReady) {
			return fmt.Errorf("its conditions are %+v", stored.Status.Conditions)
		}
		return nil
	})
}

func patchObject(t *testing.T, object client.Object, change func()) {
	t.Helper()
	old, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		t.Fatalf("%T is no object", object)
	}
	change()
	if err := admin.Patch(t.Context(), object, client.MergeFrom(old)); err != nil {
		t.Fatal(err)
	}
}

// checkPublished: what steps report reaches those that need them, and the reruns that the document has do what it says.
func checkPublished(t *testing.T, played *played) {
	env := played.environment("publish/notify")
	for name, want := range map[string]string{
		"STEP_PROBE_REPORT_VALUE_DURATIONSECONDS": "63.5", "STEP_THUMBNAIL_POSTER_URL": "file:///archive/poster.jpg",
		"STEP_THUMBNAIL_POSTER_MEDIA_TYPE": "image/jpeg", "STEP_THUMBNAIL_POSTER_SIZE_BYTES": "48213", "STEP_OUTPUTS_FILE": "/var/run/recording/outputs.json",
	} {
		if env[name] != want {
			t.Errorf("notify gets %s=%q, want %q", name, env[name], want)
		}
	}
	patches := regexp.MustCompile(`kubectl patch mrec "\$NAME" --type=merge -p '(\{"spec":\{"rerun".*\})'`).FindAllStringSubmatch(played.document, -1)
	if len(patches) != 2 {
		t.Fatalf("the document has %d reruns, want 2", len(patches))
	}
	first := played.recording.DeepCopy()
	played.rerun(t, patches[0][1], "2026-11-23 new logo")
	for i, step := range played.recording.Status.Processing.Steps {
		if step.Attempt != 2 || step.JobName == first.Status.Processing.Steps[i].JobName {
			t.Errorf("step %s is attempt %d, Job %s", step.Step, step.Attempt, step.JobName)
		}
	}
	checkHistory(t, played.recording, first.Status.Processing.Steps)
	second := played.recording.DeepCopy()
	played.rerun(t, patches[1][1], "2026-11-24 poster")
	attempts := map[string]int32{}
	for _, step := range played.recording.Status.Processing.Steps {
		attempts[step.Step] = step.Attempt
	}
	if diff := cmp.Diff(map[string]int32{"probe": 2, "thumbnail": 3, "archive": 2, "notify": 3}, attempts); diff != "" {
		t.Errorf("attempts after the rerun of thumbnail (-want +got):\n%s", diff)
	}
	checkHistory(t, played.recording, append(first.Status.Processing.Steps, second.Status.Processing.Steps[1], second.Status.Processing.Steps[3]))
}

// checkHistory checks that the history is these steps, as they were.
func checkHistory(t *testing.T, recording *v1alpha1.MeetingRecording, steps []v1alpha1.StepStatus) {
	t.Helper()
	var want []v1alpha1.StepAttempt
	for _, step := range steps {
		want = append(want, v1alpha1.StepAttempt{
			Pipeline: step.Pipeline, Step: step.Step, Attempt: step.Attempt, State: step.State, StartTime: step.StartTime, CompletionTime: step.CompletionTime,
			Message: step.Message, Outputs: step.Outputs,
		})
	}
	if diff := cmp.Diff(want, recording.Status.Processing.History); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}

// rerun patches the recording as the document says, and waits until it has run again.
func (s *played) rerun(t *testing.T, patch, token string) {
	t.Helper()
	var want []string
	for _, step := range s.recording.Status.Processing.Steps {
		want = append(want, step.Step+" Succeeded")
	}
	if err := admin.Patch(t.Context(), s.recording, client.RawPatch(types.MergePatchType, []byte(patch))); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the rerun "+token, func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(s.recording), s.recording); err != nil {
			return err
		}
		if got := s.recording.Status.Processing.ObservedRerunToken; got != token {
			return fmt.Errorf("the last rerun is %q", got)
		}
		return nil
	})
	s.end(t, want)
}

func checkFailure(t *testing.T, played *played) {
	steps := played.recording.Status.Processing.Steps
	if want := "container archive exited with 66: the source answered 404"; !strings.HasPrefix(steps[2].Message, want) {
		t.Errorf("archive says %q, want %q", steps[2].Message, want)
	}
	if !strings.Contains(steps[3].Message, "archive") {
		t.Errorf("notify says %q, want the step that failed", steps[3].Message)
	}
}

func checkRetried(t *testing.T, played *played) {
	step, history := played.recording.Status.Processing.Steps[0], played.recording.Status.Processing.History
	if step.Attempt != 3 || step.Retries != 2 || len(history) != 2 ||
		!strings.Contains(history[0].Message, "no route to host") || !strings.Contains(history[1].Message, "disk full") {
		t.Errorf("step %+v, history %+v", step, history)
	}
	if passed := time.Duration(played.clock.passed.Load()); passed < 3*time.Minute-10*time.Second {
		t.Errorf("the retries waited for %s, want 1m and 2m", passed)
	}
}

// checkQueued: of many recordings that end at once, as many are worked on as the document says, and all in the end.
func checkQueued(t *testing.T, played *played) {
	var further []*v1alpha1.MeetingRecording
	for i := range 12 {
		recording := newRecording(t, played.namespace, fmt.Sprint("further-", i))
		arrives(t, recording, v1alpha1.EventStopped, time.Hour)
		further = append(further, recording)
	}
	for _, recording := range further {
		expect(t, recording, v1alpha1.ProcessingSucceeded, processed, "Current")
	}
	if most := played.atOnce("transcode"); most > 5 {
		t.Errorf("%d Jobs were at work at once, want 5 at most", most)
	}
}
