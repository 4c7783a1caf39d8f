// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Conditions of steps that are accepted and evaluated.
func TestStep(t *testing.T) {
	e := New()
	for condition, want := range map[string]bool{
		// the recording
		`recording.name == "rec" && recording.namespace == "ns"`:         true,
		`recording.meetingID == "abcd-efgh-ijkl"`:                        true,
		`recording.meetingID.startsWith("abcd-")`:                        true,
		`recording.sessionID == "s" && recording.segment == 2`:           true,
		`recording.state == "Failed"`:                                    false,
		`recording.labels.team == "a"`:                                   true,
		`recording.labels["example.com/kind"] in ["board", "audit"]`:     true,
		`"missing" in recording.labels`:                                  false,
		`recording.labels[?"missing"].orValue("none") == "none"`:         true,
		`recording.labels.exists(k, v, k.contains("kind") && v != "")`:   true,
		`recording.file.path.endsWith(".mp4") && has(recording.file)`:    true,
		`recording.?file.?url.orValue("").contains("example.com")`:       true,
		`recording.endTime - recording.startTime > duration("10m")`:      true,
		`recording.endTime.getDayOfWeek() in [0, 6]`:                     false,
		`recording.endTime == timestamp("2026-11-23T12:00:00Z")`:         true,
		`recording.startTime.getHours("Europe/Berlin") == 12`:            true,
		`url(recording.file.url).getHost() == "example.com"`:             true,
		`recording.meetingID.matches("^[a-z]{4}(-[a-z]{4}){2}$")`:        true,
		`quantity("1Gi").isGreaterThan(quantity("900M"))`:                true,
		`sets.contains(["a", "b"], [recording.labels.team])`:             true,
		`recording.name.lowerAscii().split("e").size() == 2`:             true,
		`has(recording.startTime) ? recording.segment > 1 : false`:       true,
		`recording.labels == {"team": "a", "example.com/kind": "board"}`: true,

		// values: every number is a double, and compares with whole numbers
		`outputs.probe.durationSeconds > 60.0`:                           true,
		`outputs.probe.durationSeconds > 60`:                             true,
		`outputs.probe.durationSeconds == 61`:                            true,
		`outputs.probe.durationSeconds / 2.0 == 30.5`:                    true,
		`int(outputs.probe.width) % 2 == 0`:                              true,
		`string(outputs.probe.durationSeconds) == "61"`:                  true,
		`outputs.probe.loudness < -20.0`:                                 true,
		`outputs.probe.hasAudio`:                                         true,
		`!outputs.probe.hasAudio || outputs.probe.zero > 0`:              false,
		`outputs.probe.title.contains("Q3")`:                             true,
		`outputs["probe"]["title"].matches("^[A-Z]")`:                    true,
		`outputs.probe.same == "second"`:                                 true,
		`has(outputs.probe.missing)`:                                     false,
		`outputs.probe.?missing.orValue(0.0) > 1.0`:                      false,
		`outputs.?probe.?title.orValue("").contains("Q3")`:               true,
		`outputs["check-it"].size() == 0`:                                true,
		`outputs.exists(s, outputs[s].?title.orValue("").contains("Q"))`: true,

		// steps
		`steps.probe.state == "Succeeded"`:                                                 true,
		`steps["check-it"].state == "Skipped"`:                                             true,
		`steps.probe.outputs.report.url.startsWith("s3://")`:                               true,
		`steps.probe.outputs["report"].mediaType == "application/json"`:                    true,
		`steps.probe.outputs.report.sizeBytes * 2 > 2000`:                                  true,
		`steps.probe.outputs.report.sha256.size() == 64`:                                   true,
		`steps.probe.outputs.report.values.same == "first"`:                                true,
		`has(steps.probe.outputs.more.url) || has(steps.probe.outputs.more.sizeBytes)`:     false,
		`"report" in steps.probe.outputs && "probe" in steps`:                              true,
		`steps.all(s, steps[s].state != "Failed")`:                                         true,
		`steps.exists(s, steps[s].outputs.exists(o, steps[s].outputs[o].values.size()>3))`: true,
		`steps.map(s, steps[s].state).exists(x, x == "Skipped")`:                           true,
	} {
		t.Run(condition, func(t *testing.T) {
			if err := e.CheckStep(condition, needed()); err != nil {
				t.Fatalf("refused: %v", err)
			}
			if got, err := e.Step(condition, meeting(), ended()); err != nil || got != want {
				t.Errorf("is %t, %v; want %t", got, err, want)
			}
		})
	}
}

