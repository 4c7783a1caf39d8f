// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package dashboard

import "fmt"

// filter selects the operator's own Pods by the dashboard's variables; its series have no other label in common.
const filter = `namespace=~"$namespace",pod=~"$pod"`

// manager joins a metric that every program of its kind has, such as rest_client_requests_total, with our manager.
const manager = `* on (job, instance) group_left () max by (job, instance) (meetingrecording_build_info{component="manager",` + filter + `})`

// Operator returns the dashboard of the operator.
func Operator() Dashboard {
	return Dashboard{
		UID:           "meeting-recording-operator",
		Title:         "Meeting Recording Operator",
		Description:   "Webhooks, recordings and their processing. Made by hack/monitoring: change it there.",
		Tags:          []string{"meeting-recording-operator"},
		SchemaVersion: 41,
		Editable:      true,
		GraphTooltip:  1, // one crosshair for all panels
		Refresh:       "30s",
		Time:          TimeRange{From: "now-6h", To: "now"},
		Timezone:      "browser",
		Links: []Link{{
			Title: "Runbooks", Type: "link", TargetBlank: true,
			URL: "https://github.com/meetingops/meeting-recording-operator/tree/main/docs/runbooks",
		}},
		Templating: Templating{List: variables()},
		Panels:     place([]row{overview(), webhooks(), spool(), processing(), live(), underneath()}),
	}
}

func variables() []Variable {
	values := func(name, label, query string) Variable {
		return Variable{
			Name: name, Label: label, Type: "query", Datasource: &source, Query: VariableQuery{Query: query, RefID: name}, Definition: query,
			Multi: true, IncludeAll: true, AllValue: ".*", Refresh: 2, Sort: 1, Current: &Current{Text: "All", Value: "$__all"},
		}
	}
	return []Variable{
		{Name: "datasource", Label: "Prometheus", Type: "datasource", Query: "prometheus"},
		values("namespace", "Namespace", `label_values(meetingrecording_build_info, namespace)`),
		values("pod", "Pod", `label_values(meetingrecording_build_info{namespace=~"$namespace"}, pod)`),
	}
}

// rate returns the sum of a counter's rates, by labels.
func rate(by, selector string) string {
	return fmt.Sprintf(`sum by (%s) (rate(%s[$__rate_interval]))`, by, selector)
}

// quantiles returns the median, and what 95 and 99 of 100 stay below, of a histogram.
func quantiles(histogram, matchers string) []query {
	var queries []query
	for _, q := range []string{"0.5", "0.95", "0.99"} {
		queries = append(queries, query{
			fmt.Sprintf(`histogram_quantile(%s, sum by (le) (rate(%s_bucket{%s}[$__rate_interval])))`, q, histogram, matchers), q,
		})
	}
	return queries
}

func one(expr, legend string) []query { return []query{{expr, legend}} }

func overview() row {
	number := func(title, about, expr string, bad float64) panel {
		return panel{title: title, about: about, unit: "short", queries: one(expr, ""), stat: true, bad: bad}
	}
	return row{title: "At a glance", columns: 6, height: 4, panels: []panel{
		number("Recordings in flight", "Not finished with.", `sum(meetingrecording_recordings_in_flight{`+filter+`})`, 0),
		number("Need a person now", "In flight, and Stalled.", `sum(meetingrecording_recordings_in_flight_stalled{`+filter+`})`, 1),
		number("Failed in 24 h", "Recordings whose processing failed for good.", `sum(increase(meetingrecording_recordings_processed_total{outcome="failed",`+filter+`}[24h]))`, 1),
		number("In the spool", "Events that wait for the API server.", `sum(meetingrecording_spool_events{`+filter+`})`, 1),
		number("Dead letters", "Events that the API server refuses for good.", `sum(meetingrecording_spool_dead_letters{`+filter+`})`, 1),
		{title: "Versions", about: "Pods of each build.", unit: "short", queries: one(`count by (component, version) (meetingrecording_build_info{`+filter+`})`, "{{component}} {{version}}"), stat: true},
	}}
}

func webhooks() row {
	return row{title: "Webhooks", columns: 3, height: 8, panels: []panel{
		{title: "Webhooks by outcome", unit: "reqps", stacked: true, queries: one(rate("outcome", `meetingrecording_webhooks_total{`+filter+`}`), "{{outcome}}")},
		{title: "Webhooks by type", unit: "reqps", stacked: true, queries: one(rate("type", `meetingrecording_webhooks_total{`+filter+`}`), "{{type}}")},
		{title: "Time to answer", about: "From the request's head to the answer.", unit: "s", queries: quantiles("meetingrecording_webhook_duration_seconds", filter)},
		{title: "Webhook to status, direct", about: "From a webhook's arrival until its event is in the status.", unit: "s", queries: quantiles("meetingrecording_status_delay_seconds", `via="direct",`+filter)},
		{title: "Webhook to status, through the spool", about: "Empty while nothing is spooled.", unit: "s", queries: quantiles("meetingrecording_status_delay_seconds", `via="spool",`+filter)},
		{title: "At work", unit: "short", queries: []query{
			{`sum(meetingrecording_webhooks_in_flight{` + filter + `})`, "webhooks"},
			{`sum(meetingrecording_webhook_connections{` + filter + `})`, "connections"},
			{`sum(increase(meetingrecording_webhook_connections_cut_total{` + filter + `}[$__rate_interval]))`, "connections cut"},
		}},
	}}
}

