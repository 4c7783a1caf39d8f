// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package dashboard

// query is one line, or group of lines, of a panel.
type query struct {
	expr, legend string
}

// panel is what differs between panels.
type panel struct {
	title, about string
	unit         string
	queries      []query
	stacked      bool
	// stat makes it a number, of which bad is the value from which on it is red; 0 for never.
	stat bool
	bad  float64
}

// row is a group of panels under a title, so many beside each other.
type row struct {
	title   string
	columns int
	height  int
	panels  []panel
}

var source = Datasource{Type: "prometheus", UID: "${datasource}"}

// place puts rows below each other and numbers the panels.
func place(rows []row) []Panel {
	var placed []Panel
	y, id := 0, 1
	for _, r := range rows {
		placed = append(placed, Panel{
			ID: id, Type: "row", Title: r.title, GridPos: GridPos{H: 1, W: 24, Y: y}, Collapsed: new(bool), Panels: &[]Panel{},
		})
		id++
		y++
		width := 24 / r.columns
		for i, p := range r.panels {
			at := GridPos{H: r.height, W: width, X: (i % r.columns) * width, Y: y + (i/r.columns)*r.height}
			placed = append(placed, p.build(id, at))
			id++
		}
		y += (len(r.panels) + r.columns - 1) / r.columns * r.height
	}
	return placed
}

func (p panel) build(id int, at GridPos) Panel {
	built := Panel{
		ID: id, Type: "timeseries", Title: p.title, Description: p.about, GridPos: at, Datasource: &source,
		FieldConfig: &FieldConfig{Defaults: p.defaults(), Overrides: []any{}},
		Options: GraphOptions{
			Legend:  Legend{DisplayMode: "list", Placement: "bottom", ShowLegend: true, Calcs: []string{}},
			Tooltip: Tooltip{Mode: "multi", Sort: "desc"},
		},
	}
	if p.stat {
		built.Type = "stat"
		built.Options = StatOptions{
			ReduceOptions: Reduce{Calcs: []string{"lastNotNull"}}, ColorMode: "value", GraphMode: "area", TextMode: "auto",
		}
	}
	for i, q := range p.queries {
		built.Targets = append(built.Targets, Target{
			RefID: string(rune('A' + i)), Datasource: source, Expr: q.expr, LegendFormat: q.legend, Range: true, EditorMode: "code",
		})
	}
	return built
}

func (p panel) defaults() FieldDefaults {
	d := FieldDefaults{
		Unit: p.unit, Min: new(float64), Color: Color{Mode: "palette-classic"},
		Thresholds: Thresholds{Mode: "absolute", Steps: []Step{{Color: "green"}}},
	}
	if p.stat {
		d.Color.Mode = "thresholds"
		if p.bad > 0 {
			d.Thresholds.Steps = append(d.Thresholds.Steps, Step{Color: "red", Value: &p.bad})
		}
		return d
	}
	d.Custom = &GraphStyle{DrawStyle: "line", LineWidth: 1, FillOpacity: 10, ShowPoints: "never", Stacking: Stacking{Mode: "none", Group: "A"}}
	if p.stacked {
		d.Custom.Stacking.Mode, d.Custom.FillOpacity = "normal", 40
	}
	return d
}
