// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package planning_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/processing/outcomes"
	"github.com/meetingops/meeting-recording-operator/internal/processing/planning"
)

func statusBytes(t *testing.T, r *v1alpha1.MeetingRecording) int {
	t.Helper()
	data, err := json.Marshal(r.Status)
	if err != nil {
		t.Fatal(err)
	}
	return len(data)
}

// archived is what an ordinary step makes.
func archived(step string) outcomes.Observation {
	made := succeeded()
	made.Outputs = []v1alpha1.StepOutput{{
		Name: "archive", URL: "s3://recordings/2026/" + step + ".mp4", MediaType: "video/mp4", SizeBytes: ptr.To[int64](123456789),
		Values: &runtime.RawExtension{Raw: []byte(`{"durationSeconds":61.5}`)},
	}}
	return made
}

// The status of 32 steps with three attempts each stays below 16 KiB, whether they succeed or fail at length.
func TestStatusStaysSmall(t *testing.T) {
	for name, ends := range map[string]func(string) outcomes.Observation{
		"made something":   archived,
		"failed at length": func(string) outcomes.Observation { return failed(strings.Repeat("why ", 1000)) },
	} {
		t.Run(name, func(t *testing.T) {
			var steps []string
			for i := range 32 {
				steps = append(steps, fmt.Sprintf("transcode-rendition-%d", i))
			}
			s := tell(t, pipeline("p", steps...))
			for attempt := 1; ; attempt++ {
				for _, step := range steps {
					s.ends("p/"+step, ends(step))
				}
				if got := statusBytes(t, s.in.Recording); got >= 16<<10 {
					t.Fatalf("the status has %d bytes after attempt %d", got, attempt)
				}
				for _, step := range s.in.Recording.Status.Processing.Steps {
					if step.Attempt != int32(attempt) || (step.State == v1alpha1.StepSucceeded) != (len(step.Outputs) == 1) {
						t.Fatalf("after attempt %d: %+v", attempt, step)
					}
				}
				if attempt == 3 {
					break
				}
				s.asks(fmt.Sprint(attempt))
			}
			t.Logf("%d bytes, %d earlier attempts", statusBytes(t, s.in.Recording), len(s.in.Recording.Status.Processing.History))
		})
	}
}

// The oldest attempts lose their outputs first, then go, and what fits stays; at most 64 attempts are kept.
func TestHistoryIsBounded(t *testing.T) {
	s := tell(t, pipeline("p", "a"))
	kept, complete := 0, 0
	for attempt := 1; attempt <= 100; attempt++ {
		s.ends("p/a", archived("a")).asks(fmt.Sprint(attempt))
		history := s.in.Recording.Status.Processing.History
		if last := history[len(history)-1]; last.Attempt != int32(attempt) || len(last.Outputs) != 1 {
			t.Fatalf("the newest attempt is %+v", last)
		}
		kept, complete = len(history), 0
		for i, earlier := range history {
			if len(earlier.Outputs) > 0 {
				complete++
			} else if complete > 0 {
				t.Fatalf("attempt %d lost its outputs before an older one", earlier.Attempt)
			}
			if earlier.Attempt != history[0].Attempt+int32(i) {
				t.Fatalf("attempt %d is out of order", earlier.Attempt)
			}
		}
	}
	if kept != planning.MaxHistory || complete == 0 || complete == kept || statusBytes(t, s.in.Recording) >= 16<<10 {
		t.Errorf("%d attempts are kept, %d with outputs, in %d bytes", kept, complete, statusBytes(t, s.in.Recording))
	}
}
