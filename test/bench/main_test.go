// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/test/bench/report"
)

func TestParse(t *testing.T) {
	s, err := parse([]string{"-senders=1,32", "-commit=abc", "-scale"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(senderList{1, 32}, s.senders); diff != "" || s.out != filepath.Join("bin", "bench", "abc-scale.json") {
		t.Errorf("%s, %s", s.out, diff)
	}
	if s, err = parse([]string{"-short", "-commit=abc"}, io.Discard); err != nil || s.recordings > 100 || s.out != filepath.Join("bin", "bench", "abc.json") {
		t.Errorf("%+v, %v", s, err)
	}
	for args, problem := range map[string]string{
		"-senders=0":              "not a number of senders",
		"-senders=1,":             "not a number of senders",
		"-rounds=0":               "at least 1",
		"-burst=-1":               "not be negative",
		"-in-flight=5 -stops=6":   "-in-flight",
		"run":                     "not a flag",
		"-recordings=many":        "invalid value",
		"-finished=0 -in-flight=": "invalid value",
	} {
		if _, err := parse(strings.Fields(args), io.Discard); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%s: %v, want %q", args, err, problem)
		}
	}
}

func TestRunExitCodes(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good.json")
	result := report.Result{Commit: "abc", Legs: []report.Leg{{
		Mode: report.Ours, Scene: report.Burst, Senders: 1, Recordings: 1, Webhooks: 1, SendTime: time.Second,
	}}}
	if err := result.Write(good); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args    []string
		code    int
		problem string
	}{
		{[]string{"-h"}, exitMet, ""},
		{[]string{"benchfmt", good}, exitMet, ""},
		{[]string{"benchfmt", filepath.Join(t.TempDir(), "none.json")}, exitFailed, "none.json"},
		{[]string{"-rounds=0"}, exitFailed, "-rounds"},
		{[]string{"-folder=" + filepath.Join(t.TempDir(), "new"), "-assets=" + t.TempDir()}, exitFailed, "make controlplane"},
	} {
		var stdout, stderr strings.Builder
		if code := run(t.Context(), tc.args, &stdout, &stderr); code != tc.code || !strings.Contains(stderr.String(), tc.problem) {
			t.Errorf("%v: %d, want %d; %s", tc.args, code, tc.code, stderr.String())
		}
	}
}

func TestThrottled(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{
		"manager.log": "Waited before sending request\nWaited due to client-side throttling, not priority and fairness\n",
		"etcd.log":    "client-side throttling\n",
		"sidecar.log": "Sidecar started\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if waits, err := throttled(folder); err != nil || waits != 1 {
		t.Errorf("%d, %v; want 1", waits, err)
	}
}

func TestFirstField(t *testing.T) {
	const text = "processor\t: 0\nmodel name\t: fast\nmodel name\t: other\n"
	if got := firstField(text, "model name"); got != "fast" {
		t.Errorf("%q", got)
	}
	if got := firstField(text, "none"); got != "unknown" {
		t.Errorf("%q", got)
	}
}

func TestSyncTime(t *testing.T) {
	folder := t.TempDir()
	took, err := syncTime(folder)
	if err != nil || took <= 0 {
		t.Errorf("%s, %v", took, err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	if _, err := syncTime(filepath.Join(folder, "none")); err == nil {
		t.Error("a folder that is not there was written to")
	}
}

// TestHelp: -h is no error, and reports every flag.
func TestHelp(t *testing.T) {
	var help strings.Builder
	if _, err := parse([]string{"-h"}, &help); !errors.Is(err, flag.ErrHelp) {
		t.Error(err)
	}
	for _, name := range []string{"-senders", "-scale", "-limit-events", "-short"} {
		if !strings.Contains(help.String(), name) {
			t.Errorf("no %s in\n%s", name, help.String())
		}
	}
}
