// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const ms = time.Millisecond

// leg is one of 10 recordings that took a second.
func leg(mode Mode, scene Scene, senders int) Leg {
	l := Leg{
		Mode: mode, Scene: scene, Senders: senders, Recordings: 10, Webhooks: 40,
		SendTime: time.Second, JobTime: time.Second, WholeTime: time.Second,
		API: map[string]float64{
			"POST meetingrecordings": 10, "PATCH meetingrecordings/status": 60, "POST jobs": 10, "PATCH jobs/status": 10, "POST events": 10,
			"PUT leases": 7,
		},
		Etcd:    map[string]float64{"get meetingrecordings": 3},
		CPU:     map[string]time.Duration{APIServer: 300 * ms, Etcd: 100 * ms},
		PeakRSS: map[string]int64{APIServer: 400 << 20, Etcd: 60 << 20},
	}
	for range 40 {
		l.Acks = append(l.Acks, 4*ms)
	}
	for range 10 {
		l.Jobs = append(l.Jobs, 10*ms)
	}
	if mode != Limit {
		l.API["GET meetingrecordings"], l.API["LIST pods"] = 40, 10
		l.Etcd["get meetingrecordings"] = 3
		l.CPU[Sidecar], l.CPU[Manager] = 60*ms, 60*ms
		l.PeakRSS[Sidecar], l.PeakRSS[Manager] = 26<<20, 50<<20
	}
	return l
}

func find(t *testing.T, rows []Row, figure string) Row {
	t.Helper()
	i := slices.IndexFunc(rows, func(r Row) bool { return strings.Contains(r.Figure, figure) })
	if i < 0 {
		t.Fatalf("no row %q in %v", figure, rows)
	}
	return rows[i]
}

func TestLifecycleRows(t *testing.T) {
	ours := leg(Ours, Lifecycle, 1)
	ours.SendTime, ours.WholeTime = 1100*ms, 1200*ms // 0.91 and 0.83 of the limit
	for i := range ours.Acks {
		ours.Acks[i] = 6 * ms
	}
	rows := LifecycleRows([]Leg{leg(Limit, Lifecycle, 1), ours, leg(Limit, Lifecycle, 8), leg(Ours, Burst, 1)}, 1)
	for figure, want := range map[string]Verdict{
		"webhooks/s": Met, "recordings/s": Near, "acknowledgement p50": Missed, "acknowledgement p99, ms": Met, "acknowledgement p999": None,
		"Job seen p50": Met, "writes a recording": Met, "Events a recording": Met, "gets a webhook": Met, "reach etcd": Met,
		"CPU s for 1,000": Met, "sidecar's peak RSS": Met, "manager's peak RSS": None,
	} {
		if row := find(t, rows, figure); row.Result != want {
			t.Errorf("%s: %q, want %q: %+v", figure, row.Result, want, row)
		}
	}
	for figure, want := range map[string]float64{
		"writes a recording": 8, "Events a recording": 1, "gets a webhook": 1, "reach etcd": 0, "GET meetingrecordings": 4, "LIST pods": 1,
		"CPU s for 1,000": 3, "acknowledgement p50": 6, "sidecar's peak RSS": 26,
	} {
		if row := find(t, rows, figure); math.Abs(row.Ours-want) > 1e-9 {
			t.Errorf("%s: %g, want %g", figure, row.Ours, want)
		}
	}
	if AllMet(rows) {
		t.Error("a target that is missed is no failure")
	}
	if rows := LifecycleRows([]Leg{leg(Limit, Lifecycle, 1)}, 1); rows != nil {
		t.Errorf("a table of one mode: %v", rows)
	}
}

