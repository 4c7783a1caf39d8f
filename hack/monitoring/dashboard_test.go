// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/util/teststorage"
)

const (
	folder   = "../../config/observability"
	testdata = "testdata"
)

// emptyWhenWell are the panels that have nothing to show where nothing went wrong.
var emptyWhenWell = []string{"Webhook to status, through the spool"}

// board is as much of the dashboard as the tests look at.
// https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
type board struct {
	Templating struct {
		List []struct{ Name, Type, Definition, AllValue string }
	}
	Panels []struct {
		ID          int
		Type, Title string
		GridPos     struct{ X, Y, W, H int }
		Datasource  *struct{ UID string }
		Targets     []struct{ RefID, Expr, LegendFormat string }
	}
}

func loaded(t *testing.T) (b board) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(folder, "dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(file, &b); err != nil {
		t.Fatal(err)
	}
	if len(b.Panels) == 0 {
		t.Fatal("the dashboard has no panels")
	}
	return b
}

// TestLayout: panels have numbers and titles of their own, lie within the 24 columns, and not on each other.
func TestLayout(t *testing.T) {
	board := loaded(t)
	ids := map[int]bool{}
	taken := map[[2]int]string{}
	titles := map[string]bool{}
	for _, panel := range board.Panels {
		if panel.ID < 1 || ids[panel.ID] || panel.Title == "" || (titles[panel.Title] && panel.Type == "row") {
			t.Errorf("panel %d %q: number or title are not its own", panel.ID, panel.Title)
		}
		ids[panel.ID], titles[panel.Title] = true, true
		if panel.GridPos.X+panel.GridPos.W > 24 || panel.GridPos.W < 1 || panel.GridPos.H < 1 {
			t.Errorf("%q is at %+v", panel.Title, panel.GridPos)
		}
		for x := panel.GridPos.X; x < panel.GridPos.X+panel.GridPos.W; x++ {
			for y := panel.GridPos.Y; y < panel.GridPos.Y+panel.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" {
					t.Fatalf("%q lies on %q", panel.Title, other)
				}
				taken[[2]int{x, y}] = panel.Title
			}
		}
		if panel.Type == "row" {
			continue
		}
		if len(panel.Targets) == 0 || panel.Datasource == nil || panel.Datasource.UID != "${datasource}" {
			t.Errorf("%q has no query, or a data source of its own", panel.Title)
		}
	}
}

var labelValues = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)

// TestEveryPanelHasData runs each query of the dashboard in Prometheus' own engine, over what the real binaries have exposed, with the
// variables as Grafana would fill them in.
func TestEveryPanelHasData(t *testing.T) {
	engine, storage := prometheus(t)
	board := loaded(t)
	values := map[string]string{"__rate_interval": "5m"}
	for _, variable := range board.Templating.List {
		if variable.Type == "datasource" {
			values[variable.Name] = "prometheus"
			continue
		}
		values[variable.Name] = variable.AllValue
		match := labelValues.FindStringSubmatch(variable.Definition)
		if match == nil {
			t.Fatalf("$%s has the query %s", variable.Name, variable.Definition)
		}
		if got := evaluate(t, engine, storage, fill(t, `count by (`+match[2]+`) (`+match[1]+`)`, values)); len(got) != 1 || got[0].Metric.Get(match[2]) == "" {
			t.Errorf("$%s has no values: %v", variable.Name, got)
		}
	}
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			expr := fill(t, target.Expr, values)
			got := slices.DeleteFunc(evaluate(t, engine, storage, expr), func(s promql.Sample) bool { return math.IsNaN(s.F) })
			if wanted := !slices.Contains(emptyWhenWell, panel.Title); wanted != (len(got) > 0) {
				t.Errorf("%q, query %s: %d samples: %s", panel.Title, target.RefID, len(got), expr)
			}
			for _, label := range legendLabel.FindAllStringSubmatch(target.LegendFormat, -1) {
				if len(got) > 0 && got[0].Metric.Get(label[1]) == "" {
					t.Errorf("%q, query %s: the legend's %s is not among the labels %s", panel.Title, target.RefID, label[1], got[0].Metric)
				}
			}
		}
	}
}

var (
	legendLabel = regexp.MustCompile(`{{(\w+)}}`)
	reference   = regexp.MustCompile(`\$\{?(\w+)\}?`)
)

// fill replaces the variables of a query. One that there is not fails the test.
func fill(t *testing.T, expr string, values map[string]string) string {
	t.Helper()
	return reference.ReplaceAllStringFunc(expr, func(found string) string {
		name := reference.FindStringSubmatch(found)[1]
		value, ok := values[name]
		if !ok {
			t.Errorf("there is no variable %s: %s", name, expr)
		}
		return value
	})
}

// prometheus returns an engine, and a storage with two hours of both binaries' series.
func prometheus(t *testing.T) (*promql.Engine, *teststorage.TestStorage) {
	t.Helper()
	var script strings.Builder
	for _, component := range components {
		families, err := readScrape(testdata, component)
		if err != nil {
			t.Fatal(err)
		}
		script.WriteString(loadScript(families, component))
	}
	engine := promqltest.NewTestEngine(t, false, 5*time.Minute, 5_000_000)
	return engine, promqltest.LoadedStorage(t, script.String())
}

func evaluate(t *testing.T, engine *promql.Engine, storage *teststorage.TestStorage, expr string) promql.Vector {
	t.Helper()
	if _, err := parser.NewParser(parser.Options{}).ParseExpr(expr); err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	query, err := engine.NewInstantQuery(t.Context(), storage, nil, expr, time.Unix(0, 0).Add(2*time.Hour))
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	defer query.Close()
	result := query.Exec(t.Context())
	if result.Err != nil {
		t.Fatalf("%s: %v", expr, result.Err)
	}
	vector, err := result.Vector()
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	return slices.Clone(vector)
}
