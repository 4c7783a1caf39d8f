// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"fmt"
	"regexp"
	"regexp/syntax"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/interpreter"
)

// maxPatternSize limits the regular expressions of a condition, by the instructions of their compiled programs: a pattern of 12
// characters such as (a?){1000} has thousands. Each instruction takes up to 160 bytes, and time for every character that it is matched with.
const maxPatternSize = 1024

// patternFunctions are the functions that take a regular expression, by overload.
var patternFunctions = map[string]string{
	"matches": "matches", "matches_string": "matches",
	"string_find_string": "find", "string_find_all_string": "findAll", "string_find_all_string_int": "findAll",
}

// patternSizes returns the sizes of a condition's regular expressions, before any is compiled. It returns an error if they are too
// large together, or if one is not a literal: the size of a pattern that is computed cannot be checked when the pipeline is applied.
func patternSizes(parsed *cel.Ast) (map[string]int, error) {
	sizes, total := make(map[string]int), 0
	var wrong error
	ast.PreOrderVisit(parsed.NativeRep().Expr(), ast.NewExprVisitor(func(expr ast.Expr) {
		if expr.Kind() != ast.CallKind || wrong != nil {
			return
		}
		call := expr.AsCall()
		name := call.FunctionName()
		if name != "matches" && name != "find" && name != "findAll" {
			return
		}
		at, args := 0, call.Args()
		if !call.IsMemberFunction() {
			at = 1
		}
		if at >= len(args) {
			return // the type checker says what is wrong
		}
		pattern, isText := args[at].AsLiteral().(types.String)
		if args[at].Kind() != ast.LiteralKind || !isText {
			wrong = fmt.Errorf("%s: the pattern of %s must be a literal string, such as \"^[a-z]+$\"",
				location{parsed.NativeRep().SourceInfo().GetStartLocation(args[at].ID())}, name)
			return
		}
		size := patternSize(string(pattern))
		sizes[string(pattern)] = size
		if total += size; total > maxPatternSize {
			wrong = fmt.Errorf("has regular expressions that compile to more than %d instructions: repeat less ({1000} multiplies what it repeats)", maxPatternSize)
		}
	}))
	return sizes, wrong
}

// patternSize returns about how many instructions a regular expression compiles to. A malformed one has none: it is reported later.
func patternSize(pattern string) int {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0
	}
	return 1 + instructions(parsed)
}

// maxInstructions keeps sums and products within an int; it is far more than a condition may have.
const maxInstructions = 1 << 24

func instructions(re *syntax.Regexp) int {
	total := 1
	for _, sub := range re.Sub {
		total = min(total+instructions(sub), maxInstructions)
	}
	switch re.Op {
	case syntax.OpLiteral:
		total = len(re.Rune)
	case syntax.OpCharClass:
		total = 1 + len(re.Rune)/8 // the ranges of a class, which are searched
	case syntax.OpRepeat:
		total = min(total*max(re.Min+1, re.Max, 1), maxInstructions)
	case syntax.OpCapture, syntax.OpAlternate:
		total += len(re.Sub)
	}
	return total
}

// optimizePatterns makes a condition compile each pattern once. The time of a match is charged before it begins.
func optimizePatterns(m *meter, sizes map[string]int) cel.ProgramOption {
	var optimizations []*interpreter.RegexOptimization
	for overload, function := range patternFunctions {
		optimizations = append(optimizations, &interpreter.RegexOptimization{
			Function: function, OverloadID: overload, RegexIndex: 1,
			Factory: func(call interpreter.InterpretableCall, pattern string) (interpreter.InterpretableCall, error) {
				re, err := regexp.Compile(pattern)
				if err != nil {
					return nil, err
				}
				apply := map[string]func(*regexp.Regexp, string, int) ref.Val{"matches": matches, "find": find, "findAll": findAll}[function]
				return interpreter.NewCall(call.ID(), call.Function(), call.OverloadID(), call.Args(), func(args ...ref.Val) ref.Val {
					text, ok := args[0].Value().(string)
					if !ok {
						return types.MaybeNoSuchOverloadErr(args[0])
					}
					limit, searches := -1, uint64(1)
					if function == "findAll" {
						// Each search may go through all that is left of the text.
						searches = uint64(len(text)) + 1
						if len(args) == 3 {
							given, ok := args[2].Value().(int64)
							if !ok {
								return types.MaybeNoSuchOverloadErr(args[2])
							}
							if limit = int(given); limit >= 0 {
								searches = min(searches, uint64(limit)+1)
							}
						}
					}
					m.charge(multiply(searches, (uint64(len(text))+1)*uint64(sizes[pattern]+1)/stepsPerUnit))
					return apply(re, text, limit)
				}), nil
			},
		})
	}
	return cel.OptimizeRegex(optimizations...)
}

func matches(re *regexp.Regexp, text string, _ int) ref.Val { return types.Bool(re.MatchString(text)) }

func find(re *regexp.Regexp, text string, _ int) ref.Val { return types.String(re.FindString(text)) }

func findAll(re *regexp.Regexp, text string, limit int) ref.Val {
	return types.NewStringList(types.DefaultTypeAdapter, re.FindAllString(text, limit))
}
