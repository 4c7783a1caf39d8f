// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// slack is what a single operation can cost beyond the limit before it is stopped.
const slack = 100 * MaxCost

// Whatever the text: it is refused, or it is evaluated at a cost within the limit, or it fails with one line of a message.
func FuzzCondition(f *testing.F) {
	for _, seed := range []string{
		`outputs.probe.durationSeconds > 60.0`, `steps["probe"].outputs["report"].url.startsWith("s3://")`,
		`recording.labels[?"team"].orValue("") == "a" && has(recording.file)`, `outputs.exists(s, outputs[s].?x.orValue(0.0) > 1.0)`,
		`recording.endTime - recording.startTime > duration("10m")`, `"a\n" + 'b' == """c"""`, `[1, 2].map(x, [x]).exists(y, y == [1])`,
		`{"a": 1}.transformList(k, v, v)`, `lists.range(3).sortBy(x, -x)`, `'%s'.format([outputs])`, `recording.\n.name`, `1 ? 2 : 3`, `-9223372036854775808 - 1 > 0`,
	} {
		f.Add(seed)
	}
	e := New()
	f.Fuzz(func(t *testing.T, condition string) { evaluates(t, e, condition) })
}

// Whatever is put together of the words of the language: the same holds, and asking twice gives the same answer.
func TestRandomConditions(t *testing.T) {
	e := New()
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		condition := conditions(3).Draw(t, "condition")
		if !evaluates(t, e, condition) {
			return
		}
		accepted++
		first, err := e.Step(condition, meeting(), ended())
		second, errAgain := e.Step(condition, meeting(), ended())
		if first != second || fmt.Sprint(err) != fmt.Sprint(errAgain) {
			t.Errorf("it is %t, %v; and then %t, %v", first, err, second, errAgain)
		}
	})
	if accepted == 0 {
		t.Error("none was accepted: the generator makes only nonsense")
	}
}

// evaluates checks and evaluates a condition, and says whether it was accepted.
func evaluates(t interface{ Errorf(string, ...any) }, e *Evaluator, condition string) bool {
	refused := e.CheckStep(condition, needed())
	_, err := e.Step(condition, meeting(), ended())
	for _, said := range []error{refused, err} {
		if said != nil && (said.Error() == "" || strings.ContainsAny(said.Error(), "\n\r")) {
			t.Errorf("not one line: %q", said)
		}
	}
	if refused != nil {
		if err == nil {
			t.Errorf("it is refused (%v), and evaluated", refused)
		}
		return false
	}
	if err != nil && strings.Contains(err.Error(), "internal error") {
		t.Errorf("panics: %v", err)
	}
	cost, _ := e.StepCost(condition, meeting(), ended())
	if err == nil && cost > MaxCost || cost > slack {
		t.Errorf("costs %d, %v", cost, err)
	}
	return true
}

// conditions generates texts of booleans, most of which CEL accepts, nested so deep.
func conditions(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		if depth == 0 {
			return rapid.SampledFrom([]string{
				"true", "has(outputs.probe.title)", "outputs.probe.hasAudio", `"probe" in steps`, "recording.segment == 2", "has(recording.file)",
				`steps["check-it"].state == "Skipped"`, "outputs.?probe.?x.hasValue()",
			}).Draw(t, "leaf")
		}
		sub := func(name string) string { return conditions(depth-1).Draw(t, name) }
		number, text, list := numbers(depth-1), texts(depth-1), lists(depth-1)
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0:
			return "(" + sub("a") + " && " + sub("b") + ")"
		case 1:
			return "(" + sub("a") + " || !" + sub("b") + ")"
		case 2:
			return "(" + sub("a") + " ? " + sub("b") + " : " + sub("c") + ")"
		case 3:
			compare := rapid.SampledFrom([]string{"<", ">", "<=", ">=", "==", "!="}).Draw(t, "compare")
			return "(" + number.Draw(t, "a") + " " + compare + " " + number.Draw(t, "b") + ")"
		case 4:
			function := rapid.SampledFrom([]string{"contains", "startsWith", "endsWith", "matches"}).Draw(t, "function")
			return text.Draw(t, "a") + "." + function + "(" + text.Draw(t, "b") + ")"
		case 5:
			return text.Draw(t, "a") + rapid.SampledFrom([]string{" == ", " < ", " in "}).Draw(t, "compare") + list.Draw(t, "b") + "[0]"
		case 6:
			loop := rapid.SampledFrom([]string{"all", "exists", "exists_one"}).Draw(t, "loop")
			return list.Draw(t, "list") + "." + loop + "(x, x == " + text.Draw(t, "a") + " || " + sub("b") + ")"
		case 7:
			return text.Draw(t, "a") + " in " + list.Draw(t, "b")
		case 8:
			return "outputs.exists(s, outputs[s].exists(k, v, v == " + number.Draw(t, "a") + "))"
		}
		return "dyn(" + list.Draw(t, "a") + ") == " + list.Draw(t, "b")
	})
}

func numbers(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		if depth <= 0 {
			return rapid.SampledFrom([]string{
				"0", "1.5", "recording.segment", "outputs.probe.width", "outputs.probe.durationSeconds", "steps.probe.outputs.report.sizeBytes", "9223372036854775807",
			}).Draw(t, "number")
		}
		operator := rapid.SampledFrom([]string{"+", "-", "*", "/", "%"}).Draw(t, "operator")
		return slices.Concat([]string{
			"(" + numbers(depth-1).Draw(t, "a") + " " + operator + " " + numbers(depth-1).Draw(t, "b") + ")",
			"double(" + numbers(depth-1).Draw(t, "c") + ")", "size(" + texts(depth-1).Draw(t, "d") + ")",
		})[rapid.IntRange(0, 2).Draw(t, "kind")]
	})
}

func texts(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		if depth <= 0 {
			return rapid.SampledFrom([]string{
				`"a"`, `""`, "recording.name", "recording.labels.team", "recording.file.url", "outputs.probe.title", `outputs.probe.?x.orValue("none")`, `"(a|b)*"`,
			}).Draw(t, "text")
		}
		a, b := texts(depth-1).Draw(t, "a"), texts(depth-1).Draw(t, "b")
		return []string{
			"(" + a + " + " + b + ")", a + ".lowerAscii()", a + ".replace(" + b + ", " + a + ")", "string(" + numbers(depth-1).Draw(t, "n") + ")",
			`"%s-%s".format([` + a + ", " + b + "])", lists(depth-1).Draw(t, "list") + ".join(" + b + ")",
		}[rapid.IntRange(0, 5).Draw(t, "kind")]
	})
}

func lists(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		if depth <= 0 {
			return rapid.SampledFrom([]string{`["a", "b"]`, "steps.map(s, s)", "outputs.probe.map(k, k)", "recording.labels.map(k, k)"}).Draw(t, "list")
		}
		a, b := lists(depth-1).Draw(t, "a"), texts(depth-1).Draw(t, "b")
		return []string{
			"(" + a + " + " + a + ")", "[" + b + "]", a + ".filter(x, x != " + b + ")", a + ".map(x, x + " + b + ")", b + `.split("")`, a + ".distinct()",
		}[rapid.IntRange(0, 5).Draw(t, "kind")]
	})
}
