// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression_test

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/expression"
)

// expensive returns conditions that take as much time or memory as their authors could make them take.
func expensive() map[string]string {
	again := strings.Repeat
	list := func(item string, n int) string { return "[" + again(item+",", n) + item + "]" }
	conditions := map[string]string{
		"small pattern, long text":     again(`outputs.p.t.matches("(x+x+)+y") || `, 40) + "true",
		"largest accepted pattern":     `"x".matches("` + again("(a?){300}", 1) + `")`,
		"onepass pattern":              `"x".matches("^` + again(`[\\pL]`, 5) + `$")`,
		"classes":                      `"x".matches("` + again(`[\\pL\\pN]`, 2) + `")`,
		"findAll":                      again(`outputs.p.t.findAll("x*y|x", 3).size() > 0 || `, 30) + "true",
		"findAll without limit":        `outputs.p.t.substring(0, 60).findAll("x*y|x").size() > 0`,
		"find":                         again(`outputs.p.t.find("x+y") == "" && `, 40) + "true",
		"loop over range":              "lists.range(3000).all(x, x >= 0)",
		"loops without calls":          list("1", 100) + ".exists_one(a, " + list("1", 100) + ".exists_one(b, " + list("1", 100) + ".exists_one(c, true)))",
		"loop over outputs":            "outputs.all(a, outputs.all(b, a != '' && b != ''))",
		"loop over labels":             "recording.labels.all(a, recording.labels.all(b, recording.labels.all(c, true)))",
		"split":                        again(`outputs.p.t.split("").reverse().size() > 0 || `, 20) + "false",
		"split and map":                `outputs.p.t.split("").map(a, a).size() > 0`,
		"sorted":                       "lists.range(2000).sortBy(x, -x).size() > 0",
		"distinct":                     "lists.range(140).distinct().size() > 0",
		"sets":                         "sets.contains(" + list("1", 130) + "," + list("1", 130) + ")",
		"format":                       `["` + again("%s", 40) + `".format(` + list("outputs.p.t", 39) + `)].size() > 0`,
		"precision":                    `"%.99999999f".format([1.5]) == ""`,
		"precisions":                   `"` + again("%.9999f", 90) + `".format(` + list("1.5", 89) + `) == ""`,
		"replace":                      `outputs.p.t.replace("", outputs.p.t) == ""`,
		"replace a little":             again(`outputs.p.t.replace("x", "yy") == "" || `, 40) + "true",
		"concatenate":                  again("outputs.p.t + ", 100) + "'' == ''",
		"concatenate in loop":          list("outputs.p.t", 80) + ".map(a, a + a + a + a).size() > 0",
		"compare":                      list("1", 900) + ".all(i, steps == steps)",
		"shared lists compared":        "[1].map(a," + list("a", 90) + ").map(a," + list("a", 90) + ").map(a," + list("a", 90) + ").all(x, x == x)",
		"time zones":                   again(`recording.endTime.getHours("Europe/Berlin") < 25 && `, 38) + "true",
		"URLs":                         again(`url(recording.file.url).getHost() != '' && `, 45) + "true",
		"timestamps":                   again(`timestamp("2026-01-01T00:00:00Z") < recording.endTime && `, 35) + "true",
		"empty maps":                   list("{}", 600) + ".size() > 0",
		"nested maps":                  again("{1:", 30) + "1" + again("}", 30) + ".size() > 0",
		"nested lists":                 again("[", 60) + again("]", 60) + ".size() > 0",
		"constants":                    list("1", 1000) + ".size() > 0",
		"negations":                    again("!", 2040) + "true",
		"selections":                   again("has(recording.file.url)&&", 80) + "true",
		"optional selections":          again("recording.labels[?'a'].orValue('')==''&&", 48) + "true",
		"one long text":                "'" + again("x", 2030) + "' == ''",
		"macros in macros":             "[1].all(a,[2].all(b,[3].all(c,[4].all(d,[5].all(e,[6].all(f,a==1))))))",
		"two-variable loops":           "{1:1}" + again(".transformMap(k,v,["+again("v,", 40)+"v])", 6) + ".size() > 0",
		"quantity is not available":    `quantity("1e9999999").isGreaterThan(quantity("1"))`,
		"repeated pattern":             `"x".matches("` + again("(a?){1000}", 100) + `")`,
		"nested repetitions":           `"x".matches("((a{10}){10}){10}")`,
		"find with repeated pattern":   `"x".find("(a?){1000}") == ""`,
		"findAll with repeated":        `"x".findAll("(a?){1000}").size() > 0`,
		"many small patterns":          again(`"x".matches("(a?){25}")||`, 70) + "true",
		"computed pattern":             `"x".matches("(a?)" + "{1000}")`,
		"pattern from a loop variable": `["(a?){1000}"].exists(p, "x".matches(p))`,
		"pattern from an output":       `"x".matches(outputs.p.t)`,
	}
	return conditions
}

