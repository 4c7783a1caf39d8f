// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package report makes tables with verdicts of what a benchmark has measured. It is pure.
package report

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Mode is who played a leg.
type Mode string

// The modes.
const (
	// Limit is the bare program that makes the operator's writes.
	Limit Mode = "limit"
	// Ours is the operator as it is installed.
	Ours Mode = "ours"
	// Spool is the operator with --acknowledge=spool.
	Spool Mode = "spool"
	// Empty is the operator in a scale run, on a control plane that has no finished recordings.
	Empty Mode = "empty"
)

// Scene is what was played in a leg.
type Scene string

// The scenes.
const (
	// Lifecycle is whole recordings: four webhooks, a Job, an outcome.
	Lifecycle Scene = "lifecycle"
	// Burst is the ends of recordings that were begun before.
	Burst Scene = "burst"
)

// The names of processes.
const (
	APIServer = "kube-apiserver"
	Etcd      = "etcd"
	Sidecar   = "sidecar"
	Manager   = "manager"
	Player    = "player" // the load generator, or the limit itself
)

// Leg is what was measured of one script, played once.
type Leg struct {
	Mode  Mode  `json:"mode"`
	Scene Scene `json:"scene"`
	// Senders, Recordings and Webhooks are how many there were; Round counts the legs that are alike.
	Senders    int `json:"senders"`
	Recordings int `json:"recordings"`
	Webhooks   int `json:"webhooks"`
	Round      int `json:"round"`
	// Acks is how long each webhook, or the limit's own write in its place, took.
	Acks []time.Duration `json:"acks"`
	// Jobs is how long it took from when a stop was sent until the Job was seen.
	Jobs []time.Duration `json:"jobs"`
	// SendTime, JobTime and WholeTime are from the first webhook to the last acknowledgement, Job and outcome.
	SendTime  time.Duration `json:"sendTime"`
	JobTime   time.Duration `json:"jobTime"`
	WholeTime time.Duration `json:"wholeTime"`
	// API and Etcd count requests, such as "PATCH meetingrecordings/status" and "get meetingrecordings".
	API  map[string]float64 `json:"api"`
	Etcd map[string]float64 `json:"etcd"`
	// UncachedGets are the gets of recordings that the API server did not answer from its watch cache.
	UncachedGets float64 `json:"uncachedGets"`
	// CPU is what each process spent.
	CPU map[string]time.Duration `json:"cpu"`
	// PeakRSS is the most memory of each process, in bytes.
	PeakRSS map[string]int64 `json:"peakRSS"`
	// Answers counts the answers to webhooks by status.
	Answers map[int]int `json:"answers,omitempty"`
}

// Select returns the legs of a mode and a scene with so many senders.
func Select(legs []Leg, mode Mode, scene Scene, senders int) []Leg {
	return slices.DeleteFunc(slices.Clone(legs), func(l Leg) bool {
		return l.Mode != mode || l.Scene != scene || l.Senders != senders
	})
}

// Senders returns how many senders there were in legs of a scene, in order.
func Senders(legs []Leg, scene Scene) []int {
	seen := map[int]bool{}
	for i := range legs {
		if legs[i].Scene == scene {
			seen[legs[i].Senders] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// pool is legs that are alike, taken together.
type pool []Leg

func (p pool) sum(of func(Leg) float64) float64 {
	sum := 0.0
	for i := range p {
		sum += of(p[i])
	}
	return sum
}

func (p pool) recordings() float64 {
	return p.sum(func(l Leg) float64 { return float64(l.Recordings) })
}
func (p pool) webhooks() float64 { return p.sum(func(l Leg) float64 { return float64(l.Webhooks) }) }

// rate is how many there were in a second.
func (p pool) rate(of func(Leg) float64, in func(Leg) time.Duration) float64 {
	return p.sum(of) / p.sum(func(l Leg) float64 { return in(l).Seconds() })
}

func (p pool) webhooksPerSecond() float64 {
	return p.rate(func(l Leg) float64 { return float64(l.Webhooks) }, func(l Leg) time.Duration { return l.SendTime })
}

func (p pool) recordingsPerSecond() float64 {
	return p.rate(func(l Leg) float64 { return float64(l.Recordings) }, func(l Leg) time.Duration { return l.WholeTime })
}

func (p pool) jobsPerSecond() float64 {
	return p.rate(func(l Leg) float64 { return float64(len(l.Jobs)) }, func(l Leg) time.Duration { return l.JobTime })
}

// ack is a percentile, in milliseconds.
func (p pool) ack(percent float64) float64 {
	return p.percentile(percent, func(l Leg) []time.Duration { return l.Acks })
}

func (p pool) job(percent float64) float64 {
	return p.percentile(percent, func(l Leg) []time.Duration { return l.Jobs })
}

func (p pool) percentile(percent float64, of func(Leg) []time.Duration) float64 {
	parts := make([][]time.Duration, len(p))
	for i := range p {
		parts[i] = of(p[i])
	}
	return float64(Percentile(slices.Concat(parts...), percent)) / float64(time.Millisecond)
}

// Percentile returns the smallest sample that so many percent are no larger than; 0 of none.
func Percentile(samples []time.Duration, percent float64) time.Duration {
	if len(samples) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(samples))
	rank := int(percent / 100 * float64(len(sorted)))
	if float64(rank) < percent/100*float64(len(sorted)) {
		rank++
	}
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// requests is how many there were that the function selects, for each recording.
func (p pool) requests(of func(verb, resource string) bool) float64 {
	return p.sum(func(l Leg) float64 { return count(l.API, of) }) / p.recordings()
}

func (p pool) etcdRequests(of func(operation, resource string) bool) float64 {
	return p.sum(func(l Leg) float64 { return count(l.Etcd, of) }) / p.recordings()
}

func count(requests map[string]float64, of func(verb, resource string) bool) float64 {
	sum := 0.0
	for key, n := range requests {
		if verb, resource, _ := strings.Cut(key, " "); of(verb, resource) {
			sum += n
		}
	}
	return sum
}

// cpu is the seconds that the processes spent for 1,000 webhooks.
func (p pool) cpu(processes ...string) float64 {
	return 1000 * p.sum(func(l Leg) float64 {
		seconds := 0.0
		for _, process := range processes {
			seconds += l.CPU[process].Seconds()
		}
		return seconds
	}) / p.webhooks()
}

// peak is the most memory of a process, in MiB.
func (p pool) peak(process string) float64 {
	most := int64(0)
	for i := range p {
		most = max(most, p[i].PeakRSS[process])
	}
	return float64(most) / (1 << 20)
}