// Conditions that are refused, with a message that says where and what.
func TestCheckStep(t *testing.T) {
	e := New()
	for condition, want := range map[string]string{
		" ":                                        "is empty",
		"recording.segment ==":                     "line 1, column 21: Syntax error: mismatched input '<EOF>'",
		`recording.sesionID == "x"`:                "line 1, column 10: undefined field 'sesionID'",
		"true &&\n  recording.sesionID == 'x'":     "line 2, column 12: undefined field 'sesionID'",
		"recording.file.uri != ''":                 "line 1, column 15: undefined field 'uri'",
		`steps.probe.stat == "Succeeded"`:          "line 1, column 12: undefined field 'stat'",
		"steps.probe.outputs.report.size > 1":      "line 1, column 27: undefined field 'size'",
		"probe.durationSeconds > 1.0":              "line 1, column 1: undeclared reference to 'probe'; there are: outputs, recording, steps",
		"outputs.check-it.x > 1.0":                 "undeclared reference to 'it'",
		"recording.segment":                        "must be true or false (bool), not int",
		"steps.probe":                              "must be true or false (bool), not meetingops.Step",
		`recording.segment == "1"`:                 "line 1, column 19: found no matching overload for '_==_' applied to '(int, string)'",
		"recording.name.size(1) > 1":               "line 1, column 20: found no matching overload for 'size'",
		`recording.name.matches("(")`:              "line 1, column 24: invalid matches argument",
		`duration("ten minutes") > duration("1s")`: "line 1, column 10: invalid duration argument",
		"outputs.prob.durationSeconds > 1.0": `line 1, column 8: step "prob" cannot be seen: a condition sees only the steps that its own ` +
			"step needs, directly or through others (probe, check-it)",
		`outputs["prob"].x > 1.0`:                      `line 1, column 8: step "prob" cannot be seen`,
		`outputs[?"prob"].hasValue()`:                  `line 1, column 8: step "prob" cannot be seen`,
		"steps.?prob.hasValue()":                       `line 1, column 6: step "prob" cannot be seen`,
		"has(steps.prob)":                              `step "prob" cannot be seen`,
		`"prob" in outputs`:                            `line 1, column 8: step "prob" cannot be seen`,
		`outputs.a.x > outputs.b.y`:                    `(probe, check-it); line 1, column 22: step "b" cannot be seen`,
		"[1].exists(s, outputs.prob.x > 1.0)":          `step "prob" cannot be seen`,
		"a || b || c || d":                             "and more",
		strings.Repeat("a", 2049):                      "must have at most 2048 characters, not 2049",
		"[1].all(steps, steps > 0)":                    "has a loop whose variable is named steps",
		"[1].exists(a, outputs, outputs > 0)":          "has a loop whose variable is named outputs",
		"outputs.probe.?title.optMap(x, x).hasValue()": "optMap and optFlatMap are not available",
		"math.greatest(1, 2) > 1":                      "undeclared reference to 'math'",
	} {
		t.Run(condition, func(t *testing.T) {
			err := e.CheckStep(condition, needed())
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v\nwant %q", err, want)
			}
			if err != nil && strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("not one line: %q", err)
			}
			if _, again := e.Step(condition, meeting(), ended()); again == nil || again.Error() != err.Error() {
				t.Errorf("refused with %v, fails with %v", err, again)
			}
		})
	}
	if err := e.CheckStep("has(outputs.probe)", nil); err == nil || !strings.Contains(err.Error(), "(none, since this one needs none)") {
		t.Errorf("without needs: %v", err)
	}
}

// The condition of a pipeline sees the recording only.
func TestPipeline(t *testing.T) {
	e := New()
	if err := e.CheckPipeline("recording.segment > 1"); err != nil {
		t.Fatal(err)
	}
	for recording, want := range map[*v1alpha1.MeetingRecording]bool{meeting(): true, bare(): false} {
		if got, err := e.Pipeline("recording.segment > 1", recording); err != nil || got != want {
			t.Errorf("is %t, %v; want %t", got, err, want)
		}
	}
	for condition, want := range map[string]string{
		"steps.probe.state == 'x'": "line 1, column 1: the condition of a pipeline is evaluated before any step runs, so it cannot see steps",
		"true || outputs.a.b":      "line 1, column 9: the condition of a pipeline is evaluated before any step runs, so it cannot see outputs",
		"sesion == 1":              "undeclared reference to 'sesion'; there are: recording",
	} {
		if err := e.CheckPipeline(condition); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v\nwant %q", condition, err, want)
		}
		if _, err := e.Pipeline(condition, bare()); err == nil {
			t.Errorf("%s is evaluated", condition)
		}
	}
	if err := e.CheckStep("steps.probe.state == 'x'", needed()); err != nil {
		t.Errorf("what is wrong for a pipeline is wrong for a step: %v", err)
	}
}

