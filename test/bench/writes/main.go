// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command writes measures what a write of a MeetingRecording's status costs an API server and its etcd, in CPU, and what of that is the
// schema's, its rules', the kind of patch and so on: each a variant of the write that the sidecar makes, in turns, in one run.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"text/tabwriter"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

type options struct {
	root, assets string
	writes       int
	rounds       int
}

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.root, "root", ".", "the project's folder")
	flag.StringVar(&o.assets, "assets", "", "the folder of etcd and kube-apiserver (default: bin/k8s of the project)")
	flag.IntVar(&o.writes, "writes", 25, "how many writes a variant makes in each round")
	flag.IntVar(&o.rounds, "rounds", 60, "how often each variant takes its turn")
	flag.Parse()
	if o.assets == "" {
		o.assets = filepath.Join(o.root, "bin", "k8s")
	}
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		log.Fatal("writes: ", err)
	}
}

// run measures, and prints a table.
func run(ctx context.Context, o options) error {
	environment := &envtest.Environment{BinaryAssetsDirectory: o.assets, DownloadBinaryAssets: false}
	etcd := environment.ControlPlane.Etcd
	if etcd == nil {
		etcd = &envtest.Etcd{}
		environment.ControlPlane.Etcd = etcd
	}
	etcd.Configure().Set("unsafe-no-fsync", "false") // as it is shipped
	config, err := environment.Start()
	if err != nil {
		return fmt.Errorf("start the API server: %w", err)
	}
	defer func() { _ = environment.Stop() }()
	config.QPS = -1
	servers, err := children("kube-apiserver", "etcd")
	if err != nil {
		return err
	}
	variants, err := prepare(ctx, config, o.root)
	if err != nil {
		return err
	}
	for round := range o.rounds + 1 {
		for _, v := range variants {
			used, err := measure(ctx, servers, v, o.writes)
			if err != nil {
				return fmt.Errorf("%s: %w", v.name, err)
			}
			if round > 0 { // the first warms up
				v.results = append(v.results, used)
			}
		}
	}
	return report(variants, o)
}

// measure has a variant make its writes, and returns the CPU time that each has cost.
func measure(ctx context.Context, servers []int, v *variant, writes int) (result, error) {
	before, err := cpu(servers)
	if err != nil {
		return result{}, err
	}
	began := time.Now()
	for n := range writes {
		if err := v.write(ctx, n); err != nil {
			return result{}, err
		}
	}
	took := time.Since(began)
	after, err := cpu(servers)
	if err != nil {
		return result{}, err
	}
	each := time.Duration(writes)
	return result{(after[0] - before[0]) / each, (after[1] - before[1]) / each, took / each}, nil
}

// result is what one write has cost: CPU time of the API server and of etcd, and time.
type result struct{ apiServer, etcd, took time.Duration }

// report prints means, and how they relate to the first variant's.
func report(variants []*variant, o options) error {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "%d writes, one after another, in each of %d rounds; means\n", o.writes, o.rounds)
	_, _ = fmt.Fprintln(table, "| write |\tkube-apiserver |\tetcd |\tof the sidecar's |\ttook |")
	_, _ = fmt.Fprintln(table, "|---|\t---|\t---|\t---|\t---|")
	base := variants[0].mean()
	for _, v := range variants {
		m := v.mean()
		_, _ = fmt.Fprintf(table, "| %s |\t%.2f ms |\t%.2f ms |\t%.2f |\t%.2f ms |\n", v.name, ms(m.apiServer), ms(m.etcd),
			float64(m.apiServer+m.etcd)/float64(base.apiServer+base.etcd), ms(m.took))
	}
	return table.Flush()
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// mean is over all rounds, which are many and short: so whatever else the machine does falls on all variants alike, and the steps of 10 ms
// in which CPU time is counted do not matter.
func (v *variant) mean() result {
	var sum result
	for _, r := range v.results {
		sum.apiServer, sum.etcd, sum.took = sum.apiServer+r.apiServer, sum.etcd+r.etcd, sum.took+r.took
	}
	rounds := time.Duration(len(v.results))
	return result{sum.apiServer / rounds, sum.etcd / rounds, sum.took / rounds}
}

// prepare installs what the variants need.
func prepare(ctx context.Context, config *rest.Config, root string) ([]*variant, error) {
	c, err := newCluster(config)
	if err != nil {
		return nil, err
	}
	crd, err := readCRD(filepath.Join(root, "config", "crd", "bases", "recording.meetingops.dev_meetingrecordings.yaml"))
	if err != nil {
		return nil, err
	}
	return c.variants(ctx, crd)
}
