// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

var (
	epoch   = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	session = Session{"m", "s"}
	archive = Step{"archive", "archive"}
)

// good is a run of one recording, all of which was acknowledged, and came about.
func good() Input {
	in := Input{
		Sessions: map[Session]int{session: 1},
		Objects:  []v1alpha1.MeetingRecording{*object("m-s", 1)},
		Jobs:     []Job{{UID: "1", Name: "m-s-archive", Created: epoch, FilePath: "/f.mp4", Pipeline: "archive", Step: "archive", Ended: true, Succeeded: true}},
		Steps:    []Step{archive},
		Window:   10 * time.Second,
	}
	for i, eventType := range []v1alpha1.EventType{v1alpha1.EventStarting, v1alpha1.EventStarted, v1alpha1.EventStopping, v1alpha1.EventStopped} {
		at := epoch.Add(time.Duration(i) * time.Second)
		event := Event{Session: session, Type: eventType, Acknowledged: true, AcknowledgedAt: at, From: at, To: at}
		if eventType == v1alpha1.EventStopped {
			event.FilePath = "/f.mp4"
		}
		in.Events = append(in.Events, event)
	}
	return in
}

// object is what is to come of the events of good.
func object(name string, segment int32) *v1alpha1.MeetingRecording {
	o := &v1alpha1.MeetingRecording{ObjectMeta: metav1.ObjectMeta{Name: name}}
	o.Spec = v1alpha1.MeetingRecordingSpec{MeetingID: "m", SessionID: "s", Segment: segment}
	o.Status.Recording = v1alpha1.RecordingStatus{State: v1alpha1.RecordingStopped, File: &v1alpha1.RecordingFile{Path: "/f.mp4"}}
	for _, eventType := range []v1alpha1.EventType{v1alpha1.EventStarting, v1alpha1.EventStarted, v1alpha1.EventStopping, v1alpha1.EventStopped} {
		o.Status.Recording.Events = append(o.Status.Recording.Events, v1alpha1.RecordingEvent{Type: eventType, Deliveries: 1})
	}
	o.Status.Processing.Steps = []v1alpha1.StepStatus{{Pipeline: "archive", Step: "archive", Attempt: 1, JobName: "m-s-archive", State: v1alpha1.StepSucceeded}}
	return o
}

