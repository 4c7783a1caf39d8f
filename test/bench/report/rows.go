// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// oneSender is where acknowledgements are compared with the limit's own write; with more, both wait for the API server's CPU.
const oneSender = 1

// LifecycleRows returns the table of whole recordings with so many senders; none where one of the modes was not played.
func LifecycleRows(legs []Leg, senders int) []Row {
	limit, ours := pool(Select(legs, Limit, Lifecycle, senders)), pool(Select(legs, Ours, Lifecycle, senders))
	if len(limit) == 0 || len(ours) == 0 {
		return nil
	}
	table := fmt.Sprintf("Whole recordings, senders: %d", senders)
	add := func(figure string, of func(pool) float64, target *Target) Row {
		return beside(table, figure, of(limit), of(ours), target)
	}
	var p50, p99 *Target
	if senders == oneSender {
		p50, p99 = atMost(1.25), atMost(1.5)
	}
	rows := []Row{
		add("webhooks/s", pool.webhooksPerSecond, atLeast(0.9)),
		add("recordings/s, to the outcome", pool.recordingsPerSecond, atLeast(0.9)),
		add("acknowledgement p50, ms", percentileOf(pool.ack, 50), p50),
		add("acknowledgement p99, ms", percentileOf(pool.ack, 99), p99),
		add("acknowledgement p999, ms", percentileOf(pool.ack, 99.9), nil),
		add("stop sent to Job seen p50, ms", percentileOf(pool.job, 50), atMost(1.25)),
		add("stop sent to Job seen p99, ms", percentileOf(pool.job, 99), atMost(1.5)),
	}
	rows = append(rows, requestRows(table, limit, ours)...)
	return append(rows, costRows(table, limit, ours)...)
}

func percentileOf(of func(pool, float64) float64, percent float64) func(pool) float64 {
	return func(p pool) float64 { return of(p, percent) }
}

