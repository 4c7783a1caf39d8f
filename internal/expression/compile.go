// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
)

// compiler makes programs of conditions that see the same variables.
type compiler struct {
	variables variables
	env       *cel.Env
}

func newCompiler(visible variables) (*compiler, error) {
	env, err := visible.environment()
	if err != nil {
		return nil, err
	}
	labelSharedErrors()
	return &compiler{variables: visible, env: env}, nil
}

// program is a condition that can be evaluated.
type program struct {
	cel.Program
	ast *ast.AST
	// named are the steps that it names, in the order of its text.
	named []namedStep
	// patterns is the size of those that it searches with.
	patterns uint64
}

// compile checks a condition and makes a program of it. The error says all that is wrong with it, by line and column.
func (c *compiler) compile(source string) (*program, error) {
	if strings.TrimSpace(source) == "" {
		return nil, errors.New("is empty")
	}
	parsed, issues := c.env.Parse(source)
	if issues.Err() != nil {
		return nil, c.explain(issues)
	}
	if err := checkLoops(parsed, c.variables); err != nil {
		return nil, err
	}
	patterns, size, err := patternsOf(parsed)
	if err != nil {
		return nil, err
	}
	checked, issues := c.env.Check(parsed)
	if issues.Err() != nil {
		return nil, c.explain(issues)
	}
	tree := checked.NativeRep()
	if kind := checked.OutputType(); !kind.IsExactType(cel.BoolType) && !kind.IsExactType(cel.DynType) {
		return nil, fmt.Errorf("must be true or false (bool), not %s", kind)
	}
	cost, err := c.env.EstimateCost(checked, newEstimator(c.variables, patterns), checker.PresenceTestHasCost(false))
	if err != nil {
		return nil, fmt.Errorf("estimate what it costs: %w", err)
	}
	if err := withinLimit(cost); err != nil {
		return nil, err
	}
	runnable, err := c.env.Program(checked, counting(patterns)...)
	if err != nil {
		return nil, err
	}
	return &program{Program: runnable, ast: tree, named: namedSteps(tree), patterns: size}, nil
}

// evaluate runs the program with the values of its variables.
func (p *program) evaluate(values map[string]any) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), maxTime)
	defer cancel()
	result, _, err := p.ContextEval(ctx, values)
	if ctx.Err() != nil {
		return false, fmt.Errorf("takes longer than %s", maxTime)
	}
	if err != nil {
		return false, p.locate(err)
	}
	truth, ok := result.(types.Bool)
	if !ok {
		return false, fmt.Errorf("is %s, and must be true or false (bool)", result.Type().TypeName())
	}
	return bool(truth), nil
}

// withinLimit returns an error where a condition could cost more than MaxCost.
func withinLimit(cost checker.CostEstimate) error {
	const unbounded = 1000 // times the limit
	switch times := cost.Max / MaxCost; {
	case cost.Max <= MaxCost:
		return nil
	case times < unbounded:
		return fmt.Errorf("may cost over %d times the limit of %d units: loop over fewer elements, or nest fewer loops", times, MaxCost)
	}
	return fmt.Errorf("may cost far more than the limit of %d units: it loops over, or searches, something of unknown size", MaxCost)
}

// maxComplaints is how many complaints about one condition are reported.
const maxComplaints = 3

// explain makes one line of what CEL complains about.
func (c *compiler) explain(issues *cel.Issues) error {
	var complaints []error
	for i, issue := range issues.Errors() {
		if i == maxComplaints {
			complaints = append(complaints, errors.New("and more"))
			break
		}
		complaints = append(complaints, fmt.Errorf("%s: %s", location{issue.Location}, c.reword(issue.Message)))
	}
	return join(complaints)
}

// reword says what CEL says in the words of those who know pipelines and not CEL.
func (c *compiler) reword(message string) string {
	message = strings.TrimSuffix(message, " (in container '')")
	message, _, _ = strings.Cut(message, " expecting {")
	name, undeclared := strings.CutPrefix(message, "undeclared reference to '")
	if !undeclared {
		return message
	}
	switch name = strings.TrimSuffix(name, "'"); name {
	case varSteps, varOutputs:
		return fmt.Sprintf("the condition of a pipeline is evaluated before any step runs, so it cannot see %s", name)
	}
	return fmt.Sprintf("%s; there are: %s", message, strings.Join(c.variables.names(), ", "))
}
