// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command events measures how long after a webhook was accepted its event is in every one of many open streams, beside a bare watch of the
// API server, and how much memory streams take. It runs the real binaries against a real API server, and exits with 1 where an aim is
// missed by more than a tenth.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"text/tabwriter"
	"time"
)

// settings are how large the benchmark is.
type settings struct {
	bin        string
	streams    int
	recordings int
	pause      time.Duration
	many       int
	forgers    int
}

// The aims.
const (
	aimDelay  = 100 * time.Millisecond
	aimMemory = 200 << 20
	aimSignIn = time.Second
	tolerance = 1.1
)

func main() {
	var s settings
	flag.StringVar(&s.bin, "bin", "bin", "folder of the binaries events and sidecar")
	flag.IntVar(&s.streams, "streams", 1000, "streams that are open while the delay is measured")
	flag.IntVar(&s.recordings, "recordings", 50, "recordings, of four events each")
	flag.DurationVar(&s.pause, "pause", 50*time.Millisecond, "pause between two webhooks")
	flag.IntVar(&s.many, "many", 5000, "streams that are open while memory is measured")
	flag.IntVar(&s.forgers, "forgers", 2500, "connections that bring forged tokens while others sign in")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, s, os.Stdout)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench-events:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings, out io.Writer) error {
	if s.streams < 1 || s.recordings < 1 || s.many < s.streams {
		return fmt.Errorf("-streams and -recordings must be at least 1, and -many at least -streams")
	}
	h, err := setUp(ctx, s)
	if err != nil {
		return err
	}
	defer h.close()
	m, err := h.measure(ctx, s)
	if err != nil {
		return err
	}
	f, err := h.flood(ctx, s.forgers)
	if err != nil {
		return err
	}
	return errors.Join(m.report(out, s), f.report(out, s))
}

// report writes a table, and returns an error where an aim is missed.
func (m *measured) report(out io.Writer, s settings) error {
	w := tabwriter.NewWriter(out, 2, 0, 3, ' ', tabwriter.AlignRight)
	row := func(name string, d []time.Duration) {
		_, _ = fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t\n", name, len(d), ms(quantile(d, 0.5)), ms(quantile(d, 0.99)), ms(quantile(d, 1)))
	}
	_, _ = fmt.Fprintf(out, "Webhook accepted -> event in an open stream, %d streams, %d webhooks\n\n", s.streams, 4*s.recordings)
	_, _ = fmt.Fprintf(w, "\tsamples\tp50\tp99\tmax\t\n")
	row("accepted -> in a bare watch (the API server's share)", m.watch)
	row("accepted -> in a stream", m.stream)
	row("in a bare watch -> in a stream (ours)", m.beyond)
	_ = w.Flush()
	_, _ = fmt.Fprintf(out, "\nMemory of the events server (RSS): %d MiB with no stream, %d MiB with %d, %d MiB with %d\n", m.idle>>20, m.some>>20,
		s.streams, m.all>>20, s.many)
	p99 := quantile(m.beyond, 0.99)
	_, _ = fmt.Fprintf(out, "Aims: p99 of ours below %s: %s; below %d MiB: %s\n", ms(aimDelay), verdict(p99 < aimDelay), aimMemory>>20,
		verdict(m.all < aimMemory))
	if float64(p99) > tolerance*float64(aimDelay) || float64(m.all) > tolerance*aimMemory {
		return fmt.Errorf("an aim is missed by more than a tenth")
	}
	return nil
}

// report writes what honest callers met among forged tokens, and returns an error where one was refused or had to wait too long.
func (f *flooded) report(out io.Writer, s settings) error {
	w := tabwriter.NewWriter(out, 2, 0, 3, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintf(out, "\nHonest callers while %d connections bring forged tokens (%d answered)\n\n", s.forgers, f.forged)
	_, _ = fmt.Fprintf(w, "\tsamples\tp50\tp99\tmax\t\n")
	for _, row := range []struct {
		name string
		took []time.Duration
	}{{"a new token, from the forgers' address", f.beside}, {"a new token, from another address", f.elsewhere}, {"a known token", f.known}} {
		_, _ = fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t\n", row.name, len(row.took), ms(quantile(row.took, 0.5)), ms(quantile(row.took, 0.99)), ms(quantile(row.took, 1)))
	}
	_ = w.Flush()
	slowest := max(quantile(f.elsewhere, 1), quantile(f.known, 1))
	_, _ = fmt.Fprintf(out, "\nRefused: %d of %d. Aims: none: %s; from another address and with a known token within %s: %s\n", f.refused, 3*signIns, verdict(f.refused == 0), ms(aimSignIn),
		verdict(slowest < aimSignIn))
	if f.refused > 0 || float64(slowest) > tolerance*float64(aimSignIn) {
		return fmt.Errorf("forged tokens keep honest callers out")
	}
	return nil
}

func ms(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "missed"
}
