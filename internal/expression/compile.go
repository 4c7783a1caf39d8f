// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/functions"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// compiler compiles conditions that see the same variables.
type compiler struct {
	variables variables
	env       *cel.Env
	// bindings are the implementations of functions, by overload or name.
	bindings map[string]functions.FunctionOp
}

func newCompiler(visible variables) (*compiler, error) {
	env, err := visible.environment()
	if err != nil {
		return nil, err
	}
	labelSharedErrors()
	bindings, err := bindingsOf(env)
	if err != nil {
		return nil, err
	}
	return &compiler{variables: visible, env: env, bindings: bindings}, nil
}

func bindingsOf(env *cel.Env) (map[string]functions.FunctionOp, error) {
	bindings := make(map[string]functions.FunctionOp)
	for _, function := range env.Functions() {
		overloads, err := function.Bindings()
		if err != nil {
			return nil, err
		}
		for _, overload := range overloads {
			if bound := bind(overload); bound != nil {
				bindings[overload.Operator] = bound
			}
		}
	}
	return bindings, nil
}

// bind returns an overload's implementation for any number of arguments; nil if it has none.
func bind(overload *functions.Overload) functions.FunctionOp {
	var bound functions.FunctionOp
	switch {
	case overload.Unary != nil:
		bound = func(args ...ref.Val) ref.Val { return overload.Unary(args[0]) }
	case overload.Binary != nil:
		bound = func(args ...ref.Val) ref.Val { return overload.Binary(args[0], args[1]) }
	case overload.Function != nil:
		bound = overload.Function
	default:
		return nil
	}
	return func(args ...ref.Val) ref.Val {
		if overload.OperandTrait != 0 && !args[0].Type().HasTrait(overload.OperandTrait) {
			return types.MaybeNoSuchOverloadErr(args[0])
		}
		return bound(args...)
	}
}

// program is a condition that can be evaluated, by one caller at a time.
type program struct {
	mu    sync.Mutex
	run   cel.Program
	meter *meter
	ast   *ast.AST
	// named are the steps that it names, in the order of its text.
	named []namedStep
	all   bool // it may look at others too
	// bytes is how much memory it takes at most.
	bytes int
}

// compile checks and compiles a condition. The error says everything that is wrong with it, by line and column.
func (c *compiler) compile(source string) (*program, error) {
	if strings.TrimSpace(source) == "" {
		return nil, errors.New("is empty")
	}
	parsed, issues := c.env.Parse(source)
	if issues.Err() != nil {
		return nil, c.explain(issues)
	}
	nodes, err := checkLimits(parsed, c.variables)
	if err != nil {
		return nil, err
	}
	patterns, err := patternSizes(parsed) // before the type checker compiles them
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
	cost, err := c.env.EstimateCost(checked, newEstimator(c.variables), checker.PresenceTestHasCost(false))
	if err != nil {
		return nil, fmt.Errorf("estimate what it costs: %w", err)
	}
	if err := withinLimit(cost); err != nil {
		return nil, err
	}
	meter := &meter{}
	run, err := c.env.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CustomDecoratorV2(meter.decorate(c.bindings)), optimizePatterns(meter, patterns))
	if err != nil {
		return nil, err
	}
	named, all := namedSteps(tree)
	return &program{run: run, meter: meter, ast: tree, named: named, all: all, bytes: programBytes(source, nodes, patterns)}, nil
}

// evaluate runs the program with the values of its variables.
func (p *program) evaluate(values map[string]any) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.meter.reset()
	result, _, err := p.run.Eval(values)
	if err != nil {
		return false, p.locate(err)
	}
	truth, ok := result.(types.Bool)
	if !ok {
		return false, fmt.Errorf("is %s, and must be true or false (bool)", result.Type().TypeName())
	}
	return bool(truth), nil
}

// withinLimit returns an error if a condition could cost more than MaxCost.
func withinLimit(cost checker.CostEstimate) error {
	const unbounded = 1000 // times the limit
	switch times := cost.Max / MaxCost; {
	case cost.Max <= MaxCost:
		return nil
	case times < unbounded:
		return fmt.Errorf("may cost over %d times the limit of %d units: loop over less, or nest fewer loops", times, MaxCost)
	}
	return fmt.Errorf("may cost far more than the limit of %d units: it loops over, or searches, something of which no size is known", MaxCost)
}

// maxComplaints is how many complaints about one condition are told.
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
		return fmt.Sprintf("the condition of a pipeline is asked before any step runs, so it cannot see %s", name)
	}
	return fmt.Sprintf("%s; there are: %s", message, strings.Join(c.variables.names(), ", "))
}
