// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scheduling_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/internal/scheduling"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// rec is a recording that ended so many seconds after noon.
func rec(second int) scheduling.Recording {
	return scheduling.Recording{EndTime: noon.Add(time.Duration(second) * time.Second), Name: fmt.Sprintf("r%d", second)}
}

func request(r scheduling.Recording, step int) scheduling.Request {
	return scheduling.Request{Queue: "p", Step: step, Job: fmt.Sprintf("%s-%d", r.Name, step)}
}

// ask asks for one step, and returns the answer and who is woken.
func ask(l *scheduling.Queues, r scheduling.Recording) (scheduling.Answer, []string) {
	turns, _, wake := l.Ask(r, []scheduling.Request{request(r, 0)}, noon)
	return turns[request(r, 0).Job], others(wake, r)
}

func others(wake []string, r scheduling.Recording) []string {
	return slices.DeleteFunc(wake, func(name string) bool { return name == r.Name })
}

func expectAnswer(t *testing.T, got, want scheduling.Answer) {
	t.Helper()
	if got != want {
		t.Errorf("turn = %+v, want %+v", got, want)
	}
}

func expectWoken(t *testing.T, got []string, want ...string) {
	t.Helper()
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" && len(got)+len(want) > 0 {
		t.Errorf("woken (-want +got)\n%s", diff)
	}
}

// limited returns lines whose pipeline p has the limit, and recordings that have asked, in this order.
func limited(limit int, recordings ...scheduling.Recording) *scheduling.Queues {
	l := scheduling.New()
	l.SetLimit("p", limit)
	for _, r := range recordings {
		ask(l, r)
	}
	return l
}

// Who ended first comes first, whoever asks first.
func TestOrder(t *testing.T) {
	l := limited(1, rec(5))
	for _, r := range []scheduling.Recording{rec(3), rec(1), rec(2)} {
		ask(l, r)
	}
	turn, _ := ask(l, rec(2))
	expectAnswer(t, turn, scheduling.Answer{Position: 2, Of: 3})
	for _, next := range []struct{ job, wakes string }{{"r5-0", "r1"}, {"r1-0", "r2"}, {"r2-0", "r3"}} {
		expectWoken(t, l.Ended(next.job), next.wakes)
	}
	expectWoken(t, l.Ended("r3-0"))
}

// Two that ended at once are ordered by name, and the steps of one as the pipeline has them.
func TestOrderOfEquals(t *testing.T) {
	l := limited(1, rec(0))
	b, a := scheduling.Recording{EndTime: noon, Name: "b"}, scheduling.Recording{EndTime: noon, Name: "a"}
	turns, _, _ := l.Ask(b, []scheduling.Request{request(b, 2), request(b, 1)}, noon)
	if diff := cmp.Diff(map[string]scheduling.Answer{"b-1": {Position: 1, Of: 2}, "b-2": {Position: 2, Of: 2}}, turns); diff != "" {
		t.Errorf("turns (-want +got)\n%s", diff)
	}
	turn, _ := ask(l, a)
	expectAnswer(t, turn, scheduling.Answer{Position: 1, Of: 3})
}

// A turn that was given is told of whenever it is asked for, and each pipeline has a line of its own.
func TestGo(t *testing.T) {
	l := limited(1, rec(1))
	for range 2 {
		turn, _ := ask(l, rec(1))
		expectAnswer(t, turn, scheduling.Answer{Granted: true})
	}
	other := request(rec(2), 0)
	other.Queue = "unlimited"
	turns, _, _ := l.Ask(rec(2), []scheduling.Request{other}, noon)
	expectAnswer(t, turns[other.Job], scheduling.Answer{Granted: true})
	l.Started("p", "r1-0")
	turn, _ := ask(l, rec(1))
	expectAnswer(t, turn, scheduling.Answer{Granted: true})
}

// Jobs that are found count, also before their pipeline has a limit, and those above a limit stay.
func TestJobsThatAreFound(t *testing.T) {
	l := scheduling.New()
	l.Started("p", "x")
	l.Started("p", "y")
	l.Started("p", "y")
	l.SetLimit("p", 1)
	turn, _ := ask(l, rec(1))
	expectAnswer(t, turn, scheduling.Answer{Position: 1, Of: 1})
	expectWoken(t, l.Ended("x"))
	expectWoken(t, l.Ended("y"), "r1")
}

