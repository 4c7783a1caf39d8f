// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// A test may seed the source of random numbers that libraries draw their jitter from.
//
//go:debug randseednop=0

package simulate

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sys/unix"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	chaos "github.com/meetingops/meeting-recording-operator/test/chaos/plan"
)

var (
	firstSeed = flag.Uint64("seed", 1, "first seed")
	seeds     = flag.Uint64("seeds", 50, "how many seeds")
	size      = flag.Int("recordings", 40, "how many recordings a seed has on average")
	verbose   = flag.Bool("story", false, "print the story of each seed, with what the processes log")
	progress  = flag.Bool("progress", false, "print each seed as it ends")
	first     = flag.Bool("first", false, "end with the first seed that fails")
	tries     = flag.Int("tries", 60, "how many smaller plans of a failing seed are tried; 0 prints no story")
	with      = flag.String("with", "", "play only seeds whose plan has this text, such as a kind of fault")
	twice     = flag.Bool("twice", false, "run each seed twice and compare")
)

func TestMain(m *testing.M) {
	flag.Parse()
	runtime.GOMAXPROCS(1)    // goroutines that are ready at the same moment run in the same order
	debug.SetGCPercent(1000) // a run's garbage is a multiple of what it keeps
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

// enoughSeeds draw each kind of fault.
const enoughSeeds = 200

// TestSeeds plays seeds. One that fails is shrunk and told.
func TestSeeds(t *testing.T) {
	var took time.Duration
	played := 0
	drawn, applied := map[Kind]int{}, map[Kind]int{}
	for seed := *firstSeed; seed < *firstSeed+*seeds; seed++ {
		plan := NewPlan(seed, *size)
		if !strings.Contains(plan.String(), *with) {
			continue
		}
		played++
		before := processorTime()
		result := run(t, plan, *verbose)
		took += processorTime() - before
		for _, f := range plan.Faults {
			drawn[f.Kind]++
			applied[f.Kind] += result.Applied[f.Kind]
		}
		if *progress {
			t.Logf("seed %d: %s, %d problems, %d writes, %s", seed, (processorTime() - before).Round(time.Millisecond), len(result.Problems), result.Writes, result.Took)
		}
		if *twice {
			if where := parted(result, run(t, plan, *verbose)); where != "" {
				t.Errorf("seed %d is two stories: %s", seed, where)
			}
		}
		if len(result.Problems) > 0 {
			t.Errorf("%sPROBLEM: %s", plan, strings.Join(result.Problems, "\nPROBLEM: "))
			if *tries > 0 {
				tell(t, plan)
			}
			if *first {
				return
			}
		} else if *verbose {
			t.Logf("%s%s", plan, result.story)
		}
	}
	t.Logf("%d seeds, %s of a processor each", played, (took / time.Duration(max(played, 1))).Round(time.Millisecond))
	for _, kind := range kinds {
		if *seeds >= enoughSeeds && *with == "" && applied[kind] == 0 {
			t.Errorf("the fault %q was drawn %d times, and had no effect", kind, drawn[kind])
		}
	}
}

// processorTime is what this process has used.
func processorTime() time.Duration {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return 0 // it is for information only
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// tell shrinks a failing plan and prints its story.
func tell(t *testing.T, plan Plan) {
	t.Helper()
	smallest := Shrink(plan, *tries, func(candidate Plan) bool { return len(run(t, candidate, false).Problems) > 0 })
	if result := run(t, smallest, *verbose); len(result.Problems) > 0 {
		t.Logf("The smallest plan found that fails:\n%s%s\n%s", smallest, result.story, strings.Join(result.Problems, "\n"))
	}
}

// TestReplay: a seed is the same trace each time. Two reconciliations of one manager that begin at the very same moment may still come in
// another order, which few seeds have.
func TestReplay(t *testing.T) {
	const replays, mayPart = 12, 1
	var parts []string
	for seed := range uint64(replays) {
		plan := NewPlan(seed, 12)
		if where := parted(run(t, plan, false), run(t, plan, false)); where != "" {
			parts = append(parts, fmt.Sprintf("seed %d: %s", seed, where))
		}
	}
	if len(parts) > mayPart {
		t.Errorf("%d of %d seeds are two stories:\n%s", len(parts), replays, strings.Join(parts, "\n"))
	}
	t.Logf("%d of %d seeds are the same story twice", replays-len(parts), replays)
}

// parted compares two whole traces, and says where they part; empty if they are the same.
func parted(one, other Result) string {
	a, b := one.story.trace(), other.story.trace()
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			until := func(lines []string) string {
				return strings.Join(lines[max(0, min(i, len(lines))-4):min(i+3, len(lines))], "\n")
			}
			return fmt.Sprintf("from line %d of %d:\n%s\nand then:\n%s", i, len(a), until(a), until(b))
		}
	}
	return ""
}

// TestFound replays seeds that found bugs. Each still fails without the fix of its bug: a change of what seeds draw must not change that.
func TestFound(t *testing.T) {
	for _, found := range []struct {
		bug  string
		seed uint64
	}{
		{"a manager's clock that had been ahead made a change older than the one before: its CloudEvent was delivered again and again", 3},
		{"the same, with webhooks throttled", 10},
		{"a sidecar's clock had been ahead: a failed recording waited until then for its file", 1052},
		{"the last save waited for deliveries by a lock, without its time limit", 7},
		{"webhooks arrived for a recording whose events were delivered while no manager ran: nothing delivered them", 80},
		{"writes whose responses were lost were repeated after the window, as events of another recording", 44},
		{"a sidecar's clock had been ahead: a recording without an end was not Stalled until then", 597},
		{"a manager's clock had been behind: it looked at a recording again only a day later", 1425},
		{"the API server answered the creation of a Job only after a user had deleted it: it was created again", 6961},
		{"a sidecar's clock was a day ahead: what its namespace had refused for a moment became dead letters", 1592},
		{"etcd was restored from a backup that was younger than the last look at its revision: what was written then was never delivered", 7243},
		{"a rerun was requested of a recording that never ended: it was kept forever", 3800},
		{"a spooled session waited until each of those was tried again that cannot be written", 3669},
		{"etcd was restored, and past the version that the manager knew before it could connect: it never saw what was written until then", 31729},
		{"a manager's clock that was a day ahead was set right while it looked whether a Job may be deleted: the Job was, too early", 9082},
	} {
		if result := run(t, NewPlan(found.seed, 40), false); len(result.Problems) > 0 {
			t.Errorf("seed %d, %s:\n%s", found.seed, found.bug, strings.Join(result.Problems, "\n"))
		}
	}
}

// TestWithMonotonic: a clock that is set shows another time, and measures durations as before.
func TestWithMonotonic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := withMonotonic(time.Now(), time.Minute)
		for _, by := range []time.Duration{-25 * time.Hour, -time.Microsecond, 0, 24 * time.Hour} {
			set := withMonotonic(time.Now().Add(by), time.Minute+time.Second)
			if shown, measured := time.Until(set.Round(0)), set.Sub(before); shown != by || measured != time.Second {
				t.Errorf("set by %s it shows %s more, and measures %s", by, shown, measured)
			}
		}
	})
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
