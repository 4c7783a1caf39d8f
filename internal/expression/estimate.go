// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/library"
)

// longestScalar is how long the text of a number, a time or a duration can be.
const longestScalar = 64

// estimator estimates what a condition costs at worst: as Kubernetes does, by how large the variables can be. Where a size is not
// known there is no bound, and a condition that depends on it is refused.
type estimator struct {
	library.CostEstimator
	patterns patterns
}

func newEstimator(visible variables, patterns patterns) *estimator {
	return &estimator{library.CostEstimator{SizeEstimator: sizes{visible}}, patterns}
}

// EstimateCallCost implements checker.CostEstimator. It adds the sizes of what optional fields and conversions return, of which
// CEL knows none, so that a condition such as outputs.probe.?title.orValue("").contains("test") has a bound.
func (e *estimator) EstimateCallCost(function, overload string, target *checker.AstNode, args []checker.AstNode) *checker.CallEstimate {
	result := func(size *checker.SizeEstimate) *checker.CallEstimate {
		return &checker.CallEstimate{CostEstimate: checker.FixedCostEstimate(1), ResultSize: size}
	}
	switch {
	case function == "value" && target != nil:
		return result((*target).ComputedSize())
	case (function == "orValue" || function == "or") && target != nil && len(args) == 1:
		return result(larger((*target).ComputedSize(), args[0].ComputedSize()))
	case function == "string" && len(args) == 1:
		size := larger(args[0].ComputedSize(), &checker.SizeEstimate{Max: longestScalar})
		if size == nil {
			return nil
		}
		return &checker.CallEstimate{CostEstimate: size.MultiplyByCostFactor(common.StringTraversalCostFactor), ResultSize: size}
	}
	if search := e.estimateSearch(function, target, args); search != nil {
		return search
	}
	return e.CostEstimator.EstimateCallCost(function, overload, target, args)
}

// larger returns the range of two sizes; nil where one is not known.
func larger(a, b *checker.SizeEstimate) *checker.SizeEstimate {
	if a == nil || b == nil {
		return nil
	}
	size := a.Union(*b)
	return &size
}

// sizes has how large a variable, and what is in it, can be.
type sizes struct{ variables }

// EstimateCallCost implements checker.CostEstimator; it is not asked.
func (s sizes) EstimateCallCost(string, string, *checker.AstNode, []checker.AstNode) *checker.CallEstimate {
	return nil
}

// EstimateSize implements checker.CostEstimator. It returns nil of what is no variable and not in one.
func (s sizes) EstimateSize(element checker.AstNode) *checker.SizeEstimate {
	if element.Expr() == nil {
		return nil
	}
	kind := s.typeOf(element.Expr())
	if path := element.Path(); element.Expr().Kind() == ast.IdentKind && len(path) > 0 {
		kind = walk(s.variables[path[0]], path[1:]) // the variable of a loop has the path of what the loop goes through
	}
	if kind == nil || kind.MaxElements == 0 {
		return nil
	}
	return &checker.SizeEstimate{Max: uint64(kind.MaxElements)} //nolint:gosec // a limit of ours
}

// typeOf returns what a path into a variable leads to, through optional fields too; nil for all else.
func (s sizes) typeOf(expr ast.Expr) *apiservercel.DeclType {
	switch expr.Kind() {
	case ast.IdentKind:
		return s.variables[expr.AsIdent()]
	case ast.SelectKind:
		return walk(s.typeOf(expr.AsSelect().Operand()), []string{expr.AsSelect().FieldName()})
	case ast.CallKind:
		call := expr.AsCall()
		switch call.FunctionName() {
		case operators.Index, operators.OptIndex, operators.OptSelect:
			name := "@values"
			if literal, ok := call.Args()[1].AsLiteral().(types.String); ok {
				name = string(literal)
			}
			return walk(s.typeOf(call.Args()[0]), []string{name})
		}
	}
	return nil
}

// walk returns what is at the end of a path, nil where there is nothing.
func walk(kind *apiservercel.DeclType, path []string) *apiservercel.DeclType {
	for _, name := range path {
		switch {
		case kind == nil:
			return nil
		case kind.IsMap() && name == "@keys":
			kind = kind.KeyType
		case kind.IsMap():
			kind = kind.ElemType
		case kind.IsObject() && kind.Fields[name] != nil:
			kind = kind.Fields[name].Type
		default:
			return nil
		}
	}
	return kind
}
