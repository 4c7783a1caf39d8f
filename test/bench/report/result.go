// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Result is a whole run, as it is kept.
type Result struct {
	// Commit is what was measured, and Began when.
	Commit  string    `json:"commit"`
	Began   time.Time `json:"began"`
	Machine Machine   `json:"machine"`
	Legs    []Leg     `json:"legs"`
	Rows    []Row     `json:"rows"`
	// Scale is of a scale run only.
	Scale *ScaleFigures `json:"scale,omitempty"`
}

// Machine is where it was measured.
type Machine struct {
	CPU       string `json:"cpu"`
	Cores     int    `json:"cores"`
	MemoryMiB int64  `json:"memoryMiB"`
	Kernel    string `json:"kernel"`
	APIServer string `json:"apiServer"`
	Etcd      string `json:"etcd"`
	// SyncP50 is the median of a write of 4 KiB and its fsync, in the folder of etcd's data.
	SyncP50 time.Duration `json:"syncP50"`
	// Load is the load average when the run began: what others took of the machine.
	Load string `json:"load"`
}

func (m Machine) String() string {
	return fmt.Sprintf("%s, %d cores, %d MiB, Linux %s, fsync p50 %s, load before %s; %s, %s",
		m.CPU, m.Cores, m.MemoryMiB, m.Kernel, m.SyncP50.Round(10*time.Microsecond), m.Load, m.APIServer, m.Etcd)
}

// Write writes the result to a file, whose folder it makes.
func (r Result) Write(file string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// Read reads a result from a file.
func Read(file string) (Result, error) {
	var r Result
	text, err := os.ReadFile(file)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("%s is no result of the benchmark: %w", file, err)
	}
	return r, nil
}

// units are what benchstat is to know of ours: golang.org/x/perf/benchfmt.
var units = []string{"webhooks/s", "recordings/s", "jobs/s"}

// Benchfmt writes the result in the format of Go's benchmarks, for benchstat: each leg is a measurement of its own, and so is how it compares
// with the limit's of the same round, which is what machines and moments have least influence on.
func (r Result) Benchfmt(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "commit: %s\ncpu: %s\n", r.Commit, r.Machine.CPU)
	for _, unit := range units {
		fmt.Fprintf(&b, "Unit %s better=higher\nUnit x-limit-%s better=higher\n", unit, unit)
	}
	for i := range r.Legs {
		leg := &r.Legs[i]
		figures := figuresOf(*leg)
		name := fmt.Sprintf("Benchmark%s/mode=%s/senders=%d", title(string(leg.Scene)), leg.Mode, leg.Senders)
		writeLine(&b, name, "", figures)
		beside := slices.IndexFunc(r.Legs, func(l Leg) bool {
			return l.Mode == Limit && l.Scene == leg.Scene && l.Senders == leg.Senders && l.Round == leg.Round
		})
		if leg.Mode == Limit || beside < 0 {
			continue
		}
		limits := figuresOf(r.Legs[beside])
		for i := range figures {
			figures[i].value /= limits[i].value
		}
		writeLine(&b, name, "x-limit-", figures)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func title(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

type figure struct {
	unit  string
	value float64
}

// figuresOf are those of a leg that benchstat compares.
func figuresOf(leg Leg) []figure {
	p := pool{leg}
	return []figure{
		{"webhooks/s", p.webhooksPerSecond()}, {"recordings/s", p.recordingsPerSecond()}, {"jobs/s", p.jobsPerSecond()},
		{"ack-p50-ms", p.ack(50)}, {"ack-p99-ms", p.ack(99)}, {"job-p50-ms", p.job(50)}, {"job-p99-ms", p.job(99)},
		{"writes/recording", p.requests(isWrite)}, {"control-plane-cpu-s/1000", p.cpu(APIServer, Etcd)},
		{"sidecar-cpu-s/1000", p.cpu(Sidecar)}, {"manager-cpu-s/1000", p.cpu(Manager)},
		{"sidecar-rss-MiB", p.peak(Sidecar)}, {"manager-rss-MiB", p.peak(Manager)},
	}
}

// writeLine writes the figures that there are.
func writeLine(b *strings.Builder, name, prefix string, figures []figure) {
	fmt.Fprintf(b, "%s 1", name)
	for _, f := range figures {
		if f.value > 0 && !math.IsInf(f.value, 0) && !math.IsNaN(f.value) {
			fmt.Fprintf(b, " %.6g %s%s", f.value, prefix, f.unit)
		}
	}
	b.WriteByte('\n')
}