// What is absent, or does not fit, fails when it is evaluated, and the message says where.
func TestEvaluationFails(t *testing.T) {
	e := New()
	broken := ended()
	broken[0].Outputs[1].Values = values("{")
	for _, test := range []struct {
		condition string
		recording *v1alpha1.MeetingRecording
		steps     []v1alpha1.StepStatus
		want      string
	}{
		{"outputs.probe.durationSecs > 60.0", meeting(), ended(), "line 1, column 1: outputs.probe.durationSecs: no such key: durationSecs"},
		{"true &&\n outputs.probe.missing", meeting(), ended(), "line 2, column 2: outputs.probe.missing: no such key: missing"},
		{`steps.probe.outputs["repot"].url != ""`, meeting(), ended(), "no such key: repot"},
		{`outputs["check-it"].x > 1.0`, meeting(), ended(), `outputs["check-it"].x: no such key: x`},
		{"recording.labels.tem == 'a'", meeting(), nil, "line 1, column 1: recording.labels.tem: no such key: tem"},
		{"recording.file.path != ''", bare(), nil, "recording.file.path: no such key: file"},
		{"recording.endTime > recording.startTime", bare(), nil, "recording.endTime: no such key: endTime"},
		{"recording.file.url != ''", withoutURL(), nil, "recording.file.url: no such key: url"},
		{"steps.probe.outputs.more.url != ''", meeting(), ended(), "steps.probe.outputs.more.url: no such key: url"},
		{"steps.probe.outputs.more.sizeBytes > 1", meeting(), ended(), "no such key: sizeBytes"},
		{"outputs.probe.width * 2 > 1", meeting(), ended(), "line 1, column 21: outputs.probe.width * 2: no such overload: the types do not match " +
			"(numbers among values are doubles: use 2.0, not 2)"},
		{"outputs.probe.title > 1.0", meeting(), ended(), "outputs.probe.title > 1.0: no such overload"},
		{"10 / int(outputs.probe.zero) > 1", meeting(), ended(), "line 1, column 4: 10 / int(outputs.probe.zero): division by zero"},
		{"outputs.probe.title", meeting(), ended(), "is string, and must be true or false (bool)"},
		{"outputs[recording.name].x", meeting(), ended(), "no such key: rec"},
		{"recording.startTime.getHours('Nowhere/There') == 1", meeting(), ended(), "unknown time zone Nowhere/There"},
		{"timestamp(int(outputs.probe.width) * 7205759403792793) > recording.startTime", meeting(), ended(), "timestamp overflow"},
		{"true", meeting(), broken, "read the values of output more of step probe: unexpected end of JSON input"},
	} {
		t.Run(test.condition, func(t *testing.T) {
			names := make([]string, len(test.steps))
			for i := range test.steps {
				names[i] = test.steps[i].Step
			}
			if err := e.CheckStep(test.condition, names); err != nil {
				t.Fatalf("refused: %v", err)
			}
			_, err := e.Step(test.condition, test.recording, test.steps)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v\nwant %q", err, test.want)
			}
		})
	}
}

func withoutURL() *v1alpha1.MeetingRecording {
	recording := meeting()
	recording.Status.Recording.File.URL = ""
	return recording
}

// A condition is compiled once, and no more are kept than fit.
func TestCompiledOnce(t *testing.T) {
	e := New()
	for range 3 {
		for _, condition := range []string{"recording.segment == 1", "recording.", "steps.probe.state == 'x'"} {
			_ = e.CheckStep(condition, nil)
			_, _ = e.Step(condition, meeting(), ended())
		}
	}
	if got := e.Compiled(); got != 3 {
		t.Errorf("%d conditions are kept, want 3", got)
	}
	for i := range 1000 {
		if err := e.CheckPipeline(fmt.Sprintf("recording.segment == %d%s", i, strings.Repeat(" ", 200))); err != nil {
			t.Fatal(err)
		}
	}
	if got := e.Compiled(); e.bytes > maxCached || e.bytes < maxCached/2 || got >= 1000 {
		t.Errorf("%d conditions of %d bytes are kept, want up to %d bytes", got, e.bytes, maxCached)
	}
}

// Many evaluate at once: none sees what another one does, nor where another one fails.
func TestConcurrent(t *testing.T) {
	e := New()
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			for j := range 20 {
				condition := fmt.Sprintf("recording.segment == %d%s && timestamp(int(outputs.probe.width) * 7205759403792793) > recording.endTime", j%5, strings.Repeat(" ", i))
				_, err := e.Step(condition, meeting(), ended())
				if wrong := j%5 == 2; (err != nil) != wrong {
					t.Errorf("%s: %v", condition, err)
				}
				if err != nil && strings.Contains(err.Error(), "line") {
					t.Errorf("CEL shares this error, and says where it is: %v", err)
				}
			}
		})
	}
	group.Wait()
}