func TestAuditPasses(t *testing.T) {
	report := Audit(good())
	want := &Report{
		FilesAcknowledged: 1, FilesOnOneObject: 1, FilesByJobs: map[int]int{1: 1}, EventsAcknowledged: 4, EventsInStatus: 4,
		Wholes: 1, Objects: 1, Jobs: 1,
	}
	if diff := cmp.Diff(want, report); diff != "" || !report.Passed() {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAuditFinds: an audit that cannot fail is worth nothing.
func TestAuditFinds(t *testing.T) {
	for name, test := range map[string]struct {
		spoil          func(*Input)
		lost           string
		doubled, wrong string
	}{
		"lost file": {
			spoil: func(in *Input) { in.Objects[0].Status.Recording.File = nil; in.Jobs = nil },
			lost:  "file f.mp4 was acknowledged and is on no object",
			wrong: "has the file <nil>",
		},
		"lost object": {
			spoil: func(in *Input) { in.Objects = nil },
			lost:  "file f.mp4 was acknowledged and is on no object",
			wrong: "which no object has",
		},
		"doubled file": {
			spoil:   func(in *Input) { in.Objects = append(in.Objects, *object("m-s-2", 2)) },
			doubled: "file f.mp4 is on [m-s m-s-2]",
		},
		"doubled file that was not acknowledged": {
			spoil: func(in *Input) {
				in.Objects = append(in.Objects, *object("m-s-2", 2))
				in.Events[3].Acknowledged, in.Events[3].Unsure = false, true
			},
			doubled: "file f.mp4 is on [m-s m-s-2]",
		},
		"lost event": {
			spoil: func(in *Input) { in.Objects[0].Status.Recording.Events = in.Objects[0].Status.Recording.Events[1:] },
			lost:  "session m/s: 1 deliveries of Starting were acknowledged, the status counts 0",
		},
		"lost delivery": {
			spoil: func(in *Input) { in.Events = append(in.Events, in.Events[1]) },
			lost:  "session m/s: 2 deliveries of Started were acknowledged, the status counts 1",
		},
		"a file that the provider lists and no webhook delivered": {
			spoil: func(in *Input) { in.Listed = []string{"uploads/f.mp4", "f.mp4"} },
			lost:  "file uploads/f.mp4 is listed by the provider and is on no object",
		},
		"no Job": {
			spoil: func(in *Input) { in.Jobs = nil },
			lost:  "file f.mp4: no Job was ever created for step archive of archive",
		},
		"Job created again under its name": {
			spoil:   func(in *Input) { again := in.Jobs[0]; again.UID = "2"; in.Jobs = append(in.Jobs, again) },
			doubled: "file f.mp4: 2 Jobs were created for step archive of archive: [m-s-archive (1, 12:00:00) m-s-archive (2, 12:00:00)]",
		},
		"Job created again under another name": {
			spoil: func(in *Input) {
				again := in.Jobs[0]
				again.UID, again.Name = "2", "other"
				in.Jobs = append(in.Jobs, again)
			},
			doubled: "2 Jobs were created",
		},
		"second attempt in the status": {
			spoil:   func(in *Input) { in.Objects[0].Status.Processing.Steps[0].Attempt = 2 },
			doubled: "the status reports attempt 2",
		},
		"Job of another name in the status": {
			spoil:   func(in *Input) { in.Objects[0].Status.Processing.Steps[0].JobName = "other" },
			doubled: "the status reports attempt 1, Job other",
		},
		"step twice in the status": {
			spoil: func(in *Input) {
				steps := &in.Objects[0].Status.Processing.Steps
				*steps = append(*steps, (*steps)[0])
			},
			doubled: "the status reports step archive 2 times",
		},
		"step not in the status": {
			spoil: func(in *Input) { in.Objects[0].Status.Processing.Steps = nil },
			lost:  "m-s: the status does not report Job m-s-archive",
		},
		"outcome not in the status": {
			spoil: func(in *Input) { in.Jobs[0].Succeeded = false },
			wrong: "m-s: Job m-s-archive ended as Failed, the status says Succeeded",
		},
		"Job never run": {
			spoil: func(in *Input) { in.Jobs[0].Ended = false },
			wrong: "m-s: Job m-s-archive was never run",
		},
		"Job of no step": {
			spoil: func(in *Input) { other := in.Jobs[0]; other.Step = "other"; in.Jobs = append(in.Jobs, other) },
			wrong: "is for a step that no pipeline has",
		},
		"Job of no file": {
			spoil: func(in *Input) {
				in.Jobs = append(in.Jobs, Job{UID: "2", Name: "j", Created: epoch, FilePath: "/other.mp4"})
			},
			wrong: `[j (2, 12:00:00)]: for file "other.mp4", which no object has`,
		},
		"object of nobody": {
			spoil: func(in *Input) { in.Objects[0].Spec.SessionID = "t" },
			wrong: "[m-s]: of a session that nobody sent",
			lost:  "deliveries of Starting were acknowledged",
		},
		"gap in the chain": {
			spoil: func(in *Input) { in.Objects[0].Spec.Segment = 2 },
			wrong: "session m/s has [m-s], and no segment 1",
		},
		"one recording in two objects": {
			spoil: func(in *Input) {
				second := object("m-s-2", 2)
				second.Status.Recording.File = nil
				in.Objects = append(in.Objects, *second)
			},
			doubled: "session m/s had one recording, and has the objects [m-s m-s-2]",
		},
		"state": {
			spoil: func(in *Input) { in.Objects[0].Status.Recording.State = v1alpha1.RecordingFailed },
			wrong: "m-s is Failed, want Stopped",
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := good()
			test.spoil(&in)
			report := Audit(in)
			for _, finding := range []struct {
				kind, want string
				got        []string
			}{{"lost", test.lost, report.Lost}, {"doubled", test.doubled, report.Doubled}, {"wrong", test.wrong, report.Wrong}} {
				got := strings.Join(finding.got, "\n")
				if (finding.want == "") != (got == "") || !strings.Contains(got, finding.want) {
					t.Errorf("%s: %q, want %q", finding.kind, got, finding.want)
				}
			}
			if report.Passed() {
				t.Error("the audit has passed")
			}
		})
	}
}

// TestCountsInMemory: the count of identical webhooks beyond the fourth within the window may be lost, and no other.
func TestCountsInMemory(t *testing.T) {
	for name, tc := range map[string]struct {
		apart    time.Duration
		filePath string
		lost     int
	}{
		"within the window":          {time.Second, "", 0},
		"beyond the window":          {3 * time.Second, "", 1},
		"another file, so all count": {time.Second, "g.mp4", 1},
	} {
		t.Run(name, func(t *testing.T) {
			in := good()
			started := in.Events[1]
			for i := range 4 {
				again := started
				again.AcknowledgedAt = started.AcknowledgedAt.Add(time.Duration(i+1) * tc.apart)
				if i == 0 {
					again.FilePath = tc.filePath
				}
				in.Events = append(in.Events, again)
			}
			in.Objects[0].Status.Recording.Events[1].Deliveries = 4
			lost := slices.DeleteFunc(Audit(in).Lost, func(finding string) bool { return !strings.Contains(finding, "deliveries of Started") })
			if len(lost) != tc.lost {
				t.Errorf("%d lost, want %d: %q", len(lost), tc.lost, lost)
			}
		})
	}
}

// TestWholes: which sessions must end in one object.
func TestWholes(t *testing.T) {
	failedToo := func(in *Input) {
		in.Events = append(in.Events, Event{Session: session, Type: v1alpha1.EventFailed, Acknowledged: true, From: epoch, To: epoch})
		in.Objects[0].Status.Recording.Events = append(in.Objects[0].Status.Recording.Events, v1alpha1.RecordingEvent{Type: v1alpha1.EventFailed, Deliveries: 1})
	}
	backfilled := func(in *Input) { // its recording-stopped was lost, and the file came after the failure was acted on
		failedToo(in)
		in.Events = slices.Delete(in.Events, 3, 4)
		in.Listed = []string{"f.mp4"}
		late, first := object("m-s-2", 2), &in.Objects[0].Status
		late.Status.Recording.Events = late.Status.Recording.Events[3:]
		first.Recording.State, first.Recording.File, first.Processing.Steps = v1alpha1.RecordingFailed, nil, nil
		first.Recording.Events = slices.Delete(first.Recording.Events, 3, 4)
		in.Objects = append(in.Objects, *late)
	}
	for name, test := range map[string]struct {
		change func(*Input)
		want   int
	}{
		"failed, and backfilled":      {backfilled, 0},
		"all within the window":       {func(*Input) {}, 1},
		"two recordings":              {func(in *Input) { in.Sessions[session] = 2 }, 0},
		"an event was refused":        {func(in *Input) { in.Events[0].Acknowledged = false }, 0},
		"an attempt was not answered": {func(in *Input) { in.Events[0].Unsure = true }, 0},
		"beyond the window":           {func(in *Input) { in.Events[0].To = epoch.Add(11 * time.Second) }, 0},
		"failed, and has a file":      {failedToo, 1},
		"the same by the spool":       {func(in *Input) { failedToo(in); in.Events[3].Spooled = true }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			in := good()
			test.change(&in)
			if report := Audit(in); report.Wholes != test.want || !report.Passed() {
				t.Errorf("%d wholes, want %d; %+v", report.Wholes, test.want, report)
			}
		})
	}
}

