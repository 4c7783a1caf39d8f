// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package jobs_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
)

// The names of Jobs are how a controller that starts afresh finds them: they never change.
func TestNameStays(t *testing.T) {
	for _, test := range []struct {
		recording, pipeline, step string
		attempt                   int32
		want                      string
	}{
		{"abcd-efgh-ijkl-613e1a0ad3d5a1b2c3d4e5f6", "default", "archive", 1, "abcd-efgh-ijkl-613e1a0ad3d5a1b2c3d4e5f6-archive-vxfyx6dem5"},
		{"r", "p", "s", 1, "r-s-moz2fgh35z"},
		{"r", "p", "s", 2, "r-s-q4puf6kaua"},
		{"Weekly.Standup", "p.q", "s", 1, "weekly-standup-s-ed7fh4dgwp"},
		{strings.Repeat("a", 253), strings.Repeat("b", 253), "s", 1, strings.Repeat("a", 49) + "-ddhc2fropz"},
	} {
		got := jobs.Name(test.recording, test.pipeline, test.step, test.attempt)
		if got != test.want {
			t.Errorf("Name(%.20s, %.20s, %s, %d) = %s, want %s", test.recording, test.pipeline, test.step, test.attempt, got, test.want)
		}
	}
}

func objectName() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?`),
		rapid.StringMatching(`[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?`),
		rapid.SampledFrom([]string{"a", "a-b", "a-b-c", "b-c", "c"}),
	)
}

// Every name is a DNS label, and two runs have one name only where they are the same run.
func TestNameProperties(t *testing.T) {
	type run struct {
		recording, pipeline, step string
		attempt                   int32
	}
	draw := func(t *rapid.T) run {
		return run{
			objectName().Draw(t, "recording"), objectName().Draw(t, "pipeline"),
			rapid.StringMatching(`[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?`).Draw(t, "step"), rapid.Int32Range(1, 9).Draw(t, "attempt"),
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw(t), draw(t)
		nameA := jobs.Name(a.recording, a.pipeline, a.step, a.attempt)
		nameB := jobs.Name(b.recording, b.pipeline, b.step, b.attempt)
		for _, name := range []string{nameA, nameB} {
			if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
				t.Fatalf("%q: %v", name, problems)
			}
		}
		if (a == b) != (nameA == nameB) {
			t.Fatalf("%v is %s, %v is %s", a, nameA, b, nameB)
		}
	})
}

// Whatever the provider sends, a container sees exactly that, whichever variables it has besides.
func TestEnvironmentIsNeverExpanded(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[$()A-Z_]{0,40}`), rapid.SampledFrom([]string{
		"$(RECORDING_NAME)", "$$(RECORDING_NAME)", "$$$(SECRET)", "a$", "$", "$(", "$()", "https://h/f.mp4?sig=$(SECRET)$$",
	}))
	rapid.Check(t, func(t *rapid.T) {
		recording := jobs.Sample("ns")
		recording.Spec.MeetingID = text.Draw(t, "meetingID")
		recording.Spec.SessionID = text.Draw(t, "sessionID")
		recording.Status.Recording.File.Path = text.Draw(t, "path")
		recording.Status.Recording.File.URL = text.Draw(t, "url")
		got := containerEnvironment(jobs.Environment(recording), map[string]string{"SECRET": "s3cret"})
		for name, want := range map[string]string{
			jobs.EnvMeetingID: recording.Spec.MeetingID,
			jobs.EnvSessionID: recording.Spec.SessionID,
			jobs.EnvFilePath:  recording.Status.Recording.File.Path,
			jobs.EnvFileURL:   recording.Status.Recording.File.URL,
		} {
			if got[name] != want {
				t.Fatalf("%s = %q, want %q", name, got[name], want)
			}
		}
	})
}

// A template may use the recording's variables in its own, and they stay as they are there too.
// TestEnvironmentOfAnEncryptedFile: its variables are there only if it is encrypted.
func TestEnvironmentOfAnEncryptedFile(t *testing.T) {
	recording := jobs.Sample("ns")
	if got := containerEnvironment(jobs.Environment(recording), nil); got[jobs.EnvEncryptionKeyURL] != "" || len(got) != 8 {
		t.Errorf("not encrypted: %v", got)
	}
	recording.Status.Recording.File.Encryption = &v1alpha1.FileEncryption{KeyURL: "https://h/key?sig=$(HOME)", MetadataURL: "https://h/meta"}
	got := containerEnvironment(jobs.Environment(recording), nil)
	if got[jobs.EnvEncryptionKeyURL] != "https://h/key?sig=$(HOME)" || got[jobs.EnvEncryptionMetadataURL] != "https://h/meta" {
		t.Errorf("encrypted: %v", got)
	}
}

func TestEnvironmentCanBeReferredTo(t *testing.T) {
	run := run()
	run.Recording.Status.Recording.File.URL = "https://h/$(HOME)"
	run.Step.Template.Spec.Template.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "SOURCE", Value: "<$(RECORDING_FILE_URL)>"}}
	got := containerEnvironment(jobs.Build(run).Spec.Template.Spec.Containers[0].Env, map[string]string{"HOME": "/root"})
	if want := "<https://h/$(HOME)>"; got["SOURCE"] != want {
		t.Errorf("SOURCE = %q, want %q", got["SOURCE"], want)
	}
}

// containerEnvironment does what the kubelet does with a container's variables: each is expanded with those before it.
func containerEnvironment(variables []corev1.EnvVar, service map[string]string) map[string]string {
	result := make(map[string]string)
	for _, variable := range variables {
		result[variable.Name] = expand(variable.Value, func(name string) string {
			if value, ok := result[name]; ok {
				return value
			}
			if value, ok := service[name]; ok {
				return value
			}
			return "$(" + name + ")"
		})
	}
	return result
}

// expand is the expansion of variables as the API documents it (kubectl explain pod.spec.containers.env.value): $(NAME) is
// replaced, $$ is one $, and everything else stays.
func expand(input string, value func(string) string) string {
	var out strings.Builder
	for i := 0; i < len(input); i++ {
		rest := input[i+1:]
		switch {
		case input[i] != '$' || rest == "":
			out.WriteByte(input[i])
		case rest[0] == '$':
			out.WriteByte('$')
			i++
		case rest[0] == '(' && strings.Contains(rest, ")"):
			end := strings.Index(rest, ")")
			out.WriteString(value(rest[1:end]))
			i += 1 + end
		default:
			out.WriteByte('$')
		}
	}
	return out.String()
}
