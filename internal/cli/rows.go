// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/watch"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/cli/view"
)

// rowPrinter prints recordings page by page: those that need attention at once, the others at the end. It keeps rows, not
// objects, so that a hundred thousand recordings fit into memory.
type rowPrinter struct {
	out     io.Writer
	errOut  io.Writer
	list    *listOptions
	columns view.Columns
	layout  view.Layout
	color   bool
	now     func() time.Time

	begun bool
	rest  []string
	shown int
}

func newRowPrinter(l *listOptions) *rowPrinter {
	return &rowPrinter{
		out: l.Out, errOut: l.ErrOut, list: l, now: time.Now, color: usesColor(l.Out),
		columns: view.Columns{Namespace: l.allNamespaces, Wide: l.output == "wide"},
	}
}

// page prints what needs attention of a page. The first page decides how wide the columns are.
func (p *rowPrinter) page(items []v1alpha1.MeetingRecording) error {
	now := p.now()
	var urgent, others [][]string
	for i := range items {
		if !p.list.matches(&items[i], now) {
			continue
		}
		row := p.row(&items[i], now)
		if view.NeedsAttention(&items[i]) {
			urgent = append(urgent, row)
		} else {
			others = append(others, row)
		}
	}
	if err := p.begin(urgent, others); err != nil {
		return err
	}
	for _, row := range urgent {
		if err := p.print(p.layout.Line(row)); err != nil {
			return err
		}
	}
	for _, row := range others {
		p.rest = append(p.rest, strings.Clone(p.layout.Line(row)))
	}
	p.shown += len(urgent) + len(others)
	return nil
}

func (p *rowPrinter) row(r *v1alpha1.MeetingRecording, now time.Time) []string {
	if p.list.output != "name" {
		return p.columns.Row(r, now)
	}
	return []string{"meetingrecording." + v1alpha1.GroupName + "/" + r.Name}
}

func (p *rowPrinter) begin(rows ...[][]string) error {
	if p.begun {
		return nil
	}
	if p.list.output != "name" {
		p.layout.Fit(p.columns.Header())
	}
	total := 0
	for _, some := range rows {
		p.layout.Fit(some...)
		total += len(some)
	}
	if total == 0 {
		return nil
	}
	p.begun = true
	if p.list.noHeaders || p.list.output == "name" {
		return nil
	}
	_, err := fmt.Fprintln(p.out, p.layout.Line(p.columns.Header()))
	return err
}

func (p *rowPrinter) print(line string) error {
	if p.color {
		line = view.Color(line)
	}
	_, err := fmt.Fprintln(p.out, line)
	return err
}

// end prints the recordings that need no attention.
func (p *rowPrinter) end(namespace string) error {
	for _, line := range p.rest {
		if err := p.print(line); err != nil {
			return err
		}
	}
	p.rest = nil
	if p.shown > 0 || p.list.output == "name" {
		return nil
	}
	where := "in any namespace"
	if namespace != "" {
		where = "in namespace " + namespace
	}
	// As in kubectl, this is not part of the output.
	_, err := fmt.Fprintln(p.errOut, "No recordings found "+where+".")
	return err
}

// change prints a recording that changed.
func (p *rowPrinter) change(r *v1alpha1.MeetingRecording, kind watch.EventType) error {
	row := p.row(r, p.now())
	if err := p.begin([][]string{row}); err != nil {
		return err
	}
	line := p.layout.Line(row)
	if kind == watch.Deleted {
		line += "   (deleted)"
	}
	return p.print(line)
}