// A limit that grows, or goes, calls those who wait; one that shrinks stops nobody.
func TestLimitChanges(t *testing.T) {
	l := limited(1, rec(1), rec(2), rec(3), rec(4), rec(5))
	expectWoken(t, l.SetLimit("p", 3), "r2", "r3")
	ask(l, rec(2))
	ask(l, rec(3))
	expectWoken(t, l.SetLimit("p", 1))
	expectWoken(t, l.Ended("r1-0"))
	expectWoken(t, l.Ended("r2-0"))
	expectWoken(t, l.Ended("r3-0"), "r4")
	expectWoken(t, l.SetLimit("p", 0), "r5")
	if got := l.Lengths(); len(got) != 0 {
		t.Errorf("lines that are told of: %v, want none without a limit", got)
	}
	l.Ended("r4-0")
	l.Ended("r5-0")
	if !l.Empty() {
		t.Error("something is remembered of a line without limit, turns and tickets")
	}
}

// Whoever was called before the limit shrank, and does not know it yet, waits again; the last first.
func TestCallsAreTakenBack(t *testing.T) {
	l := limited(1, rec(1), rec(2), rec(3), rec(4))
	expectWoken(t, l.SetLimit("p", 3), "r2", "r3")
	expectWoken(t, l.SetLimit("p", 2))
	turn, _ := ask(l, rec(3))
	expectAnswer(t, turn, scheduling.Answer{Position: 1, Of: 2})
	turn, _ = ask(l, rec(2))
	expectAnswer(t, turn, scheduling.Answer{Granted: true})
}

// Who does not ask any more, because he is suspended or gone, holds nobody up.
func TestGivingUp(t *testing.T) {
	t.Run("in the line", func(t *testing.T) {
		l := limited(1, rec(1), rec(2), rec(3))
		l.Ask(rec(2), nil, noon)
		turn, _ := ask(l, rec(3))
		expectAnswer(t, turn, scheduling.Answer{Position: 1, Of: 1})
	})
	t.Run("called, and not told of it", func(t *testing.T) {
		l := limited(1, rec(1), rec(2), rec(3))
		expectWoken(t, l.Ended("r1-0"), "r2")
		_, again, wake := l.Ask(rec(2), nil, noon)
		expectWoken(t, wake, "r3")
		if again != 0 {
			t.Errorf("again in %s, want never", again)
		}
	})
	t.Run("told of a turn: the Job may exist", func(t *testing.T) {
		l := limited(1, rec(1), rec(2))
		_, again, wake := l.Ask(scheduling.Recording{Name: "r1"}, nil, noon.Add(time.Second))
		expectWoken(t, wake)
		if again != scheduling.GrantTTL-time.Second {
			t.Errorf("again in %s, want %s", again, scheduling.GrantTTL-time.Second)
		}
		_, again, wake = l.Ask(scheduling.Recording{Name: "r1"}, nil, noon.Add(scheduling.GrantTTL))
		expectWoken(t, wake, "r2")
		if again != 0 {
			t.Errorf("again in %s, want never", again)
		}
	})
	t.Run("told of a turn, and the Job was seen", func(t *testing.T) {
		l := limited(1, rec(1), rec(2))
		l.Started("p", "r1-0")
		_, again, wake := l.Ask(scheduling.Recording{Name: "r1"}, nil, noon.Add(scheduling.GrantTTL))
		expectWoken(t, wake)
		if again != 0 {
			t.Errorf("again in %s, want never", again)
		}
		expectWoken(t, l.Ended("r1-0"), "r2")
	})
}

// A Job that was refused gives its turn to the next, and asks again with the place that it had.
func TestRefused(t *testing.T) {
	l := limited(1, rec(1), rec(2), rec(3))
	expectWoken(t, l.Ended("r1-0"), "r2")
	turn, _ := ask(l, rec(1))
	expectAnswer(t, turn, scheduling.Answer{Position: 1, Of: 2})
}

// An event that came later than a recording ended changes when it ended: the place follows.
func TestPlaceFollowsTheEnd(t *testing.T) {
	l := limited(1, rec(9), rec(1), rec(2))
	later := scheduling.Recording{EndTime: noon.Add(time.Minute), Name: "r1"}
	turn, _ := ask(l, later)
	expectAnswer(t, turn, scheduling.Answer{Position: 2, Of: 2})
	expectWoken(t, l.Ended("r9-0"), "r2")
}

func TestLengths(t *testing.T) {
	l := limited(2, rec(1), rec(2), rec(3))
	want := map[string]scheduling.Length{"p": {Limit: 2, Waiting: 1, Taken: 2}}
	if diff := cmp.Diff(want, l.Lengths()); diff != "" {
		t.Errorf("lengths (-want +got)\n%s", diff)
	}
}

// A Job of a name that waits elsewhere, which only a person makes, counts where its label says.
func TestJobOfAnotherLine(t *testing.T) {
	l := limited(1, rec(1), rec(2))
	l.Started("q", "r2-0")
	want := map[string]scheduling.Length{"p": {Limit: 1, Taken: 1}}
	if diff := cmp.Diff(want, l.Lengths()); diff != "" {
		t.Errorf("lengths (-want +got)\n%s", diff)
	}
}
