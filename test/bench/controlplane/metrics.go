// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Requests counts requests by what they are, such as "PATCH meetingrecordings/status".
type Requests map[string]float64

// Since returns how many more there are than there were before.
func (r Requests) Since(before Requests) Requests {
	since := maps.Clone(r)
	for key, count := range before {
		since[key] -= count
	}
	maps.DeleteFunc(since, func(_ string, count float64) bool { return count == 0 })
	return since
}

// Counts are what an API server says that it was asked, and what it asked etcd.
type Counts struct {
	// API are requests to the API server, by verb and resource.
	API Requests
	// Etcd are requests to etcd, by operation and resource.
	Etcd Requests
	// UncachedGets are gets of recordings that the API server did not answer from its watch cache.
	UncachedGets float64
}

// Since returns how many more there are than there were before.
func (c Counts) Since(before Counts) Counts {
	return Counts{API: c.API.Since(before.API), Etcd: c.Etcd.Since(before.Etcd), UncachedGets: c.UncachedGets - before.UncachedGets}
}

// Counts reads the API server's own metrics, and its audit log.
func (c *ControlPlane) Counts(ctx context.Context) (Counts, error) {
	text, err := c.Clients.RESTClient().Get().AbsPath("/metrics").Do(ctx).Raw()
	if err != nil {
		return Counts{}, fmt.Errorf("read the API server's metrics: %w", err)
	}
	counts, err := parseCounts(bytes.NewReader(text))
	if err != nil {
		return Counts{}, err
	}
	counts.UncachedGets, err = c.uncachedGets()
	return counts, err
}

// parseCounts reads metrics in the text format of Prometheus.
func parseCounts(text io.Reader) (Counts, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(text)
	if err != nil {
		return Counts{}, fmt.Errorf("parse the API server's metrics: %w", err)
	}
	counts := Counts{API: Requests{}, Etcd: Requests{}}
	for name, into := range map[string]func(map[string]string, float64){
		"apiserver_request_total": func(labels map[string]string, n float64) {
			resource := labels["resource"]
			if labels["subresource"] != "" {
				resource += "/" + labels["subresource"]
			}
			counts.API[labels["verb"]+" "+resource] += n
		},
		"etcd_requests_total": func(labels map[string]string, n float64) {
			counts.Etcd[labels["operation"]+" "+labels["resource"]] += n
		},
	} {
		family, found := families[name]
		if !found {
			return Counts{}, fmt.Errorf("the API server's metrics have no %s: is it of a version that calls it otherwise?", name)
		}
		for _, metric := range family.GetMetric() {
			into(labelsOf(metric), metric.GetCounter().GetValue())
		}
	}
	return counts, nil
}

func labelsOf(metric *dto.Metric) map[string]string {
	labels := make(map[string]string, len(metric.GetLabel()))
	for _, label := range metric.GetLabel() {
		labels[label.GetName()] = label.GetValue()
	}
	return labels
}
