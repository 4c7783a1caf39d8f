// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command monitoring writes what config/observability is made of: the Grafana dashboard, and the alerts as a PrometheusRule.
//
//	go -C hack/monitoring run . ../../config/observability
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/meetingops/meeting-recording-operator/hack/monitoring/dashboard"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "monitoring:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("give the folder to write to")
	}
	rules, err := os.ReadFile(filepath.Join(args[0], "alerts.yaml"))
	if err != nil {
		return err
	}
	manifest, err := prometheusRule(string(rules))
	if err != nil {
		return err
	}
	board, err := dashboardJSON()
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(args[0], "prometheusrule.yaml"), []byte(manifest), 0o644),
		os.WriteFile(filepath.Join(args[0], "dashboard.json"), board, 0o644))
}

// dashboardJSON returns the dashboard as it is imported into Grafana.
func dashboardJSON() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(dashboard.Operator())
	return out.Bytes(), err
}

const manifestHead = `# Copyright 2026 The Meeting Recording Operator Authors.
# SPDX-License-Identifier: Apache-2.0
# Made of alerts.yaml by ` + "`make dashboards`" + `: change that.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: meeting-recording-alerts
  namespace: meeting-recording-system
spec:
`

// prometheusRule wraps a rules file into the manifest that the Prometheus operator reads.
func prometheusRule(rules string) (string, error) {
	_, groups, found := strings.Cut(rules, "\ngroups:\n")
	if !found {
		return "", errors.New("alerts.yaml has no groups")
	}
	var out strings.Builder
	out.WriteString(manifestHead + "  groups:\n")
	for line := range strings.Lines(groups) {
		if strings.TrimSpace(line) != "" {
			out.WriteString("  ")
		}
		out.WriteString(line)
	}
	return out.String(), nil
}
