// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"
)

const (
	runbooks   = "../../docs/runbooks"
	runbookURL = "https://github.com/meetingops/meeting-recording-operator/blob/main/docs/runbooks/"
)

var promQL = parser.NewParser(parser.Options{})

// alerts returns those of the rules file, by name.
func alerts(t *testing.T) map[string]rulefmt.Rule {
	t.Helper()
	rules, err := exec.CommandContext(t.Context(), "../alerts.sh").Output()
	if err != nil {
		t.Fatal(err)
	}
	groups, problems := rulefmt.Parse(rules, false, model.UTF8Validation, promQL, promslog.NewNopLogger())
	for _, problem := range problems {
		t.Error(problem)
	}
	found := map[string]rulefmt.Rule{}
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			if _, twice := found[rule.Alert]; twice || rule.Alert == "" {
				t.Errorf("the alert %q is there twice, or is none", rule.Alert)
			}
			found[rule.Alert] = rule
		}
	}
	return found
}

// exposed returns the names of all series that the binaries expose.
func exposed(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{"up": true}
	for _, component := range components {
		families, err := readScrape(testdata, component)
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			for _, name := range series(family) {
				names[name] = true
			}
		}
	}
	return names
}

// checkExpression parses PromQL, and fails on a metric that no binary exposes.
func checkExpression(t *testing.T, what, expr string, known map[string]bool) {
	t.Helper()
	parsed, err := promQL.ParseExpr(expr)
	if err != nil {
		t.Errorf("%s: %s: %v", what, expr, err)
		return
	}
	for _, selectors := range parser.ExtractSelectors(parsed) {
		for _, matcher := range selectors {
			if matcher.Name == model.MetricNameLabel && (matcher.Type != labels.MatchEqual || !known[matcher.Value]) {
				t.Errorf("%s: nothing exposes %s: %s", what, matcher.Value, expr)
			}
		}
	}
}

// TestAlerts: each alert is made of metrics that exist, has a severity, and a page that begins with its name; no page is of none.
func TestAlerts(t *testing.T) {
	known, pages := exposed(t), map[string]bool{"README.md": true}
	for name, rule := range alerts(t) {
		checkExpression(t, name, rule.Expr, known)
		if severity := rule.Labels["severity"]; severity != "critical" && severity != "warning" {
			t.Errorf("%s has the severity %q", name, severity)
		}
		if rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
			t.Errorf("%s does not say what is wrong", name)
		}
		page, ok := strings.CutPrefix(rule.Annotations["runbook_url"], runbookURL)
		pages[page] = true
		text, err := os.ReadFile(filepath.Join(runbooks, page))
		if !ok || err != nil {
			t.Errorf("%s has no page: %v", name, err)
			continue
		}
		if !bytes.HasPrefix(text, []byte("# "+name+"\n\nSeverity: "+rule.Labels["severity"]+".\n\n```sh cluster\n")) {
			t.Errorf("%s does not begin with %s, its severity and commands", page, name)
		}
		for _, part := range []string{"\n```promql\n", "\n## What it means\n", "\n## Fix\n", "\n## Prevent\n"} {
			if !bytes.Contains(text, []byte(part)) {
				t.Errorf("%s lacks %q", page, part)
			}
		}
	}
	files, err := os.ReadDir(runbooks)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !pages[file.Name()] {
			t.Errorf("%s is of no alert", file.Name())
		}
	}
}

// TestAlertsAreTested: alerts_test.yaml has each alert fire, and not, before and after.
func TestAlertsAreTested(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(folder, "alerts_test.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Tests []struct {
			Name        string
			Evaluations []struct {
				Expr    string
				Samples []struct{ Value float64 } `json:"exp_samples"`
			} `json:"promql_expr_test"`
		}
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	cycles := map[string]bool{}
	for _, test := range file.Tests {
		var seen []bool
		name, _, _ := strings.Cut(test.Name, ":")
		for _, evaluation := range test.Evaluations {
			if !strings.Contains(evaluation.Expr, `alertname="`+name+`"`) {
				t.Errorf("%q asks for %s", test.Name, evaluation.Expr)
			}
			seen = append(seen, len(evaluation.Samples) > 0)
		}
		if last := len(seen) - 1; last > 1 && !seen[0] && seen[last-1] && !seen[last] {
			cycles[name] = true
		}
	}
	for name := range alerts(t) {
		if !cycles[name] {
			t.Errorf("no test has %s not fire, fire, and resolve", name)
		}
	}
}

// TestManifests: the manifests are such as the Prometheus operator reads, with nothing that it does not know.
func TestManifests(t *testing.T) {
	for name, into := range map[string]any{"prometheusrule.yaml": &monitoringv1.PrometheusRule{}, "monitors.yaml": &monitoringv1.ServiceMonitor{}} {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(content, into); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

var (
	block = regexp.MustCompile("(?s)```promql\n(.*?)```")
	ours  = regexp.MustCompile("meetingrecording_[a-z_]+")
)

// TestDocumentedQueries: every line of PromQL in the runbooks and in docs/how-to/operations.md parses, and every metric that they name exists.
func TestDocumentedQueries(t *testing.T) {
	known := exposed(t)
	pages, err := filepath.Glob(filepath.Join(runbooks, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../../docs/how-to/operations.md") {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range block.FindAllSubmatch(content, -1) {
			for line := range strings.Lines(string(found[1])) {
				checkExpression(t, page, line, known)
			}
		}
		for _, name := range ours.FindAllString(string(content), -1) {
			if !known[name] && !known[name+"_count"] {
				t.Errorf("%s: nothing exposes %s", page, name)
			}
		}
	}
}
