// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"slices"
	"time"
)

// ScaleFigures are what a scale run has beside its legs.
type ScaleFigures struct {
	// Finished is how many finished recordings there were.
	Finished int `json:"finished"`
	// StartNone and StartFull are from a manager's start until its first reconciliation has made a Job, without them and with.
	StartNone time.Duration `json:"startNone"`
	StartFull time.Duration `json:"startFull"`
	// The memory of a manager that has just started, in bytes, without them and with.
	ManagerNone int64 `json:"managerNone"`
	ManagerFull int64 `json:"managerFull"`
	// InFlight is how many recordings were in flight at once, and ManagerInFlight the manager's memory with them.
	InFlight        int   `json:"inFlight"`
	ManagerInFlight int64 `json:"managerInFlight"`
	// Crowd is the leg in which many of them ended in the same second.
	Crowd Leg `json:"crowd"`
}

// ScaleRows returns the tables of a scale run, whose legs are of the modes Empty and Ours.
func ScaleRows(s ScaleFigures, legs []Leg) []Row {
	table := fmt.Sprintf("%d finished recordings (ours) beside none (limit)", s.Finished)
	of := func(mode Mode, senders ...int) pool {
		parts := make([][]Leg, len(senders))
		for i, n := range senders {
			parts[i] = Select(legs, mode, Lifecycle, n)
		}
		return slices.Concat(parts...)
	}
	all := Senders(legs, Lifecycle)
	none, full := of(Empty, all...), of(Ours, all...)
	peak := func(process string, target *Target) Row {
		return beside(table, process+"'s peak RSS under the same load, MiB", none.peak(process), full.peak(process), target)
	}
	rows := []Row{
		beside(table, "manager's RSS when it has started, MiB", mebibytes(s.ManagerNone), mebibytes(s.ManagerFull), atMost(1.25)),
		peak(Manager, atMost(1.25)),
		alone(table, "the same, alone", full.peak(Manager), noMoreThan(80)),
		peak(Sidecar, noMoreThan(64)), peak(APIServer, nil), peak(Etcd, nil),
		beside(table, "manager start to first Job, s", s.StartNone.Seconds(), s.StartFull.Seconds(), noMoreThan(3)),
	}
	for _, n := range all {
		rows = append(rows, beside(table, fmt.Sprintf("acknowledgement p99, senders: %d, ms", n), of(Empty, n).ack(99), of(Ours, n).ack(99), atMost(1.25)))
	}
	return append(rows, crowdRows(s)...)
}

// crowdRows are of many recordings in flight, and of many that end at once.
func crowdRows(s ScaleFigures) []Row {
	crowd := pool{s.Crowd}
	table := fmt.Sprintf("%d recordings in flight, %d stops in the same second", s.InFlight, s.Crowd.Recordings)
	return []Row{
		alone(table, "manager's RSS with them in flight, MiB", mebibytes(s.ManagerInFlight), nil),
		alone(table, "manager's peak RSS when they end, MiB", crowd.peak(Manager), nil),
		alone(table, "sidecar's peak RSS, MiB", crowd.peak(Sidecar), noMoreThan(64)),
		alone(table, "first stop to last acknowledgement, s", s.Crowd.SendTime.Seconds(), nil),
		alone(table, "first stop to last Job, s", s.Crowd.JobTime.Seconds(), nil),
		alone(table, "acknowledged by the spool (202)", float64(s.Crowd.Answers[202]), nil),
		alone(table, "answered 429 or 503, and sent again", refused(s.Crowd), nil),
		alone(table, "connections that broke, and sent again", float64(s.Crowd.Answers[0]), nil),
		alone(table, "lost", float64(s.Crowd.Recordings-len(s.Crowd.Jobs)), noMoreThan(0)),
	}
}

func mebibytes(bytes int64) float64 { return float64(bytes) / (1 << 20) }
