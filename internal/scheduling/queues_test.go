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
	return scheduling.Request{Step: scheduling.Step{Pipeline: "p"}, Index: step, Job: fmt.Sprintf("%s-%d", r.Name, step)}
}

// ask asks for one step, and returns the answer and who is woken.
func ask(l *scheduling.Queues, r scheduling.Recording) (scheduling.Answer, []string) {
	answers, _, wake := l.Ask(r, []scheduling.Request{request(r, 0)}, noon)
	return answers[request(r, 0).Job], others(wake, r)
}

func others(wake []string, r scheduling.Recording) []string {
	return slices.DeleteFunc(wake, func(name string) bool { return name == r.Name })
}

func expectAnswer(t *testing.T, got, want scheduling.Answer) {
	t.Helper()
	if got != want {
		t.Errorf("answer = %+v, want %+v", got, want)
	}
}

func expectWoken(t *testing.T, got []string, want ...string) {
	t.Helper()
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" && len(got)+len(want) > 0 {
		t.Errorf("woken (-want +got)\n%s", diff)
	}
}

// limited returns queues whose pipeline p has the limit, and recordings that have asked, in this order.
func limited(limit int, recordings ...scheduling.Recording) *scheduling.Queues {
	l := scheduling.New()
	l.SetLimits("p", scheduling.Limits{Pipeline: limit})
	for _, r := range recordings {
		ask(l, r)
	}
	return l
}

// The recording that ended first comes first, whichever asks first.
func TestOrder(t *testing.T) {
	l := limited(1, rec(5))
	for _, r := range []scheduling.Recording{rec(3), rec(1), rec(2)} {
		ask(l, r)
	}
	answer, _ := ask(l, rec(2))
	expectAnswer(t, answer, scheduling.Answer{Position: 2, Of: 3})
	for _, next := range []struct {
		job   string
		wakes scheduling.Recording
	}{{"r5-0", rec(1)}, {"r1-0", rec(2)}, {"r2-0", rec(3)}} {
		expectWoken(t, l.Ended(next.job), next.wakes.Name)
		answer, _ := ask(l, next.wakes)
		expectAnswer(t, answer, scheduling.Answer{Granted: true})
	}
	expectWoken(t, l.Ended("r3-0"))
}

// Two that ended at once are ordered by name, and the steps of one as the pipeline has them.
func TestOrderOfEquals(t *testing.T) {
	l := limited(1, rec(0))
	b, a := scheduling.Recording{EndTime: noon, Name: "b"}, scheduling.Recording{EndTime: noon, Name: "a"}
	answers, _, _ := l.Ask(b, []scheduling.Request{request(b, 2), request(b, 1)}, noon)
	if diff := cmp.Diff(map[string]scheduling.Answer{"b-1": {Position: 1, Of: 2}, "b-2": {Position: 2, Of: 2}}, answers); diff != "" {
		t.Errorf("answers (-want +got)\n%s", diff)
	}
	answer, _ := ask(l, a)
	expectAnswer(t, answer, scheduling.Answer{Position: 1, Of: 3})
}

// A slot that was granted is granted again whenever it is requested, and each pipeline has a queue of its own.
func TestGo(t *testing.T) {
	l := limited(1, rec(1))
	for range 2 {
		answer, _ := ask(l, rec(1))
		expectAnswer(t, answer, scheduling.Answer{Granted: true})
	}
	other := request(rec(2), 0)
	other.Pipeline = "unlimited"
	answers, _, _ := l.Ask(rec(2), []scheduling.Request{other}, noon)
	expectAnswer(t, answers[other.Job], scheduling.Answer{Granted: true})
	l.Started(scheduling.Step{Pipeline: "p"}, "r1-0")
	answer, _ := ask(l, rec(1))
	expectAnswer(t, answer, scheduling.Answer{Granted: true})
}

// Jobs that are found count, also before their pipeline has a limit, and those above a limit stay.
func TestJobsThatAreFound(t *testing.T) {
	l := scheduling.New()
	l.Started(scheduling.Step{Pipeline: "p"}, "x")
	l.Started(scheduling.Step{Pipeline: "p"}, "y")
	l.Started(scheduling.Step{Pipeline: "p"}, "y")
	l.SetLimits("p", scheduling.Limits{Pipeline: 1})
	answer, _ := ask(l, rec(1))
	expectAnswer(t, answer, scheduling.Answer{Position: 1, Of: 1})
	expectWoken(t, l.Ended("x"))
	expectWoken(t, l.Ended("y"), "r1")
}

// A limit that grows, or goes, wakes those that wait; one that shrinks stops nothing.
func TestLimitChanges(t *testing.T) {
	l := limited(1, rec(1), rec(2), rec(3), rec(4), rec(5))
	expectWoken(t, l.SetLimits("p", scheduling.Limits{Pipeline: 3}), "r2", "r3")
	ask(l, rec(2))
	ask(l, rec(3))
	expectWoken(t, l.SetLimits("p", scheduling.Limits{Pipeline: 1}))
	expectWoken(t, l.Ended("r1-0"))
	expectWoken(t, l.Ended("r2-0"))
	expectWoken(t, l.Ended("r3-0"), "r4")
	ask(l, rec(4))
	expectWoken(t, l.SetLimits("p", scheduling.Limits{}), "r5")
	ask(l, rec(5))
	if got := l.Lengths(); len(got) != 0 {
		t.Errorf("queues with a limit: %v, want none", got)
	}
	l.Ended("r4-0")
	l.Ended("r5-0")
	if !l.Empty() {
		t.Error("something is kept of a queue without limit, slots and requests")
	}
}

