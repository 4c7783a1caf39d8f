// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// components are the binaries that there are scrapes of.
var components = []string{"manager", "sidecar", "events", "backfill"}

// readScrape returns the families of a component's scrape, by name.
func readScrape(folder, component string) (map[string]*dto.MetricFamily, error) {
	content, err := os.ReadFile(filepath.Join(folder, component+".prom"))
	if err != nil {
		return nil, err
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	return parser.TextToMetricFamilies(bytes.NewReader(content))
}

// series returns the names of a family's series: that of a histogram has _bucket, _sum and _count.
func series(family *dto.MetricFamily) []string {
	name := family.GetName()
	switch family.GetType() {
	case dto.MetricType_HISTOGRAM:
		return []string{name + "_bucket", name + "_sum", name + "_count"}
	case dto.MetricType_SUMMARY:
		return []string{name, name + "_sum", name + "_count"}
	}
	return []string{name}
}

// loadScript returns a script for Prometheus' test language that loads the families as if they had been scraped each minute for two hours, with
// the labels of a target: counters grow by what they had each time, gauges stay.
func loadScript(families map[string]*dto.MetricFamily, component string) string {
	var script strings.Builder
	script.WriteString("load 1m\n")
	target := map[string]string{"namespace": "meeting-recording-system", "pod": "operator-0", "job": component, "instance": component + ":1"}
	for _, name := range slices.Sorted(maps.Keys(families)) {
		family := families[name]
		for _, metric := range family.GetMetric() {
			labels := maps.Clone(target)
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			write := func(name string, value float64, grows bool, more ...string) {
				all := maps.Clone(labels)
				if len(more) == 2 {
					all[more[0]] = more[1]
				}
				number := strconv.FormatFloat(value, 'f', -1, 64)
				steps := number + "x120"
				if grows {
					steps = "0+" + number + "x120"
				}
				fmt.Fprintf(&script, "  %s{%s} %s\n", name, pairs(all), steps)
			}
			switch family.GetType() {
			case dto.MetricType_COUNTER:
				write(name, metric.GetCounter().GetValue(), true)
			case dto.MetricType_HISTOGRAM:
				histogram := metric.GetHistogram()
				for _, bucket := range histogram.GetBucket() {
					write(name+"_bucket", float64(bucket.GetCumulativeCount()), true, "le", strconv.FormatFloat(bucket.GetUpperBound(), 'g', -1, 64))
				}
				write(name+"_sum", histogram.GetSampleSum(), true)
				write(name+"_count", float64(histogram.GetSampleCount()), true)
			case dto.MetricType_GAUGE:
				write(name, metric.GetGauge().GetValue(), false)
			case dto.MetricType_UNTYPED:
				write(name, metric.GetUntyped().GetValue(), false)
			}
		}
	}
	script.WriteString("\n")
	return script.String()
}

func pairs(labels map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		all = append(all, name+"="+strconv.Quote(labels[name]))
	}
	return strings.Join(all, ",")
}
