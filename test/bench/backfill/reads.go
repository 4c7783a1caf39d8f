// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"k8s.io/client-go/discovery"

	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

// reads counts the gets of MeetingRecordings that the API server has answered.
func reads(ctx context.Context, api *controlplane.ControlPlane) (int, error) {
	client, err := discovery.NewDiscoveryClientForConfig(api.Config)
	if err != nil {
		return 0, err
	}
	text, err := client.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return 0, err
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		return 0, err
	}
	total := 0.0
	for _, metric := range families["apiserver_request_total"].GetMetric() {
		labels := map[string]string{}
		for _, label := range metric.GetLabel() {
			labels[label.GetName()] = label.GetValue()
		}
		if labels["verb"] == "GET" && labels["resource"] == "meetingrecordings" {
			total += metric.GetCounter().GetValue()
		}
	}
	return int(total), nil
}