func TestDelays(t *testing.T) {
	s := NewSightings()
	in := good()
	if s.Missing(in.Events, in.Window) == "" || len(s.Delays(in.Events)) != 0 {
		t.Error("events were seen before they were there")
	}
	early := in.Objects[0].DeepCopy()
	early.Status.Recording.Events, early.Status.Recording.File = early.Status.Recording.Events[:3], nil
	s.See(early, epoch.Add(2500*time.Millisecond))
	if s.Missing(in.Events, in.Window) == "" {
		t.Error("complete without the file")
	}
	s.See(&in.Objects[0], epoch.Add(10*time.Second))
	s.See(&in.Objects[0], epoch.Add(20*time.Second)) // again
	if s.Missing(in.Events, in.Window) != "" {
		t.Error("not complete")
	}
	// The first three after 2.5, 1.5 and 0.5 s, the last and its file after 7.
	if got := Longest(s.Delays(in.Events)); got != 7*time.Second {
		t.Errorf("the longest delay is %s", got)
	}
	in.Events = append(in.Events, in.Events[0])
	if s.Missing(in.Events, in.Window) == "" {
		t.Error("complete without the second delivery")
	}
	again := in.Objects[0].DeepCopy()
	again.Status.Recording.Events[0].Deliveries = 2
	s.See(again, epoch.Add(30*time.Second))
	if got := Longest(s.Delays(in.Events)); got != 30*time.Second || s.Missing(in.Events, in.Window) != "" {
		t.Errorf("the longest delay is %s", got)
	}
	if Longest(nil) != 0 {
		t.Error("a longest of nothing")
	}
}
