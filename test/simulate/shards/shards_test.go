// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package shards

import (
	"flag"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-logr/logr"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/klog/v2"
)

var (
	firstSeed = flag.Uint64("seed", 1, "first seed")
	seeds     = flag.Uint64("seeds", 100, "how many seeds")
)

func TestMain(m *testing.M) {
	flag.Parse()
	runtime.GOMAXPROCS(1) // goroutines that are ready at the same moment run in the same order
	klog.SetLogger(logr.Discard())
	utilruntime.ErrorHandlers = nil
	os.Exit(m.Run())
}

// TestSeeds: whatever happens to one shard, no acknowledged event is lost or on another one, and the others answer at once.
func TestSeeds(t *testing.T) {
	drawn := map[Kind]int{}
	for seed := *firstSeed; seed < *firstSeed+*seeds; seed++ {
		plan := NewPlan(seed)
		for _, f := range plan.Faults {
			drawn[f.Kind]++
		}
		if problems := run(t, plan); len(problems) > 0 {
			t.Errorf("%s\n%s", plan, strings.Join(problems[:min(len(problems), 10)], "\n"))
		}
	}
	for _, kind := range []Kind{Refuses, Hangs, LosesAnswer, Slow, Killed, Ended, Crowded} {
		if *seeds >= 100 && drawn[kind] == 0 {
			t.Errorf("no seed draws: %s", kind)
		}
	}
	t.Logf("%d seeds, faults %v", *seeds, drawn)
}

func run(t *testing.T, plan Plan) (problems []string) {
	t.Helper()
	parent := ""
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		parent = "/dev/shm" // a disk in memory, where there is one
	}
	folder, err := os.MkdirTemp(parent, "shards")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	synctest.Test(t, func(*testing.T) { problems = Run(plan, folder) })
	return problems
}
