// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// Conditions are asked for each recording: that of a pipeline when it ends, those of steps once what they need has ended. Whether
// one is true, false or wrong, processing ends.
func TestConditions(t *testing.T) {
	ns := namespace(t)
	start(t, ns, nil)
	create(t,
		pipelineFromYAML(t, ns, "others", `{when: 'recording.labels[?"team"].orValue("") == "b"', steps: [{name: a, template: JOB}]}`),
		pipelineFromYAML(t, ns, "wrong", `{when: 'recording.labels.team == "b"', steps: [{name: a, template: JOB}]}`),
		pipelineFromYAML(t, ns, "sizes", `{when: recording.segment == 1, steps: [
		  {name: probe, template: JOB},
		  {name: large, needs: [probe], when: steps.probe.outputs.report.sizeBytes > 1000, template: JOB},
		  {name: small, needs: [probe], when: steps.probe.outputs.report.sizeBytes <= 1000, template: JOB},
		  {name: typo, needs: [probe], when: 'steps.probe.outputs.repot.url != ""', template: JOB}]}`),
	)
	recording := newRecording(t, ns, "rec")
	arrives(t, recording, v1alpha1.EventStopped, 0)
	exits(t, jobOf(t, recording, "sizes", "probe"), 0, `{"outputs":[{"name":"report","url":"s3://b/report.json","sizeBytes":12}]}`)
	exits(t, jobOf(t, recording, "sizes", "small"), 0, "")
	want := map[string]string{
		"sizes/probe": "Succeeded", "sizes/small": "Succeeded",
		"sizes/large": "Skipped: steps.probe.outputs.report.sizeBytes > 1000",
		"sizes/typo":  "Failed: line 1, column 1: steps.probe.outputs.repot.url: no such key: repot",
		"wrong/a":     "Failed: line 1, column 1: recording.labels.team: no such key: team",
	}
	eventually(t, "every condition was asked", func() error {
		if err := admin.Get(t.Context(), client.ObjectKeyFromObject(recording), recording); err != nil {
			return err
		}
		steps := recording.Status.Processing.Steps
		if len(steps) != len(want) {
			return fmt.Errorf("%d steps, want %d", len(steps), len(want))
		}
		for _, step := range steps {
			state, message, _ := strings.Cut(want[step.Pipeline+"/"+step.Step], ": ")
			if string(step.State) != state || !strings.Contains(step.Message, message) {
				return fmt.Errorf("%s/%s is %s: %s", step.Pipeline, step.Step, step.State, step.Message)
			}
		}
		return nil
	})
}