// requestRows are what a recording asks of the API server.
func requestRows(table string, limit, ours pool) []Row {
	rows := []Row{
		beside(table, "writes a recording", limit.requests(isWrite), ours.requests(isWrite), noMoreThan(8)),
		beside(table, "Kubernetes Events a recording", limit.requests(isEvent), ours.requests(isEvent), noMoreThan(1)),
		alone(table, "gets a webhook", ours.requests(isGet)/webhooksOf(ours), noMoreThan(1)),
		alone(table, "gets a webhook that reach etcd", ours.sum(uncachedGets)/ours.webhooks(), noMoreThan(0)),
		beside(table, "  etcd's reads of recordings, with writes", limit.etcdRequests(isEtcdRead), ours.etcdRequests(isEtcdRead), nil),
	}
	kinds := map[string]bool{}
	for _, p := range []pool{limit, ours} {
		for i := range p {
			for key := range p[i].API {
				if _, resource, _ := strings.Cut(key, " "); isOurs(resource) && resource != "jobs/status" {
					kinds[key] = true
				}
			}
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		only := func(verb, resource string) bool { return verb+" "+resource == kind }
		if limit.requests(only) > 0 || ours.requests(only) >= shown {
			rows = append(rows, beside(table, "  "+kind+" a recording", limit.requests(only), ours.requests(only), nil))
		}
	}
	return rows
}

// shown is how many requests of a kind a recording must have for them to have a row.
const shown = 0.01

func webhooksOf(p pool) float64 { return p.webhooks() / p.recordings() }

func isOurs(resource string) bool {
	switch kind, _, _ := strings.Cut(resource, "/"); kind {
	case "meetingrecordings", "jobs", "pods", "events", "recordingpipelines":
		return true
	}
	return false
}

// isWrite selects the operator's writes; jobs/status is the stand-in's, Kubernetes Events are counted apart.
func isWrite(verb, resource string) bool {
	switch verb {
	case "POST", "PUT", "PATCH", "DELETE":
		return isOurs(resource) && resource != "jobs/status" && resource != "events"
	}
	return false
}

func isEvent(verb, resource string) bool {
	return resource == "events" && (verb == "POST" || verb == "PATCH")
}

func isGet(verb, resource string) bool { return verb == "GET" && resource == "meetingrecordings" }

func uncachedGets(l Leg) float64 { return l.UncachedGets }

// isEtcdRead selects what etcd is asked for recordings: mostly by the API server itself, whose watch cache lags behind a write when the next one comes.
func isEtcdRead(operation, resource string) bool {
	return operation == "get" && strings.HasPrefix(resource, "meetingrecordings")
}

// costRows are CPU and memory.
func costRows(table string, limit, ours pool) []Row {
	return []Row{
		beside(table, "CPU s for 1,000 webhooks: sidecar and manager, beside API server's and etcd's for the limit's writes",
			limit.cpu(APIServer, Etcd), ours.cpu(Sidecar, Manager), atMost(0.35)),
		beside(table, "  kube-apiserver, CPU s", limit.cpu(APIServer), ours.cpu(APIServer), nil),
		beside(table, "  etcd, CPU s", limit.cpu(Etcd), ours.cpu(Etcd), nil),
		alone(table, "  sidecar, CPU s", ours.cpu(Sidecar), nil),
		alone(table, "  manager, CPU s", ours.cpu(Manager), nil),
		beside(table, "  load generator, or the limit itself, CPU s", limit.cpu(Player), ours.cpu(Player), nil),
		alone(table, "sidecar's peak RSS, MiB", ours.peak(Sidecar), noMoreThan(64)),
		alone(table, "manager's peak RSS, MiB", ours.peak(Manager), nil),
		alone(table, "kube-apiserver's peak RSS, MiB", ours.peak(APIServer), nil),
		alone(table, "etcd's peak RSS, MiB", ours.peak(Etcd), nil),
	}
}

// BurstRows returns the table of bursts.
func BurstRows(legs []Leg) []Row {
	var rows []Row
	for _, senders := range Senders(legs, Burst) {
		limit, ours := pool(Select(legs, Limit, Burst, senders)), pool(Select(legs, Ours, Burst, senders))
		if len(limit) == 0 || len(ours) == 0 {
			continue
		}
		table := fmt.Sprintf("%d stops at once, senders: %d", ours[0].Recordings, senders)
		last := func(p pool) float64 {
			return p.sum(func(l Leg) float64 { return l.JobTime.Seconds() }) / float64(len(p))
		}
		within := noMoreThan(4)
		if last(limit) > within.Bound {
			within = nil // the API server itself takes longer on this machine: Jobs/s compares us with it
		}
		rows = append(rows,
			beside(table, "Jobs/s", limit.jobsPerSecond(), ours.jobsPerSecond(), atLeast(0.9)),
			beside(table, "first stop to last Job, s", last(limit), last(ours), within),
			alone(table, "lost", ours.recordings()-ours.sum(func(l Leg) float64 { return float64(len(l.Jobs)) }), noMoreThan(0)),
			beside(table, "acknowledgement p99, ms", limit.ack(99), ours.ack(99), nil),
			alone(table, "answered 429 or 503", ours.sum(refused), nil))
	}
	return rows
}

func refused(l Leg) float64 { return float64(l.Answers[429] + l.Answers[503]) }

// SpoolRows returns the table of --acknowledge=spool, beside the default mode in place of the limit.
func SpoolRows(legs []Leg, senders int) []Row {
	ours, spool := pool(Select(legs, Ours, Lifecycle, senders)), pool(Select(legs, Spool, Lifecycle, senders))
	if len(ours) == 0 || len(spool) == 0 {
		return nil
	}
	table := fmt.Sprintf("--acknowledge=spool beside the default, senders: %d", senders)
	return []Row{
		beside(table, "acknowledgement p50, ms", ours.ack(50), spool.ack(50), nil),
		beside(table, "acknowledgement p99, ms", ours.ack(99), spool.ack(99), noMoreThan(10)),
		beside(table, "webhooks/s", ours.webhooksPerSecond(), spool.webhooksPerSecond(), nil),
		beside(table, "recordings/s, to the outcome", ours.recordingsPerSecond(), spool.recordingsPerSecond(), atLeast(1.5)),
		beside(table, "writes a recording", ours.requests(isWrite), spool.requests(isWrite), noMoreThan(5.5)),
		beside(table, "stop sent to Job seen p50, ms", ours.job(50), spool.job(50), nil),
		beside(table, "stop sent to Job seen p99, ms", ours.job(99), spool.job(99), nil),
		alone(table, "sidecar's peak RSS, MiB", spool.peak(Sidecar), noMoreThan(64)),
	}
}

// StrangersRows returns the table of genuine webhooks among strangers that hold every connection; took is sorted, by how they were sent.
func StrangersRows(took map[string][]time.Duration) []Row {
	var rows []Row
	for _, how := range slices.Sorted(maps.Keys(took)) {
		table := "Genuine webhooks, each on a new connection, among as many busy strangers as --max-connections, " + how
		milliseconds := func(percent float64) float64 { return Percentile(took[how], percent).Seconds() * 1000 }
		rows = append(rows,
			alone(table, "acknowledgement p50, ms", milliseconds(50), nil),
			alone(table, "acknowledgement p99, ms", milliseconds(99), noMoreThan(250)),
			alone(table, "acknowledgement, longest, ms", milliseconds(100), nil))
	}
	return rows
}

// FullSpoolRows returns the table of a spool that is filled to --spool-max-bytes with one event per session.
func FullSpoolRows(sessions int, response, scrape time.Duration, rss int64) []Row {
	table := fmt.Sprintf("Full spool, %d sessions with one event each", sessions)
	return []Row{
		alone(table, "longest response, ms", response.Seconds()*1000, noMoreThan(2500)),
		alone(table, "longest scrape, ms", scrape.Seconds()*1000, noMoreThan(100)),
		alone(table, "sidecar's peak RSS, MiB", float64(rss)/(1<<20), noMoreThan(128)),
	}
}

// SlowWriteRows returns the table of an API server that takes three seconds for a write.
func SlowWriteRows(events, written, refusals int, response time.Duration) []Row {
	table := fmt.Sprintf("3 s for a write, %d events", events)
	return []Row{
		alone(table, "longest response, ms", response.Seconds()*1000, noMoreThan(2500)),
		alone(table, "answered neither 200 nor 202", float64(refusals), noMoreThan(0)),
		alone(table, "events written twice", float64(max(written-events, 0)), noMoreThan(0)),
		alone(table, "events lost", float64(max(events-written, 0)), noMoreThan(0)),
	}
}

// ThrottleRow is how often a client waited for a rate limit of its own, as client-go logs it.
func ThrottleRow(waits int) Row {
	return alone("Rates", "waits for a client's own rate limit", float64(waits), noMoreThan(0))
}
