// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package expression checks and evaluates the conditions of pipelines, in CEL with Kubernetes' language version, functions and cost limit.
// docs/reference/conditions.md is their reference. It is pure.
package expression

import (
	"fmt"
	"sync"
	"time"
	"unicode/utf8"

	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/utils/lru"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

const (
	// MaxCost is what a condition may cost, in units of CEL: estimated when it is checked, and counted when it is evaluated. It
	// is Kubernetes' limit for one expression, about a tenth of a second.
	MaxCost = celconfig.PerCallLimit
	// MaxLength is how many characters a condition may have: the bound of its schema.
	MaxLength = 2048
	// maxTime is how long an evaluation may take. MaxCost ends it long before, unless the process gets no CPU.
	maxTime = 5 * time.Second
	// maxCached is how many bytes compiled conditions may take together. One takes up to bytesOfCondition, bytesOfCharacter for each of its
	// characters, and bytesOfInstruction for the size of its patterns: measured with the worst of each.
	maxCached          = 16 << 20
	bytesOfCondition   = 8 << 10
	bytesOfCharacter   = 200
	bytesOfInstruction = 200
)

// Evaluator checks and evaluates conditions. It caches compiled conditions. It is safe for concurrent use. Create it with New.
type Evaluator struct {
	pipelines, steps func() (*compiler, error)

	mu       sync.Mutex
	programs *lru.Cache
	// bytes is what the programs take.
	bytes int
}

// New returns an Evaluator. It allocates memory for the compiler only once there is a condition.
func New() *Evaluator {
	e := &Evaluator{
		pipelines: sync.OnceValues(func() (*compiler, error) { return newCompiler(pipelineVariables) }),
		steps:     sync.OnceValues(func() (*compiler, error) { return newCompiler(stepVariables) }),
		programs:  lru.New(0), // keep bounds it
	}
	_ = e.programs.SetEvictionFunc(func(_ lru.Key, dropped any) { e.bytes -= dropped.(compilation).bytes }) // it fails only if there is one
	return e
}

// CheckPipeline returns what is wrong with the condition of a pipeline (spec.when), by line and column; nil is that there is none, or it can be
// evaluated.
func (e *Evaluator) CheckPipeline(source string) error {
	if source == "" {
		return nil
	}
	_, err := e.compiled(pipelineCondition, source)
	return err
}

// CheckStep returns what is wrong with the condition of a step (spec.steps[].when), by line and column; nil is that there is none, or it can be
// evaluated. needed are the steps that it may name: those that the step needs, directly or through others.
func (e *Evaluator) CheckStep(source string, needed []string) error {
	if source == "" {
		return nil
	}
	program, err := e.compiled(stepCondition, source)
	if err != nil {
		return err
	}
	return program.checkNames(needed)
}

// Pipeline evaluates the condition of a pipeline (spec.when) for a recording; an empty one is true. The error says what could not be evaluated, by line
// and column: the condition is wrong, what it asks for is absent, or it costs more than MaxCost.
func (e *Evaluator) Pipeline(source string, recording *v1alpha1.MeetingRecording) (bool, error) {
	if source == "" {
		return true, nil
	}
	program, err := e.compiled(pipelineCondition, source)
	if err != nil {
		return false, err
	}
	return program.evaluate(map[string]any{varRecording: recordingValue(recording)})
}

// Step evaluates the condition of a step (spec.steps[].when) for a recording. steps are those that the step needs, directly or
// through others, all ended; the condition can name no other. The error is as of Pipeline.
func (e *Evaluator) Step(source string, recording *v1alpha1.MeetingRecording, steps []v1alpha1.StepStatus) (bool, error) {
	if source == "" {
		return true, nil
	}
	program, err := e.compiled(stepCondition, source)
	if err != nil {
		return false, err
	}
	names := make([]string, len(steps))
	for i := range steps {
		names[i] = steps[i].Step
	}
	if err := program.checkNames(names); err != nil {
		return false, err
	}
	states, outputs, err := stepValues(steps)
	if err != nil {
		return false, err
	}
	return program.evaluate(map[string]any{
		varRecording: recordingValue(recording),
		varSteps:     states,
		varOutputs:   outputs,
	})
}

// place is where a condition stands.
type place int

const (
	pipelineCondition place = iota
	stepCondition
)

// key is what a condition is kept by.
type key struct {
	place
	source string
}

// compilation is the result of compiling a condition, and about how many bytes it takes.
type compilation struct {
	program *program
	err     error
	bytes   int
}

// compiled returns a condition ready to be evaluated. What is wrong with one is kept as well.
func (e *Evaluator) compiled(at place, source string) (*program, error) {
	if length := utf8.RuneCountInString(source); length > MaxLength {
		return nil, fmt.Errorf("must have at most %d characters, not %d", MaxLength, length)
	}
	if kept, ok := e.programs.Get(key{at, source}); ok {
		done := kept.(compilation)
		return done.program, done.err
	}
	compilerOf := e.steps
	if at == pipelineCondition {
		compilerOf = e.pipelines
	}
	compiler, err := compilerOf()
	if err != nil {
		return nil, fmt.Errorf("set CEL up: %w", err)
	}
	done := compilation{bytes: bytesOfCondition + bytesOfCharacter*len(source)}
	if done.program, done.err = compiler.compile(source); done.err == nil {
		done.bytes += bytesOfInstruction * int(done.program.patterns) //nolint:gosec // at most maxPatterns
	}
	e.keep(key{at, source}, done)
	return done.program, done.err
}

// keep adds a compilation, and drops those that were used least recently if all take too much together.
func (e *Evaluator) keep(of key, done compilation) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if kept, ok := e.programs.Get(of); ok {
		e.bytes -= kept.(compilation).bytes
	}
	e.programs.Add(of, done)
	for e.bytes += done.bytes; e.bytes > maxCached; {
		e.programs.RemoveOldest()
	}
}
