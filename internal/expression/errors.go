// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/interpreter"

	"github.com/meetingops/meeting-recording-operator/internal/text"
)

// location is a place in the text of a condition.
type location struct{ common.Location }

// String returns the line and the column, both from 1.
func (l location) String() string {
	return fmt.Sprintf("line %d, column %d", max(l.Line(), 1), max(l.Column(), 0)+1)
}

// join makes one error of several, on one line; nil of none.
func join(complaints []error) error {
	if len(complaints) == 0 {
		return nil
	}
	texts := make([]string, len(complaints))
	for i, complaint := range complaints {
		texts[i] = complaint.Error()
	}
	return errors.New(text.Line(strings.Join(texts, "; "))) // CEL repeats what it does not understand as it is
}

// maxPart is how many characters of a condition are repeated to say which part of it fails.
const maxPart = 120

func cut(part string) string {
	if runes := []rune(part); len(runes) > maxPart {
		return string(runes[:maxPart]) + "…"
	}
	return part
}

func (v variables) names() []string { return slices.Sorted(maps.Keys(v)) }

// locate says what failed when a condition was evaluated, and where in its text.
func (p *program) locate(err error) error {
	var cancelled interpreter.EvalCancelledError
	if errors.As(err, &cancelled) && cancelled.Cause == interpreter.CostLimitExceeded {
		return fmt.Errorf("costs more than %d units", MaxCost)
	}
	var failure *types.Err
	if !errors.As(err, &failure) {
		return errors.New(text.Line(err.Error()))
	}
	message := text.Line(failure.Error())
	if strings.HasPrefix(message, "no such overload") {
		message += ": the types do not match (numbers among values are doubles: use 2.0, not 2)"
	}
	found := ast.MatchDescendants(ast.NavigateAST(p.ast), func(e ast.NavigableExpr) bool { return e.ID() == failure.NodeID() })
	if len(found) == 0 {
		return errors.New(message)
	}
	at := location{p.ast.SourceInfo().GetStartLocation(beginning(found[0]).ID())}
	part, err := cel.ExprToString(found[0], p.ast.SourceInfo())
	if err != nil {
		return fmt.Errorf("%s: %s", at, message)
	}
	return fmt.Errorf("%s: %s: %s", at, cut(text.Line(part)), message)
}

// beginning returns the part of an expression that a path such as outputs.probe.durationSeconds begins with: to CEL it is at its
// last dot.
func beginning(expr ast.Expr) ast.Expr {
	for {
		switch {
		case expr.Kind() == ast.SelectKind:
			expr = expr.AsSelect().Operand()
		case expr.Kind() == ast.CallKind && expr.AsCall().FunctionName() == operators.Index:
			expr = expr.AsCall().Args()[0]
		default:
			return expr
		}
	}
}

// labelSharedErrors gives errors that CEL shares between all evaluations of the process an id that no part of a condition has.
// CEL gives them that of the part in which they first occur, which would point all others to a wrong place, and does so without a
// lock.
var labelSharedErrors = sync.OnceFunc(func() {
	types.LabelErrNode(nowhere, types.NoSuchOverloadErr())
	types.LabelErrNode(nowhere, types.Int(math.MaxInt64).ConvertToType(types.TimestampType))
})

const nowhere = -1