// A recording that was woken before the limit shrank gets no slot beyond it.
func TestLimitShrinksBeforeTheAnswer(t *testing.T) {
	l := limited(1, rec(1), rec(2), rec(3), rec(4))
	expectWoken(t, l.SetLimits("p", scheduling.Limits{Pipeline: 3}), "r2", "r3")
	expectWoken(t, l.SetLimits("p", scheduling.Limits{Pipeline: 2}), "r2")
	answer, _ := ask(l, rec(3))
	expectAnswer(t, answer, scheduling.Answer{Position: 2, Of: 3})
	answer, _ = ask(l, rec(2))
	expectAnswer(t, answer, scheduling.Answer{Granted: true})
}

// A recording that does not ask any more, because it is suspended or gone, blocks no other.
func TestGivingUp(t *testing.T) {
	t.Run("in the queue", func(t *testing.T) {
		l := limited(1, rec(1), rec(2), rec(3))
		l.Ask(rec(2), nil, noon)
		answer, _ := ask(l, rec(3))
		expectAnswer(t, answer, scheduling.Answer{Position: 1, Of: 1})
	})
	t.Run("woken", func(t *testing.T) {
		l := limited(1, rec(1), rec(2), rec(3))
		expectWoken(t, l.Ended("r1-0"), "r2")
		_, again, wake := l.Ask(rec(2), nil, noon)
		expectWoken(t, wake, "r3")
		if again != 0 {
			t.Errorf("again in %s, want never", again)
		}
	})
	t.Run("granted a slot: the Job may exist", func(t *testing.T) {
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
	t.Run("granted a slot, and the Job was seen", func(t *testing.T) {
		l := limited(1, rec(1), rec(2))
		l.Started(scheduling.Step{Pipeline: "p"}, "r1-0")
		_, again, wake := l.Ask(scheduling.Recording{Name: "r1"}, nil, noon.Add(scheduling.GrantTTL))
		expectWoken(t, wake)
		if again != 0 {
			t.Errorf("again in %s, want never", again)
		}
		expectWoken(t, l.Ended("r1-0"), "r2")
	})
}

// A Job that was rejected gives its slot to the next, and waits in its old position.
func TestRefused(t *testing.T) {
	l := limited(1, rec(1), rec(2), rec(3))
	expectWoken(t, l.Ended("r1-0"), "r2")
	ask(l, rec(2))
	answer, _ := ask(l, rec(1))
	expectAnswer(t, answer, scheduling.Answer{Position: 1, Of: 2})
}

// The first that waits may move back before it asks: then the next is woken in its place.
func TestWokenMovesBack(t *testing.T) {
	l := limited(1, rec(1), rec(2), rec(3))
	expectWoken(t, l.Ended("r1-0"), "r2")
	_, wake := ask(l, scheduling.Recording{EndTime: noon.Add(time.Hour), Name: "r2"})
	expectWoken(t, wake, "r3")
}

// An event that came later than a recording ended changes when it ended: the place follows.
func TestPlaceFollowsTheEnd(t *testing.T) {
	l := limited(1, rec(9), rec(1), rec(2))
	later := scheduling.Recording{EndTime: noon.Add(time.Minute), Name: "r1"}
	answer, _ := ask(l, later)
	expectAnswer(t, answer, scheduling.Answer{Position: 2, Of: 2})
	expectWoken(t, l.Ended("r9-0"), "r2")
}

func TestLengths(t *testing.T) {
	l := limited(2, rec(1), rec(2), rec(3))
	want := map[string]scheduling.Length{"p": {Limit: 2, Waiting: 1, Taken: 2}}
	if diff := cmp.Diff(want, l.Lengths()); diff != "" {
		t.Errorf("lengths (-want +got)\n%s", diff)
	}
}

// A step with a queue of its own does not count for its pipeline. When that changes, what waits and runs moves.
func TestQueuesOfSteps(t *testing.T) {
	l := scheduling.New()
	l.SetLimits("p", scheduling.Limits{Pipeline: 2, Steps: map[string]int{"gpu": 1, "kueue": 0}})
	for _, step := range []string{"cpu", "gpu", "kueue"} {
		l.Started(scheduling.Step{Pipeline: "p", Step: step}, step)
	}
	waits := scheduling.Request{Step: scheduling.Step{Pipeline: "p", Step: "gpu"}, Job: "waits"}
	answers, _, _ := l.Ask(rec(1), []scheduling.Request{waits}, noon)
	expectAnswer(t, answers["waits"], scheduling.Answer{Position: 1, Of: 1})
	want := map[string]scheduling.Length{"p": {Limit: 2, Taken: 1}, "p/gpu": {Limit: 1, Waiting: 1, Taken: 1}}
	if diff := cmp.Diff(want, l.Lengths()); diff != "" {
		t.Errorf("lengths (-want +got)\n%s", diff)
	}
	expectWoken(t, l.SetLimits("p", scheduling.Limits{Pipeline: 3}))
	want = map[string]scheduling.Length{"p": {Limit: 3, Waiting: 1, Taken: 3}}
	if diff := cmp.Diff(want, l.Lengths()); diff != "" {
		t.Errorf("lengths of one queue (-want +got)\n%s", diff)
	}
	expectWoken(t, l.Ended("cpu"), "r1")
}

// A Job of a name that waits elsewhere, which only a person makes, counts where its label says.
func TestJobOfAnotherLine(t *testing.T) {
	l := limited(1, rec(1), rec(2))
	l.Started(scheduling.Step{Pipeline: "q"}, "r2-0")
	want := map[string]scheduling.Length{"p": {Limit: 1, Taken: 1}}
	if diff := cmp.Diff(want, l.Lengths()); diff != "" {
		t.Errorf("lengths (-want +got)\n%s", diff)
	}
}
