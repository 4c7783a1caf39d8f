// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/meetingops/meeting-recording-operator/test/bench/controlplane"
	"github.com/meetingops/meeting-recording-operator/test/bench/proc"
	"github.com/meetingops/meeting-recording-operator/test/bench/report"
	"github.com/meetingops/meeting-recording-operator/test/bench/script"
)

// TestNewLeg joins what was played with what was seen.
func TestNewLeg(t *testing.T) {
	play := script.Script{Tag: "00000001", Recordings: 2, Senders: 1, Events: []string{"recording-stopping", script.Stopped}}
	played := script.Played{Samples: []script.Sample{
		{Recording: 0, Event: 0, Sent: 100, Took: 5}, {Recording: 0, Event: 1, Sent: 110, Took: 6},
		{Recording: 1, Event: 0, Sent: 120, Took: 7}, {Recording: 1, Event: 1, Sent: 130, Took: 8},
	}, Answers: map[int]int{200: 4}}
	at := func(n int64) time.Time { return time.Unix(0, n) }
	first, second := play.Recording(0).Name, play.Recording(1).Name
	got := newLeg(Spec{Mode: report.Ours, Scene: report.Lifecycle, Senders: 1, Recordings: 2, Round: 3}, play, played,
		map[string]time.Time{first: at(150), second: at(160), "another": at(170)}, map[string]time.Time{first: at(200), second: at(210)})
	want := report.Leg{
		Mode: report.Ours, Scene: report.Lifecycle, Senders: 1, Recordings: 2, Webhooks: 4, Round: 3,
		Acks: []time.Duration{5, 6, 7, 8}, Jobs: []time.Duration{30, 40}, SendTime: 38, JobTime: 70, WholeTime: 110, Answers: map[int]int{200: 4},
	}
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(func(a, b time.Duration) bool { return a < b })); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestCharge(t *testing.T) {
	before := reading{map[string]proc.Usage{"etcd": {CPU: time.Second}}, controlplane.Counts{API: controlplane.Requests{"GET a": 1}}}
	after := reading{
		map[string]proc.Usage{"etcd": {CPU: 3 * time.Second, PeakRSS: 7}},
		controlplane.Counts{API: controlplane.Requests{"GET a": 3}, Etcd: controlplane.Requests{"get a": 2}},
	}
	var got report.Leg
	charge(&got, before, after)
	want := report.Leg{
		CPU: map[string]time.Duration{"etcd": 2 * time.Second}, PeakRSS: map[string]int64{"etcd": 7},
		API: map[string]float64{"GET a": 2}, Etcd: map[string]float64{"get a": 2},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestCheckSame(t *testing.T) {
	const ours = `{"metadata":{"name":"a","managedFields":[{"x":1}]},"status":{"events":[{"type":"b","text":"0123456789012345678901234567890123456789"}]}}`
	for limit, problem := range map[string]string{
		ours: "",
		strings.Replace(ours, `"x":1`, `"y":1`, 1):                      "",
		strings.Replace(ours, `"type":"b",`, ``, 1):                     "only the operator has .status.events[0].type",
		strings.Replace(ours, `"name":"a"`, `"name":"a","more":"b"`, 1): "only the limit has .metadata.more",
		strings.Replace(ours, `0123456789`, ``, 3):                      "bytes",
		"{": "unexpected end",
	} {
		err := checkSame([]byte(limit), []byte(ours))
		if (err == nil) != (problem == "") || (err != nil && !strings.Contains(err.Error(), problem)) {
			t.Errorf("%s: %v, want %q", limit, err, problem)
		}
	}
}
