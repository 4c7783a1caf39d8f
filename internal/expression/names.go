// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
)

// namedStep is a step that a condition names, and where it first does: outputs.probe, steps["probe"], outputs[?"probe"], "probe" in steps.
type namedStep struct {
	step string
	at   location
}

// namedSteps lists the steps that a condition names. One that it computes the name of can only be found out when it is evaluated.
func namedSteps(tree *ast.AST) []namedStep {
	var named []namedStep
	ast.PreOrderVisit(tree.Expr(), ast.NewExprVisitor(func(expr ast.Expr) {
		step, ok := namesStep(expr)
		known := slices.ContainsFunc(named, func(earlier namedStep) bool { return earlier.step == step })
		if ok && !known {
			named = append(named, namedStep{step, location{tree.SourceInfo().GetStartLocation(expr.ID())}})
		}
	}))
	return named
}

// namesStep returns the step that an expression picks out of steps or outputs.
func namesStep(expr ast.Expr) (string, bool) {
	switch expr.Kind() {
	case ast.SelectKind:
		selected := expr.AsSelect()
		if isOfSteps(selected.Operand()) {
			return selected.FieldName(), true
		}
	case ast.CallKind:
		call := expr.AsCall()
		if len(call.Args()) != 2 {
			return "", false
		}
		from, name := call.Args()[0], call.Args()[1]
		switch call.FunctionName() {
		case operators.In:
			from, name = name, from
		case operators.Index, operators.OptIndex, operators.OptSelect:
		default:
			return "", false
		}
		if isOfSteps(from) && name.Kind() == ast.LiteralKind {
			step, ok := name.AsLiteral().(types.String)
			return string(step), ok
		}
	}
	return "", false
}

// isOfSteps says whether an expression is the variable steps or outputs. No loop has a variable of that name: checkLoops.
func isOfSteps(expr ast.Expr) bool {
	return expr.Kind() == ast.IdentKind && (expr.AsIdent() == varSteps || expr.AsIdent() == varOutputs)
}

// checkNames returns an error for every step that the condition names and may not.
func (p *program) checkNames(needed []string) error {
	var wrong []error
	for _, named := range p.named {
		if slices.Contains(needed, named.step) {
			continue
		}
		sees := "none, since this one needs none"
		if len(needed) > 0 {
			sees = strings.Join(needed, ", ")
		}
		wrong = append(wrong, fmt.Errorf("%s: step %q cannot be seen: a condition sees only the steps that its own step needs, "+
			"directly or through others (%s)", named.at, named.step, sees))
	}
	return join(wrong)
}
