// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

const (
	mayCost    = "may cost"
	costs      = "costs more than 1000000 units"
	loops      = "loops (all, exists, map, filter and the like), and may have 6"
	tooLarge   = "patterns that are too large together"
	repetition = "optMap and optFlatMap are not available"
)

// Conditions that somebody wrote to keep the manager busy, or to take its memory. Each is refused, or stopped; before there were
// limits of our own, most of these took minutes or gigabytes, since CEL ascribes them a cost of a few units.
func TestHostileConditions(t *testing.T) {
	again := strings.Repeat
	list := func(item string, n int) string { return "[" + again(item+",", n) + item + "]" }
	for name, test := range map[string]struct{ condition, want string }{
		"loops in loops":               {"outputs.all(a, outputs.all(b, outputs.all(c, outputs.all(d, outputs.all(e, outputs.all(f, true))))))", mayCost},
		"text multiplied by a macro":   {"optional.of([1])" + again(".optMap(a,[a,a])", 40) + ".hasValue()", repetition},
		"text multiplied by the other": {"optional.of([1])" + again(".optFlatMap(a,optional.of(a))", 40) + ".hasValue()", repetition},
		"lists of lists of lists":      {"[[1]]" + again(".map(a,[a,a])", 30) + ".size() > 0", loops},
		"the same, hidden as dyn":      {"[dyn(1)]" + again(".map(a,[dyn(a),dyn(a)])", 30) + ".size() > 0", loops},
		"fewer, but wider":             {"[1]" + again(".map(a,"+list("a", 40)+")", 6) + ".size() > 0", costs},
		"wide, and compared":           {"[1].map(a," + list("a", 90) + ").map(a," + list("a", 90) + ").map(a," + list("a", 90) + ").all(x, x == x)", costs},
		"wide maps":                    {"{1:1}" + again(".transformMap(k,v,["+again("v,", 40)+"v])", 6) + ".size() > 0", costs},
		"kept as optional":             {"[[1]].map(a,[" + again("optional.of(a),", 50) + "optional.of(a)]).map(a,[" + again("optional.of(a),", 50) + "optional.of(a)]).size() > 0", ""},
		"a list doubled":               {"[[1]]" + again(".map(a,a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a)", 6) + ".size() > 0", costs},
		"a text doubled":               {`["aaaaaaaaaaaaaaaa"]` + again(".map(a,a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a+a)", 6) + ".size() > 0", mayCost},
		"all compared, over and over":  {"[" + again("1,", 900) + "1].all(i, steps == steps)", costs},
		"searched, over and over":      {"[" + again("1,", 800) + "1].exists(i, !(steps in [steps]))", costs},
		"sets of sets":                 {"[" + again("1,", 800) + "1].all(i, sets.contains([dyn(steps)], [dyn(steps)]))", costs},
		"distinct":                     {"[" + again("steps,", 250) + "steps].distinct().size() > 0", costs},
		"a long range":                 {"lists.range(1000000).size() > 0", mayCost},
		"a range of unknown length":    {"lists.range(int(outputs.p.n)).size() > 0", mayCost},
		"replaced":                     {`outputs.p.t.replace("", outputs.p.t) == ""`, costs},
		"replaced twice":               {`outputs.p.t.replace("", outputs.p.t).replace("", outputs.p.t) == ""`, mayCost},
		"replaced, and hidden":         {`{"t": outputs.p.t.replace("", outputs.p.t)}.t.replace("", outputs.p.t) == ""`, mayCost},
		"replaced, many times":         {list(`outputs.p.t.replace("",outputs.p.t)`, 40) + ".size() > 0", costs},
		"formatted, and formatted":     {`["` + again("%s", 40) + `".format(` + list("outputs.p.t", 39) + `)].map(a, "` + again("%s", 100) + `".format(` + list("a", 99) + `)).size() > 0`, costs},
		"joined":                       {list("outputs.p.t", 100) + `.join(outputs.p.t) == ""`, mayCost},
		"split, and looped over":       {`outputs.p.t.split("").all(a, outputs.p.t.split("").all(b, a == b))`, mayCost},
		"a slow pattern":               {`outputs.p.t.matches("` + again("(x+x+)+", 220) + `y")`, tooLarge},
		"a pattern, repeated":          {`outputs.p.t.matches("` + again("(a?){1000}", 180) + `")`, tooLarge},
		"a pattern in a pattern":       {`outputs.p.t.matches("((a{100}){100}){100}")`, "invalid"},
		"many patterns":                {again(`outputs.p.t.matches("(a?){20}") || `, 55) + "true", tooLarge},
		"large classes":                {`outputs.p.t.matches("` + again("\\\\pL", 300) + `")`, tooLarge},
		"a pattern to find":            {`outputs.p.t.find("(a?){1000}") == ""`, tooLarge},
		"a pattern to find all":        {`outputs.p.t.findAll("(a?){1000}", 1).size() == 0`, tooLarge},
		"found over and over":          {`outputs.p.t.findAll(".*y|x").size() == 0`, mayCost},
		"matched over and over":        {`["` + again(`1","`, 200) + `1"].all(i, outputs.p.t.matches("(x?){100}y"))`, mayCost},
		"a pattern of unknown length":  {`["x"].all(x, outputs.p.t.matches(string(size(outputs.p.t.split("")))))`, "is not a string literal"},
		"a pattern from outside":       {`outputs.p.t.matches(outputs.p.t)`, "is not a string literal"},
		"a pattern as a function":      {`outputs.p.t.matches("(" + "a?){1000}")`, "is not a string literal"},
		"no pattern":                   {`outputs.p.t.matches("(")`, "invalid"},
		"a chain without end":          {"[1]" + again(".map(a,[a,a])", 100) + ".size() > 0", "recursion"},
		"brackets":                     {again("[", 1000) + again("]", 1000) + ".size() > 0", "recursion"},
		"nested lists":                 {again("[", 60) + again("]", 60) + ".size() > 0", ""},
		"parentheses":                  {again("(", 1000) + "true" + again(")", 1000), "recursion"},
		"negations":                    {again("!", 2044) + "true", ""},
		"a path without end":           {"outputs.p" + again(".a", 1000) + " == 1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := New()
			err := e.CheckStep(test.condition, []string{"p"})
			if err == nil {
				_, err = e.StepCost(test.condition, meeting(), heavy())
			}
			if test.want == "" {
				return // it is enough that it ends
			}
			if test.want == costs && err != nil && strings.Contains(err.Error(), "actual cost limit exceeded") {
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// expensive returns conditions that are accepted, each the most expensive of its kind, and different for each n.
func expensive(n int) map[string]string {
	again := strings.Repeat
	fill := func(condition string, part string) string { // as long as can be
		end := fmt.Sprintf("%d != 0", n+1)
		return condition + again(part, (MaxLength-len(condition)-len(end))/len(part)) + end
	}
	return map[string]string{
		"terms":         fill("", "true||"),
		"paths":         fill("", "outputs.p.t!=''||"),
		"names":         fill("", "recording.name.size()>0||"),
		"numbers":       "[" + again("1,", 1000) + strconv.Itoa(n) + "].size() > 0",
		"patterns":      fmt.Sprintf(`outputs.p.t.matches("(x?){190}y") || %d != 0`, n+1),
		"in a loop":     fmt.Sprintf(`[1,2,3,4].all(i, !outputs.p.t.matches("(x?){55}y")) || %d != 0`, n+1),
		"small, in one": "[" + again("1,", 18) + fmt.Sprintf(`1].all(i, !outputs.p.t.matches("(x?){12}y")) || %d != 0`, n+1),
		"many patterns": fill(again(`"a".matches("(a?){10}b")||`, 18), "true||"),
		"classes":       fmt.Sprintf(`"x".matches("%s") || %d != 0`, again("\\\\pL", 11), n+1),
	}
}

// The most expensive pipeline that is accepted: 33 conditions take less than 32 MiB, and each is evaluated within 0.1 s, also by the
// heaviest steps there can be.
func TestMostExpensivePipeline(t *testing.T) {
	for name := range expensive(0) {
		t.Run(name, func(t *testing.T) {
			e := New()
			if err := e.CheckStep("true", nil); err != nil { // what all conditions share
				t.Fatal(err)
			}
			before := heap()
			for n := range 33 {
				if err := e.CheckStep(expensive(n)[name], []string{"p"}); err != nil {
					t.Fatal(err)
				}
			}
			if took := heap() - before; took > 32<<20 || took > int64(e.bytes) {
				t.Errorf("the conditions take %d KiB and count for %d KiB", took>>10, e.bytes>>10)
			} else {
				t.Logf("the conditions take %d KiB and count for %d KiB", took>>10, e.bytes>>10)
			}
			fastest := time.Hour
			for range 5 {
				began := processorTime(t)
				if _, err := e.Step(expensive(0)[name], meeting(), heavy()[:1]); err != nil {
					t.Fatal(err)
				}
				fastest = min(fastest, processorTime(t)-began)
			}
			if fastest > slowdown*100*time.Millisecond {
				t.Errorf("an evaluation takes %s", fastest)
			} else {
				t.Logf("an evaluation takes %s", fastest)
			}
		})
	}
}

// processorTime is what this process has used: the machine may be busy with other things.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// heap returns how many bytes are reachable.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// heavy returns the heaviest steps there can be: as many, each with a whole message of values.
func heavy() []v1alpha1.StepStatus {
	steps := []v1alpha1.StepStatus{{Step: "p", State: v1alpha1.StepSucceeded, Outputs: []v1alpha1.StepOutput{
		{Name: "o", Values: values(`{"n":1000000,"t":"` + strings.Repeat("x", 4000) + `"}`)},
	}}}
	for len(steps) < 31 {
		step := *steps[0].DeepCopy()
		step.Step = "p" + strings.Repeat("x", len(steps))
		steps = append(steps, step)
	}
	return steps
}

// What is stopped for its cost says so.
func TestCostsTooMuch(t *testing.T) {
	e := New()
	condition := `outputs.p.t.replace("", outputs.p.t) == ""`
	if _, err := e.Step(condition, meeting(), heavy()); err == nil || err.Error() != costs {
		t.Errorf("got %v, want %q", err, costs)
	}
}

// The limits are not in the way of conditions that are only long.
func TestLongConditions(t *testing.T) {
	e := New()
	for _, condition := range []string{
		strings.Repeat("recording.labels.team == 'b' || ", 60) + "true",
		"recording.labels.team in [" + strings.Repeat("'b', ", 300) + "'a']",
		"steps.exists(a, steps[a].outputs.exists(o, steps[a].outputs[o].?url.orValue('').matches('^s3://[a-z]+/')))",
		"outputs.exists(s, outputs[s].exists(k, outputs[s][k] == 61)) && recording.labels.all(k, recording.labels[k] != '')",
		strings.Repeat("(", 30) + "true" + strings.Repeat(")", 30),
	} {
		if err := e.CheckStep(condition, needed()); err != nil {
			t.Errorf("%.60s: %v", condition, err)
		}
		if ok, err := e.Step(condition, meeting(), ended()); !ok || err != nil {
			t.Errorf("%.60s: is %t, %v", condition, ok, err)
		}
	}
}
