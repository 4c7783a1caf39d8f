// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"fmt"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
)

// Anyone who may write pipelines can write a condition, and the manager serves all namespaces. CEL limits the cost of a condition, but not
// in every respect: these limits, and the costs in cost.go, cover the rest.

// MaxLoops is how many loops (all, exists, map, filter and the like) a condition may have. Each can make lists of lists of what the
// one before made, to which neither the check of types nor a comparison has a bound of its own.
const MaxLoops = 6

// maxDepth is how deep parentheses, brackets and operators may be nested. The check of the types of nested lists takes time by the
// third power of their depth or more: seconds at CEL's own limit of 250.
const maxDepth = 64

// withoutRepetition takes two macros of CEL away that write their target twice: the text of a chain of them is multiplied before
// anything can be checked, to gigabytes for the longest condition.
func withoutRepetition() cel.EnvOption {
	refuse := func(helper cel.MacroExprFactory, target ast.Expr, _ []ast.Expr) (ast.Expr, *cel.Error) {
		return nil, helper.NewError(target.ID(), "optMap and optFlatMap are not available: use orValue, or has(...) ? ... : ...")
	}
	return cel.Macros(cel.ReceiverMacro("optMap", 2, refuse), cel.ReceiverMacro("optFlatMap", 2, refuse))
}

// checkLoops returns an error where a condition has too many loops, or a loop whose own variable hides one of ours.
func checkLoops(parsed *cel.Ast, visible variables) error {
	loops, hidden := 0, ""
	ast.PreOrderVisit(parsed.NativeRep().Expr(), ast.NewExprVisitor(func(expr ast.Expr) {
		if expr.Kind() != ast.ComprehensionKind {
			return
		}
		loops++
		for _, name := range []string{expr.AsComprehension().IterVar(), expr.AsComprehension().IterVar2()} {
			if visible[name] != nil {
				hidden = name
			}
		}
	}))
	switch {
	case loops > MaxLoops:
		return fmt.Errorf("has %d loops (all, exists, map, filter and the like), and may have %d", loops, MaxLoops)
	case hidden != "":
		return fmt.Errorf("has a loop whose variable is named %s, which is a variable of conditions: use another name", hidden)
	}
	return nil
}