// The most expensive pipeline that is accepted has an expensive condition in spec.when and in each of its 32 steps. All of them
// together take less than 32 MiB compiled and less than a tenth of a second to evaluate, for the heaviest steps there can be. The time
// is the least of several, and the processor's, since the machine does other things too.
func TestMostExpensivePipeline(t *testing.T) {
	const conditions, maxBytes, maxTime = 33, 32 << 20, 100 * time.Millisecond
	steps, recording := heavy(), meeting()
	for i := range 256 {
		recording.Labels[fmt.Sprintf("label-%d", i)] = "x"
	}
	for name, condition := range expensive() {
		t.Run(name, func(t *testing.T) {
			e := expression.New()
			_ = e.CheckStep("true", nil)
			before := heap()
			accepted := 0
			variants := make([]string, conditions)
			for i := range variants {
				variants[i] = condition + fmt.Sprintf(" // %d", i)
				if e.CheckStep(variants[i], []string{"p"}) == nil {
					accepted++
				}
			}
			if accepted == 0 {
				return // it is not accepted
			}
			if bytes := heap() - before; bytes > maxBytes || bytes > int64(e.CacheBytes()) {
				t.Errorf("takes %d KiB compiled; the cache accounts for %d", bytes>>10, e.CacheBytes()>>10)
			}
			least := time.Hour
			for range 5 {
				began := processorTime(t)
				for _, variant := range variants {
					_, _ = e.Step(variant, recording, steps)
				}
				least = min(least, processorTime(t)-began)
			}
			if least > maxTime {
				units, err := e.StepUnits(condition, recording, steps)
				t.Errorf("takes %s (%d units, %v)", least, units, err)
			}
			t.Logf("%s, %d KiB of %d accounted", least, (heap()-before)>>10, e.CacheBytes()>>10)
			runtime.KeepAlive(e)
		})
	}
}

// processorTime returns how long this process has run on a processor.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// heap returns the bytes in use.
func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc) //nolint:gosec // far from the limit
}

// The cache is limited by bytes, whatever pipelines come and go.
func TestCacheBytes(t *testing.T) {
	e := expression.New()
	for i := range 500 {
		if err := e.CheckStep(fmt.Sprintf("recording.segment == %d", i), nil); err != nil {
			t.Fatal(err)
		}
		if err := e.CheckStep(fmt.Sprintf("recording.sgment == %d", i), nil); err == nil {
			t.Fatal("accepted")
		}
	}
	if got := e.CacheBytes(); got > expression.MaxCacheBytes || got < expression.MaxCacheBytes/2 {
		t.Errorf("the cache has %d bytes, want at most %d", got, expression.MaxCacheBytes)
	}
}

// Patterns are refused when the pipeline is applied, with a message that says what to change.
func TestPatterns(t *testing.T) {
	e := expression.New()
	for condition, want := range map[string]string{
		`recording.name.matches("^[a-z]+$")`:                               "",
		`recording.name.matches("^(\\d{4})-(0[1-9]|1[0-2])-board\\.mp4$")`: "",
		`matches(recording.name, "^board-")`:                               "",
		`recording.name.find("[0-9]+") == "12"`:                            "",
		`recording.name.findAll("[0-9]", 2).size() == 2`:                   "",
		`recording.name.matches("(a?){1000}")`:                             "compile to more than 1024 instructions",
		`matches(recording.name, "(a?){1000}")`:                            "compile to more than 1024 instructions",
		`recording.name.find("(a?){1000}") == ""`:                          "compile to more than 1024 instructions",
		`recording.name.matches("((a{10}){10}){10}")`:                      "compile to more than 1024 instructions",
		`recording.name.matches(recording.meetingID)`:                      "the pattern of matches must be a literal string",
		`recording.name.matches("^" + recording.meetingID)`:                "the pattern of matches must be a literal string",
		`recording.name.findAll(recording.meetingID).size() == 1`:          "the pattern of findAll must be a literal string",
		`recording.name.matches("(")`:                                      "invalid matches argument",
		`recording.name.matches(["a"][0])`:                                 "the pattern of matches must be a literal string",
	} {
		err := e.CheckPipeline(condition)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", condition, err, want)
		}
	}
}