// TestGetsThatReachEtcd: a single one is missed, and what etcd is asked with the writes is none.
func TestGetsThatReachEtcd(t *testing.T) {
	ours := leg(Ours, Lifecycle, 1)
	ours.Etcd["get meetingrecordings"] += 40
	if row := find(t, LifecycleRows([]Leg{leg(Limit, Lifecycle, 1), ours}, 1), "reach etcd"); row.Ours != 0 || row.Result != Met {
		t.Errorf("%+v", row)
	}
	ours.UncachedGets = 1
	if row := find(t, LifecycleRows([]Leg{leg(Limit, Lifecycle, 1), ours}, 1), "reach etcd"); row.Ours != 1.0/40 || row.Result != Missed {
		t.Errorf("%+v", row)
	}
}

func TestBurstRows(t *testing.T) {
	ours := leg(Ours, Burst, 32)
	ours.JobTime, ours.Jobs = 5*time.Second, ours.Jobs[:9]
	ours.Answers = map[int]int{200: 9, 503: 2}
	rows := BurstRows([]Leg{leg(Limit, Burst, 32), ours, leg(Ours, Burst, 64)})
	for figure, want := range map[string]float64{"Jobs/s": 1.8, "last Job": 5, "lost": 1, "answered": 2} {
		if row := find(t, rows, figure); row.Ours != want {
			t.Errorf("%s: %g, want %g", figure, row.Ours, want)
		}
	}
	for _, figure := range []string{"Jobs/s", "last Job", "lost"} {
		if row := find(t, rows, figure); row.Result != Missed {
			t.Errorf("%s is %q", figure, row.Result)
		}
	}
	slow := leg(Limit, Burst, 32)
	slow.JobTime = 6 * time.Second
	if row := find(t, BurstRows([]Leg{slow, ours}), "last Job"); row.Result != None {
		t.Errorf("where the API server alone takes longer than the target, the last Job is %q", row.Result)
	}
}

func TestSpoolRows(t *testing.T) {
	spool := leg(Spool, Lifecycle, 32)
	spool.API["PATCH meetingrecordings/status"] = 30
	spool.WholeTime = 500 * ms
	rows := SpoolRows([]Leg{leg(Ours, Lifecycle, 32), spool}, 32)
	for figure, want := range map[string]float64{"writes a recording": 5, "recordings/s": 20, "acknowledgement p99": 4} {
		if row := find(t, rows, figure); row.Ours != want || row.Result != Met {
			t.Errorf("%s: %+v, want %g", figure, row, want)
		}
	}
	if rows := SpoolRows([]Leg{leg(Ours, Lifecycle, 32)}, 32); rows != nil {
		t.Errorf("a table of a mode that was not played: %v", rows)
	}
}

func TestScaleRows(t *testing.T) {
	crowd := leg(Ours, Burst, 2000)
	crowd.Jobs = crowd.Jobs[:9]
	crowd.Answers = map[int]int{0: 1, 200: 5, 202: 5, 503: 7}
	full := leg(Ours, Lifecycle, 1)
	full.PeakRSS[Manager] = 90 << 20
	for i := range full.Acks {
		full.Acks[i] = 6 * ms
	}
	rows := ScaleRows(ScaleFigures{
		Finished: 100000, StartNone: time.Second, StartFull: 4 * time.Second, ManagerNone: 50 << 20, ManagerFull: 55 << 20, Crowd: crowd,
	}, []Leg{full, leg(Empty, Lifecycle, 1), leg(Limit, Lifecycle, 1)})
	for figure, want := range map[string]Verdict{
		"when it has started": Met, "manager's peak RSS under": Missed, "alone": Missed, "manager start": Missed,
		"acknowledgement p99, senders: 1": Missed, "lost": Missed, "acknowledged by the spool": None, "kube-apiserver's peak": None,
	} {
		if row := find(t, rows, figure); row.Result != want {
			t.Errorf("%s: %q, want %q: %+v", figure, row.Result, want, row)
		}
	}
	for figure, want := range map[string]float64{"lost": 1, "answered": 7, "broke": 1, "acknowledged by the spool": 5, "alone": 90} {
		if row := find(t, rows, figure); row.Ours != want {
			t.Errorf("%s: %g, want %g", figure, row.Ours, want)
		}
	}
}

