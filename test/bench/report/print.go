// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"
)

// Print writes rows as tables for people.
func Print(w io.Writer, rows []Row) error {
	table := ""
	writer := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for i := range rows {
		row := &rows[i]
		if row.Table != table {
			if err := writer.Flush(); err != nil {
				return err
			}
			table = row.Table
			if _, err := fmt.Fprintf(w, "\n%s\n", table); err != nil {
				return err
			}
			if _, err := fmt.Fprint(writer, "limit\tours\tours/limit\ttarget\t\t figure\n"); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintf(writer, "%s\t%s\t%s\t%s\t%s\t %s\n", optional(row.Limit), number(row.Ours), optional(row.Ratio),
			row.Target, row.Result, row.Figure); err != nil {
			return err
		}
	}
	return writer.Flush()
}

func optional(value *float64) string {
	if value == nil {
		return ""
	}
	return number(*value)
}

// number has three significant digits, or all before the point.
func number(value float64) string {
	switch size := math.Abs(value); {
	case size >= 100:
		return fmt.Sprintf("%.0f", value)
	case size >= 10:
		return fmt.Sprintf("%.1f", value)
	case size == 0:
		return "0"
	}
	return fmt.Sprintf("%.2f", value)
}
