// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/chaos/audit"
	"github.com/meetingops/meeting-recording-operator/test/chaos/plan"
	"github.com/meetingops/meeting-recording-operator/test/chaos/runner"
)

func TestParse(t *testing.T) {
	s, err := parse([]string{"-seed=7", "-recordings=5000", "-duration=10m", "-fault-every=5s", "-root=../.."}, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	want := plan.Size{Seed: 7, Recordings: 5000, Faults: 120, Duration: 10 * time.Minute}
	if s.size != want || s.assets != "../../bin/k8s" || s.outage.Away != 0 {
		t.Errorf("settings %+v", s)
	}
}

func TestRunSaysWhatIsWrong(t *testing.T) {
	folder := t.TempDir()
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"help":             {[]string{"-h"}, exitPassed, "-recordings int"},
		"no such flag":     {[]string{"-recordigns=1"}, exitFailed, "not defined: -recordigns"},
		"argument":         {[]string{"1"}, exitFailed, `"1" is not a flag`},
		"no recordings":    {[]string{"-recordings=0"}, exitFailed, "-recordings must be at least 1"},
		"no time":          {[]string{"-duration=1s"}, exitFailed, "-duration must be at least 10s"},
		"faults for ever":  {[]string{"-fault-every=0s"}, exitFailed, "-fault-every must be more than 0"},
		"short outage":     {[]string{"-outage=1s"}, exitFailed, "-outage must be at least 8s"},
		"too many":         {[]string{"-per-second=1e4"}, exitFailed, `invalid value "1e4"`},
		"none a second":    {[]string{"-per-second=0"}, exitFailed, "-per-second must be from 4 to 1000"},
		"unknown mode":     {[]string{"-acknowledge=disk"}, exitFailed, "-acknowledge must be api or spool"},
		"no control plane": {[]string{"-assets=/no/such", "-folder", folder}, exitFailed, "start etcd"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), test.args, &stdout, &stderr)
			if code != test.code || !strings.Contains(stderr.String(), test.want) {
				t.Errorf("code %d, want %d; says:\n%s\nwant %q in it", code, test.code, stderr.String(), test.want)
			}
			if name == "no control plane" && (!strings.Contains(stdout.String(), folder) || !strings.Contains(stdout.String(), "make chaos CHAOS_SEED=1 CHAOS_RECORDINGS=300")) {
				t.Errorf("it does not say where the logs are and how to repeat:\n%s", stdout.String())
			}
		})
	}
}

func TestTable(t *testing.T) {
	outcome := &runner.Outcome{
		Report: &audit.Report{
			FilesAcknowledged: 3, FilesOnOneObject: 2, FilesByJobs: map[int]int{1: 2, 2: 1}, Lost: []string{"file /a"}, Doubled: []string{"file /b"},
			Wrong: make([]string, maxFindings+5),
		},
		Answers: map[string]int{"200 recorded": 5, "503 Service Unavailable": 1},
		Faults:  map[string]int{"SIGKILL etcd": 2, "key rotation": 1},
	}
	var out bytes.Buffer
	if err := printTable(&out, plan.Size{Seed: 42, Recordings: 3}, outcome); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"seed 42", "answered 200 recorded 5", "answered 503 Service Unavailable 1", "faults 3", "SIGKILL etcd 2", "files acknowledged 3",
		"on exactly one object 2", "files with 1 Jobs ever created 2", "files with 2 Jobs ever created 1", "lost 1", "doubled 1", "otherwise wrong 25",
		"LOST: file /a", "DOUBLED: file /b",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if got := strings.Count(out.String(), "WRONG:"); got != maxFindings {
		t.Errorf("%d findings are printed, want %d", got, maxFindings)
	}
}

// TestOutageTable: a promise that was not kept is said.
func TestOutageTable(t *testing.T) {
	kept := func() *runner.OutageOutcome {
		return &runner.OutageOutcome{Report: &audit.Report{}, Answers: map[string]int{"200 recorded": 3, "202 spooled": 4}, Slowest: time.Second, CaughtUp: time.Second}
	}
	for name, test := range map[string]struct {
		spoil func(*runner.OutageOutcome)
		want  string
	}{
		"kept":     {func(*runner.OutageOutcome) {}, ""},
		"refused":  {func(o *runner.OutageOutcome) { o.Answers["503 Service Unavailable"] = 2 }, "2 webhooks were answered 503 Service Unavailable"},
		"slow":     {func(o *runner.OutageOutcome) { o.Slowest = 3 * time.Second }, "an answer took 3s, more than 2.5s"},
		"too late": {func(o *runner.OutageOutcome) { o.CaughtUp = time.Minute }, "all was in the status only 1m0s after the API server's return, more than 30s"},
		"lost":     {func(o *runner.OutageOutcome) { o.Lost = []string{"file /a"} }, "file /a"},
	} {
		t.Run(name, func(t *testing.T) {
			outcome := kept()
			test.spoil(outcome)
			var out bytes.Buffer
			if err := printOutage(&out, runner.Outage{PerSecond: 100, Away: time.Minute}, outcome); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(out.String(), "NOT KEPT: "+test.want) != (test.want != "") || (len(outcome.Problems()) > 0) != (test.want != "") {
				t.Errorf("want %q, printed:\n%s", test.want, out.String())
			}
		})
	}
}
