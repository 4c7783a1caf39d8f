// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backfill

import (
	"os"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// TestScrape: alerts, runbooks and documentation are checked against this scrape.
func TestScrape(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := NewMetrics(registry)
	m.Request(200)
	m.Request(0)
	m.observe(Summary{
		Found: map[Outcome]int{Present: 9, Recorded: 1, Waiting: 2}, Webhooks: deliveries{counts: counts{succeeded: 40, failed: 4}}, Took: 1500 * time.Millisecond,
	}, nil, time.Unix(1_795_953_600, 0))
	scrape, err := os.Open("../../hack/monitoring/testdata/backfill.prom")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = scrape.Close() }()
	if err := testutil.GatherAndCompare(registry, scrape); err != nil {
		t.Error(err)
	}
}
