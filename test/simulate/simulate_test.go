// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"flag"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	chaos "github.com/meetingops/meeting-recording-operator/test/chaos/plan"
)

var (
	firstSeed = flag.Uint64("seed", 1, "first seed")
	seeds     = flag.Uint64("seeds", 10, "how many seeds")
	size      = flag.Int("recordings", 40, "how many recordings a seed has on average")
	verbose   = flag.Bool("story", false, "print the story of each seed, with what the processes log")
	progress  = flag.Bool("progress", false, "print each seed as it ends")
	first     = flag.Bool("first", false, "end with the first seed that fails")
	tries     = flag.Int("tries", 60, "how many smaller plans of a failing seed are tried")
	twice     = flag.Bool("twice", false, "run each seed twice and compare")
)

func TestMain(m *testing.M) {
	flag.Parse()
	runtime.GOMAXPROCS(1) // goroutines that are ready at the same moment run in the same order
	klog.SetLogger(logr.Discard())
	ctrl.SetLogger(logr.Discard())
	utilruntime.ErrorHandlers = nil
	os.Exit(m.Run())
}

func run(t *testing.T, plan Plan, verbose bool) (result Result) {
	t.Helper()
	folder, err := os.MkdirTemp(diskFolder(), "simulate")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	synctest.Test(t, func(t *testing.T) { result = Run(t, plan, folder, verbose) })
	return result
}

// diskFolder is in memory where there is such a thing.
func diskFolder() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// TestSeeds plays seeds. One that fails is shrunk and told.
func TestSeeds(t *testing.T) {
	var took time.Duration
	for seed := *firstSeed; seed < *firstSeed+*seeds; seed++ {
		plan := NewPlan(seed, *size)
		start := time.Now()
		result := run(t, plan, *verbose)
		took += time.Since(start)
		if *progress {
			t.Logf("seed %d: %s, %d problems, %d writes, %s", seed, time.Since(start).Round(time.Millisecond), len(result.Problems), result.Writes, result.Took)
		}
		if *twice {
			if again := run(t, plan, *verbose); again.Hash != result.Hash {
				t.Errorf("seed %d has two stories: %s and %s", seed, result.Hash, again.Hash)
			}
		}
		if len(result.Problems) > 0 {
			t.Errorf("%s%s", plan, strings.Join(result.Problems, "\n"))
			tell(t, plan)
			if *first {
				return
			}
		} else if *verbose {
			t.Logf("%s%s", plan, result.Story)
		}
	}
	t.Logf("%d seeds, %s each", *seeds, (took / time.Duration(*seeds)).Round(time.Millisecond))
}

// tell shrinks a failing plan and prints its story.
func tell(t *testing.T, plan Plan) {
	t.Helper()
	smallest := Shrink(plan, *tries, func(candidate Plan) bool { return len(run(t, candidate, false).Problems) > 0 })
	if result := run(t, smallest, *verbose); len(result.Problems) > 0 {
		t.Logf("The smallest plan found that fails:\n%s%s\n%s", smallest, result.Story, strings.Join(result.Problems, "\n"))
	}
}

// TestReplay: the same seed is the same story.
func TestReplay(t *testing.T) {
	for _, seed := range []uint64{1, 2, 6} {
		plan := NewPlan(seed, 8)
		if one, other := run(t, plan, false), run(t, plan, false); one.Hash != other.Hash {
			t.Errorf("seed %d:\n%s\nand then:\n%s", seed, one.Story, other.Story)
		}
	}
}

// TestFound replays seeds that found bugs.
func TestFound(t *testing.T) {
	for _, found := range []struct {
		bug  string
		seed uint64
	}{
		{"a manager's clock that had been ahead made a change older than the one before: its CloudEvent was delivered again and again", 3},
		{"the same, with webhooks throttled", 10},
		{"a sidecar's clock had been ahead: a failed recording waited until then for its file", 1052},
	} {
		if result := run(t, NewPlan(found.seed, 40), false); len(result.Problems) > 0 {
			t.Errorf("seed %d, %s:\n%s", found.seed, found.bug, strings.Join(result.Problems, "\n"))
		}
	}
}

// TestShrink: what is left is what the failure needs.
func TestShrink(t *testing.T) {
	plan := NewPlan(3, 40)
	wanted, session := plan.Faults[1], plan.Sessions[4].SessionID
	has := func(p Plan) bool {
		return slices.Contains(p.Faults, wanted) && slices.ContainsFunc(p.Sessions, func(s chaos.Session) bool { return s.SessionID == session })
	}
	smallest := Shrink(plan, 1000, has)
	if !has(smallest) || len(smallest.Faults) != 1 || len(smallest.Sessions) != 1 || smallest.Sink || smallest.Backfill || smallest.Night {
		t.Errorf("%s", smallest)
	}
	for _, d := range smallest.Deliveries {
		if d.Session != 0 {
			t.Errorf("a webhook of session %d is left", d.Session)
		}
	}
}
