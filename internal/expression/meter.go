// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"math"
	"math/bits"
	"time"

	"github.com/google/cel-go/common/functions"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/interpreter"
)

const (
	// MaxUnits is what one evaluation may cost. A unit is about 100 ns, the time of the simplest operation; all conditions of the
	// largest pipeline together take less than a tenth of a second.
	MaxUnits = 10_000
	// stepsPerUnit is how many instructions of a regular expression are matched with a character in the time of a unit.
	stepsPerUnit = 4
	// bytesPerUnit is how much text is compared or copied in the time of a unit.
	bytesPerUnit = 16
	// evaluationTimeout ends an evaluation in spite of MaxUnits. It is long, so that a busy machine fails no condition.
	evaluationTimeout = 5 * time.Second
	// timeZoneUnits is the price of a function that reads a time zone from disk.
	timeZoneUnits = 500
)

// meter counts what one evaluation costs, and ends it at MaxUnits or its deadline. CEL's own cost tracker does neither well: it charges
// for an operation after it was done, a few units for some that take seconds, and its own time grows with the square of the iterations.
type meter struct {
	used     uint64
	charges  uint64
	deadline time.Time
}

func (m *meter) reset() { *m = meter{deadline: time.Now().Add(evaluationTimeout)} }

// charge ends the evaluation, by the panic that CEL recovers, if it costs too much or takes too long.
func (m *meter) charge(units uint64) {
	m.used = add(m.used, units)
	if m.used > MaxUnits {
		panic(interpreter.EvalCancelledError{Cause: interpreter.CostLimitExceeded, Message: "cost limit exceeded"})
	}
	if m.charges++; m.charges%256 == 0 && time.Now().After(m.deadline) {
		panic(interpreter.EvalCancelledError{Cause: interpreter.ContextCancelled, Message: "deadline exceeded"})
	}
}

// decorate makes an operation charge for itself before it is done.
func (m *meter) decorate(bindings map[string]functions.FunctionOp) interpreter.InterpretableDecoratorV2 {
	return func(operation interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
		switch operation := operation.(type) {
		case interpreter.InterpretableConst:
			return operation, nil
		case interpreter.InterpretableCall:
			return m.decorateCall(operation, bindings), nil
		case interpreter.InterpretableAttribute:
			return &meteredAttribute{operation, m}, nil
		case interpreter.InterpretableConstructor:
			return &meteredConstructor{operation, m}, nil
		}
		return &metered{operation, m}, nil
	}
}

// decorateCall returns a call whose arguments are known when it charges. One whose implementation is not a function of its own, such as
// a logical operator, does constant work.
func (m *meter) decorateCall(call interpreter.InterpretableCall, bindings map[string]functions.FunctionOp) interpreter.InterpretableV2 {
	if _, isPattern := patternFunctions[call.OverloadID()]; isPattern {
		return call // see optimizePatterns
	}
	implementation := bindings[call.OverloadID()]
	switch {
	case call.Function() == "_==_" && len(call.Args()) == 2:
		implementation = func(args ...ref.Val) ref.Val { return types.Equal(args[0], args[1]) }
	case call.Function() == "_!=_" && len(call.Args()) == 2:
		implementation = func(args ...ref.Val) ref.Val { return not(types.Equal(args[0], args[1])) }
	case implementation == nil:
		implementation = bindings[call.Function()]
	}
	if implementation == nil || call.Function() == "@not_strictly_false" {
		return &meteredCall{call, m}
	}
	return interpreter.NewCall(call.ID(), call.Function(), call.OverloadID(), call.Args(), func(args ...ref.Val) ref.Val {
		m.charge(1 + price(call.Function(), args))
		return implementation(args...)
	})
}

func not(value ref.Val) ref.Val {
	if truth, ok := value.(types.Bool); ok {
		return !truth
	}
	return value
}

type metered struct {
	interpreter.InterpretableV2
	meter *meter
}

func (o *metered) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	o.meter.charge(1)
	return o.InterpretableV2.Exec(frame)
}

type meteredCall struct {
	interpreter.InterpretableCall
	meter *meter
}

func (o *meteredCall) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	o.meter.charge(1)
	return o.InterpretableCall.Exec(frame)
}

type meteredAttribute struct {
	interpreter.InterpretableAttribute
	meter *meter
}

func (o *meteredAttribute) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	o.meter.charge(1)
	return o.InterpretableAttribute.Exec(frame)
}

type meteredConstructor struct {
	interpreter.InterpretableConstructor
	meter *meter
}

func (o *meteredConstructor) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	o.meter.charge(1 + uint64(len(o.InitVals())))
	return o.InterpretableConstructor.Exec(frame)
}

func add(a, b uint64) uint64 {
	if sum, carry := bits.Add64(a, b, 0); carry == 0 {
		return sum
	}
	return math.MaxUint64
}

func multiply(a, b uint64) uint64 {
	if high, product := bits.Mul64(a, b); high == 0 {
		return product
	}
	return math.MaxUint64
}
