// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package view

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

var now = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) *metav1.Time { return &metav1.Time{Time: now.Add(d)} }

func micro(d time.Duration) metav1.MicroTime { return metav1.NewMicroTime(now.Add(d)) }

// example is a recording whose second step runs.
func example() Tree {
	size := int64(5 << 20)
	r := &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: "meetings", Name: "a-b", CreationTimestamp: *at(-10 * time.Minute)},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "a", SessionID: "b", Segment: 1, Hold: true},
	}
	r.Status.Recording = v1alpha1.RecordingStatus{
		State: v1alpha1.RecordingStopped, File: &v1alpha1.RecordingFile{Path: "/encoded/videos/1.mp4"},
		Events: []v1alpha1.RecordingEvent{
			{Type: v1alpha1.EventStarted, Source: v1alpha1.EventSourceWebhook, ReceiveTime: micro(-9 * time.Minute), Deliveries: 1},
			{Type: v1alpha1.EventStopped, Source: v1alpha1.EventSourceWebhook, ReceiveTime: micro(-2 * time.Minute), Deliveries: 2},
		},
	}
	r.Status.Processing = v1alpha1.ProcessingStatus{State: v1alpha1.ProcessingRunning, Steps: []v1alpha1.StepStatus{
		{Pipeline: "web", Step: "archive", Attempt: 1, State: v1alpha1.StepSucceeded, JobName: "job-1", StartTime: at(-100 * time.Second),
			CompletionTime: at(-90 * time.Second), Outputs: []v1alpha1.StepOutput{{Name: "file", URL: "s3://b/1.mp4", MediaType: "video/mp4", SizeBytes: &size}}},
		{Pipeline: "web", Step: "probe", Attempt: 2, State: v1alpha1.StepRunning, JobName: "job-2", StartTime: at(-30 * time.Second), Message: "evil\x1b[2Jtext"},
	}}
	r.Status.Conditions = []metav1.Condition{{Type: "Ready", Status: "False", Reason: "Processing", Message: "1 of 2 steps have ended.", LastTransitionTime: *at(-100 * time.Second)}}
	pipeline := &v1alpha1.RecordingPipeline{Spec: v1alpha1.RecordingPipelineSpec{Steps: []v1alpha1.PipelineStep{{Name: "archive"}, {Name: "probe", Needs: []string{"archive"}}}}}
	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "job-2-x", CreationTimestamp: *at(-29 * time.Second)}}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "main", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}}}}
	return Tree{Recording: r, Pipelines: map[string]*v1alpha1.RecordingPipeline{"web": pipeline}, Pods: map[string][]corev1.Pod{"job-2": {pod}}}
}

const exampleText = `
Recording:    meetings/a-b
Meeting:      a
Session:      b, segment 1
State:        Stopped
Processing:   Running
Ready:        False (Processing)
Age:          10m
File:         /encoded/videos/1.mp4
Asked for:    hold

EVENT     RECEIVED               DELAY   DELIVERIES   SOURCE
Started   2026-11-29T11:51:00Z           1            Webhook
Stopped   2026-11-29T11:58:00Z   +7m     2            Webhook

STEP                       STATE       ATTEMPT   DURATION   MESSAGE
web
├─ archive                 Succeeded   1         10s
│  └─ job/job-1
└─ probe (after archive)   Running     2         30s        evil [2Jtext
   └─ job/job-2
      └─ pod/job-2-x: ImagePullBackOff, 29s old

OUTPUT         TYPE        SIZE    URL
archive/file   video/mp4   5.0Mi   s3://b/1.mp4

CONDITION   STATUS   REASON       SINCE   MESSAGE
Ready       False    Processing   100s    1 of 2 steps have ended.
`

func TestTree(t *testing.T) {
	if diff := cmp.Diff(strings.Trim(exampleText, "\n"), strings.Join(example().Render(0, now), "\n")); diff != "" {
		t.Error(diff)
	}
}

// TestTreeFits: whatever the texts and the width, every line fits, and no control character reaches the terminal.
func TestTreeFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree := example()
		text := rapid.String()
		tree.Recording.Spec.MeetingID = text.Draw(t, "meeting")
		tree.Recording.Status.Recording.File.Path = text.Draw(t, "path")
		tree.Recording.Status.Processing.Steps[0].Message = text.Draw(t, "message")
		tree.Recording.Status.Processing.Steps[0].Outputs[0].URL = text.Draw(t, "url")
		tree.Recording.Status.Conditions[0].Message = text.Draw(t, "condition")
		tree.Recording.Status.Processing.Steps[1].Step = text.Draw(t, "step")
		tree.Pods["job-2"][0].Status.ContainerStatuses[0].State.Waiting.Reason = text.Draw(t, "reason")
		tree.Incomplete = []string{text.Draw(t, "incomplete")}
		width := rapid.IntRange(1, 200).Draw(t, "width")
		for _, line := range tree.Render(width, now) {
			if Width(line) > width {
				t.Fatalf("%q is wider than %d", line, width)
			}
			if strings.ContainsFunc(line, unicode.IsControl) {
				t.Fatalf("%q has a control character", line)
			}
		}
	})
}

func TestCleanLines(t *testing.T) {
	if got, want := CleanLines("a\x1b[2J\n  b\r\u202e\xff\n"), "a [2J\n  b   \n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWidth(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "é": 1, "e\u0301": 1, "会議": 4, "🎥": 2, "…": 1, "─": 1} {
		if got := Width(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	for _, test := range []struct {
		text    string
		columns int
		want    string
	}{{"会議室", 6, "会議室"}, {"会議室", 5, "会議…"}, {"会議室", 4, "会…"}, {"会", 1, "…"}, {"ab c", 4, "ab c"}, {"ab cd", 4, "ab…"}, {"abc", 0, "abc"}} {
		if got := Cut(test.text, test.columns); got != test.want {
			t.Errorf("%q in %d: %q, want %q", test.text, test.columns, got, test.want)
		}
	}
}

func TestRow(t *testing.T) {
	r := example().Recording
	for name, test := range map[string]struct {
		columns Columns
		want    []string
	}{
		"usual": {Columns{}, []string{"a-b", "a", "Stopped", "Running", "False", "10m"}},
		"wide":  {Columns{Namespace: true, Wide: true}, []string{"meetings", "a-b", "a", "Stopped", "Running", "False", "10m", "b", "/encoded/videos/1.mp4", "Processing"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.columns.Row(r, now)); diff != "" {
				t.Error(diff)
			}
			if len(test.columns.Header()) != len(test.want) {
				t.Errorf("the header is %v", test.columns.Header())
			}
		})
	}
	empty := Columns{Wide: true}.Row(&v1alpha1.MeetingRecording{}, now)
	if diff := cmp.Diff([]string{"", none, none, none, "Unknown", none, none, none, none}, empty); diff != "" {
		t.Error(diff)
	}
	r.Status.Conditions = append(r.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue})
	if row := (Columns{}).Row(r, now); row[4] != "False (!)" {
		t.Errorf("a recording that needs attention: %v", row)
	}
}

func TestSize(t *testing.T) {
	for bytes, want := range map[int64]string{0: "0", 1023: "1023", 1024: "1.0Ki", 1536: "1.5Ki", 3 << 30: "3.0Gi", 5 << 50: "5120.0Ti"} {
		if got := Size(&bytes); got != want {
			t.Errorf("%d: %s, want %s", bytes, got, want)
		}
	}
	if got := Size(nil); got != "-" {
		t.Errorf("no size: %s", got)
	}
}

func TestColor(t *testing.T) {
	if got, want := Color("a Failed b"), "a "+red+"Failed"+reset+" b"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