// TestPercentile: so many percent of the samples are no larger, and one is as large.
func TestPercentile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) time.Duration { return time.Duration(rapid.IntRange(0, 50).Draw(t, "")) }), 1, 300).Draw(t, "samples")
		percent := rapid.SampledFrom([]float64{1, 50, 99, 99.9, 100}).Draw(t, "percent")
		got := Percentile(samples, percent)
		below, atMost := 0, 0
		for _, sample := range samples {
			if sample < got {
				below++
			}
			if sample <= got {
				atMost++
			}
		}
		need := percent / 100 * float64(len(samples))
		if float64(atMost) < need || float64(below) >= need || atMost == below {
			t.Fatalf("p%g of %v is %d", percent, samples, got)
		}
	})
	if Percentile(nil, 50) != 0 {
		t.Error("nothing has a percentile")
	}
}

// TestVerdicts: a tenth beside the target is near, a bit more is missed.
func TestVerdicts(t *testing.T) {
	for _, tc := range []struct {
		target *Target
		value  float64
		want   Verdict
	}{
		{nil, 1, None},
		{atLeast(0.9), 0.9, Met},
		{atLeast(0.9), 0.82, Near},
		{atLeast(0.9), 0.8, Missed},
		{atMost(1.5), 1.5, Met},
		{atMost(1.5), 1.64, Near},
		{atMost(1.5), 1.66, Missed},
		{noMoreThan(0), 0, Met},
		{noMoreThan(0), 1, Missed},
		{atLeast(0.9), math.NaN(), Missed},
		{atLeast(0.9), math.Inf(1), Missed},
	} {
		if got := tc.target.evaluate(tc.value); got != tc.want {
			t.Errorf("%s, %g: %q, want %q", tc.target, tc.value, got, tc.want)
		}
	}
}

func TestPrint(t *testing.T) {
	var b strings.Builder
	rows := []Row{beside("One", "a/s", 2, 1.5, atLeast(0.9)), alone("One", "b", 123.4, nil), alone("Two", "c", 0, noMoreThan(1))}
	if err := Print(&b, rows); err != nil {
		t.Fatal(err)
	}
	want := `
One
  limit  ours  ours/limit  target         figure
   2.00  1.50        0.75  ≥ 0.9x  MISSED a/s
          123                             b

Two
  limit  ours  ours/limit  target      figure
            0                 ≤ 1  met c
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestResult: what is written can be read, and benchstat understands it.
func TestResult(t *testing.T) {
	result := Result{Commit: "abc", Machine: Machine{CPU: "fast"}, Legs: []Leg{leg(Limit, Lifecycle, 8), leg(Ours, Lifecycle, 8)}}
	file := filepath.Join(t.TempDir(), "folder", "abc.json")
	if err := result.Write(file); err != nil {
		t.Fatal(err)
	}
	got, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(result, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var b strings.Builder
	if err := got.Benchfmt(&b); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"commit: abc", "Unit webhooks/s better=higher",
		"BenchmarkLifecycle/mode=limit/senders=8 1 40 webhooks/s 10 recordings/s", "BenchmarkLifecycle/mode=ours/senders=8 1 40 webhooks/s",
		"BenchmarkLifecycle/mode=ours/senders=8 1 1 x-limit-webhooks/s",
	} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("no %q in\n%s", line, b.String())
		}
	}
	if strings.Contains(b.String(), "Inf") || strings.Contains(b.String(), "NaN") {
		t.Errorf("benchstat does not understand\n%s", b.String())
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none.json")); err == nil {
		t.Error("a file that is not there is read")
	}
}

func TestMachine(t *testing.T) {
	m := Machine{CPU: "fast", Cores: 2, MemoryMiB: 1024, Kernel: "6", APIServer: "v1", Etcd: "v3", SyncP50: 1234567, Load: "0.1"}
	if got, want := m.String(), "fast, 2 cores, 1024 MiB, Linux 6, fsync p50 1.23ms, load before 0.1; v1, v3"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