func spool() row {
	return row{title: "Spool", columns: 4, height: 7, panels: []panel{
		{title: "Events that wait", unit: "short", queries: one(`sum by (pod) (meetingrecording_spool_events{`+filter+`})`, "{{pod}}")},
		{title: "Age of the first", unit: "s", queries: one(`max by (pod) (meetingrecording_spool_oldest_event_age_seconds{`+filter+`})`, "{{pod}}")},
		{title: "How full", unit: "percentunit", queries: one(`max by (pod) (meetingrecording_spool_bytes{`+filter+`} / meetingrecording_spool_max_bytes{`+filter+`})`, "{{pod}}")},
		{title: "Written later, and failures", unit: "short", queries: []query{
			{`sum(increase(meetingrecording_spool_replayed_total{` + filter + `}[$__rate_interval]))`, "replayed"},
			{`sum by (reason) (increase(meetingrecording_spool_errors_total{` + filter + `}[$__rate_interval]))`, "{{reason}}"},
		}},
	}}
}

func live() row {
	return row{title: "Live events", columns: 3, height: 7, panels: []panel{
		{title: "Streams", about: "Empty where config/events is not installed.", unit: "short", stacked: true, queries: one(`sum by (pod) (meetingrecording_events_streams{`+filter+`})`, "{{pod}}")},
		{title: "Streams that ended or were refused", unit: "short", stacked: true, queries: []query{
			{`sum by (reason) (increase(meetingrecording_events_streams_ended_total{` + filter + `}[$__rate_interval]))`, "{{reason}}"},
			{`sum(increase(meetingrecording_events_streams_refused_total{` + filter + `}[$__rate_interval]))`, "refused"},
		}},
		{title: "Events sent", unit: "short", stacked: true, queries: one(`sum by (event) (increase(meetingrecording_events_sent_total{`+filter+`}[$__rate_interval]))`, "{{event}}")},
	}}
}

func processing() row {
	return row{title: "Recordings", columns: 3, height: 8, panels: []panel{
		{title: "In flight by state", unit: "short", stacked: true, queries: one(`sum by (state) (meetingrecording_recordings_in_flight{`+filter+`})`, "{{state}}")},
		{title: "In flight by processing", unit: "short", stacked: true, queries: one(`sum by (processing) (meetingrecording_recordings_in_flight{`+filter+`})`, "{{processing}}")},
		{title: "Need a person now", unit: "short", stacked: true, queries: one(`sum by (reason) (meetingrecording_recordings_in_flight_stalled{`+filter+`})`, "{{reason}}")},
		{title: "Recordings finished", unit: "short", stacked: true, queries: one(`sum by (outcome) (increase(meetingrecording_recordings_processed_total{`+filter+`}[$__rate_interval]))`, "{{outcome}}")},
		{title: "Steps ended", unit: "short", stacked: true, queries: one(`sum by (outcome) (increase(meetingrecording_steps_total{`+filter+`}[$__rate_interval]))`, "{{outcome}}")},
		{title: "End of a recording to its Job", about: "The time in a queue included.", unit: "s", queries: quantiles("meetingrecording_job_creation_delay_seconds", filter)},
		{title: "Queues: waiting steps", about: "Of pipelines with a maxConcurrent. Empty where there are none.", unit: "short", queries: one(`max by (namespace, pipeline) (meetingrecording_queue_waiting_steps{pod=~"$pod"})`, "{{namespace}}/{{pipeline}}")},
		{title: "Queues: Jobs at work", about: "Of pipelines with a maxConcurrent. Empty where there are none.", unit: "short", queries: one(`max by (namespace, pipeline) (meetingrecording_queue_active_jobs{pod=~"$pod"})`, "{{namespace}}/{{pipeline}}")},
		{title: "Came to need a person, and deleted", unit: "short", queries: []query{
			{`sum by (reason) (increase(meetingrecording_recordings_stalled_total{` + filter + `}[$__rate_interval]))`, "{{reason}}"},
			{`sum(increase(meetingrecording_recordings_deleted_total{` + filter + `}[$__rate_interval]))`, "deleted, their time was over"},
		}},
	}}
}

func underneath() row {
	ours := `max by (job, instance, component, pod) (meetingrecording_build_info{` + filter + `})`
	return row{title: "API server and processes", columns: 3, height: 8, panels: []panel{
		{title: "Sidecar's requests to the API server", unit: "reqps", stacked: true, queries: one(rate("verb, outcome", `meetingrecording_api_requests_total{`+filter+`}`), "{{verb}} {{outcome}}")},
		{title: "Manager's requests to the API server", unit: "reqps", stacked: true, queries: one(`sum by (method, code) (rate(rest_client_requests_total[$__rate_interval]) `+manager+`)`, "{{method}} {{code}}")},
		{title: "Leader", about: "1 for the replica that leads.", unit: "short", queries: one(`max by (pod) (leader_election_master_status{name="meeting-recording-operator.recording.meetingops.dev",`+filter+`})`, "{{pod}}")},
		{title: "Reconciliations", unit: "ops", stacked: true, queries: one(`sum by (controller, result) (rate(controller_runtime_reconcile_total{`+filter+`}[$__rate_interval]))`, "{{controller}} {{result}}")},
		{title: "Work queue", unit: "short", queries: one(`sum by (name) (workqueue_depth{`+filter+`})`, "{{name}}")},
		{title: "CPU", unit: "short", queries: one(`sum by (component, pod) (rate(process_cpu_seconds_total[$__rate_interval]) * on (job, instance) group_left (component, pod) `+ours+`)`, "{{component}} {{pod}}")},
		{title: "Memory", unit: "bytes", queries: one(`sum by (component, pod) (process_resident_memory_bytes * on (job, instance) group_left (component, pod) `+ours+`)`, "{{component}} {{pod}}")},
		{title: "Goroutines", unit: "short", queries: one(`sum by (component, pod) (go_goroutines * on (job, instance) group_left (component, pod) `+ours+`)`, "{{component}} {{pod}}")},
	}}
}
