// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"time"

	"github.com/meetingops/meeting-recording-operator/test/bench/report"
	"github.com/meetingops/meeting-recording-operator/test/bench/script"
)

// newLeg joins what was played with when Jobs and outcomes were seen, by the name of the recording. All times are of this machine's clock.
func newLeg(spec Spec, play script.Script, played script.Played, jobs, finished map[string]time.Time) report.Leg {
	leg := report.Leg{
		Mode: spec.Mode, Scene: spec.Scene, Senders: spec.Senders, Round: spec.Round,
		Recordings: play.Recordings, Webhooks: len(played.Samples), Answers: played.Answers,
	}
	first, last := int64(0), int64(0)
	stops := map[string]int64{}
	for i, sample := range played.Samples {
		if i == 0 || sample.Sent < first {
			first = sample.Sent
		}
		last = max(last, sample.Sent+sample.Took)
		leg.Acks = append(leg.Acks, time.Duration(sample.Took))
		if play.Events[sample.Event] == script.Stopped {
			stops[play.Recording(sample.Recording).Name] = sample.Sent
		}
	}
	leg.SendTime = time.Duration(last - first)
	for name, sent := range stops {
		if seen, found := jobs[name]; found {
			leg.Jobs = append(leg.Jobs, time.Duration(seen.UnixNano()-sent))
		}
	}
	leg.JobTime, leg.WholeTime = latest(jobs, first), latest(finished, first)
	return leg
}

// latest is how long after the first nanosecond the last was seen; 0 of none.
func latest(seen map[string]time.Time, first int64) time.Duration {
	last := time.Duration(0)
	for _, at := range seen {
		last = max(last, time.Duration(at.UnixNano()-first))
	}
	return last
}

// charge adds what the leg took.
func charge(leg *report.Leg, before, after reading) {
	leg.CPU, leg.PeakRSS = map[string]time.Duration{}, map[string]int64{}
	for name, usage := range after.usage {
		leg.CPU[name] = usage.CPU - before.usage[name].CPU
		leg.PeakRSS[name] = usage.PeakRSS
	}
	counts := after.counts.Since(before.counts)
	leg.API, leg.Etcd, leg.UncachedGets = counts.API, counts.Etcd, counts.UncachedGets
}
