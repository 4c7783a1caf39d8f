// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"strings"
	"testing"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

const (
	mayCost    = "may cost"
	costs      = "costs more than 1000000 units"
	loops      = "loops (all, exists, map, filter and the like), and may have 6"
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
		"a slow pattern":               {`outputs.p.t.matches("` + again("(x+x+)+", 220) + `y")`, ""},
		"a pattern of unknown length":  {`["x"].all(x, outputs.p.t.matches(string(size(outputs.p.t.split("")))))`, ""},
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
