// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/ext"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/library"
)

// The variables of conditions.
const (
	varRecording = "recording"
	varSteps     = "steps"
	varOutputs   = "outputs"
)

// The largest sizes of what a condition can see, from the schemas of the API and the limits of a step's message. The cost of a
// condition is estimated by them.
const (
	maxName       = 253
	maxLabels     = 256
	maxLabelValue = 63
	maxID         = 512
	maxURL        = 2048
	maxMediaType  = 127
	maxDigest     = 64
	maxState      = 16
	maxSteps      = 31
	maxStepName   = 40
	maxOutputs    = 16
	maxOutputName = 63
	maxValues     = 64
	maxValueName  = 63
	// maxValue bounds a string among values: the whole message of a container has at most 4 KiB.
	maxValue = 4096
)

// What the variables are. A field that is not required may be absent.
var (
	recordingType = object("Recording", fields{
		"name":      required(text(maxName)),
		"namespace": required(text(maxLabelValue)),
		"labels":    required(apiservercel.NewMapType(text(maxName+1+maxLabelValue), text(maxLabelValue), maxLabels)),
		"meetingID": required(text(maxID)),
		"sessionID": required(text(maxID)),
		"segment":   required(apiservercel.IntType),
		"state":     required(text(maxState)),
		"file":      optional(fileType),
		"startTime": optional(apiservercel.TimestampType),
		"endTime":   optional(apiservercel.TimestampType),
	})
	fileType = object("File", fields{
		"path": required(text(maxURL)),
		"url":  optional(text(maxURL)),
	})
	stepsType = apiservercel.NewMapType(text(maxStepName), stepType, maxSteps)
	stepType  = object("Step", fields{
		"state":   required(text(maxState)),
		"outputs": required(apiservercel.NewMapType(text(maxOutputName), outputType, maxOutputs)),
	})
	outputType = object("Output", fields{
		"url":       optional(text(maxURL)),
		"mediaType": optional(text(maxMediaType)),
		"sizeBytes": optional(apiservercel.IntType),
		"sha256":    optional(text(maxDigest)),
		"values":    required(valuesType(maxValues)),
	})
	outputsType = apiservercel.NewMapType(text(maxStepName), valuesType(maxValues*maxOutputs), maxSteps)
)

// variables maps the name of each variable to what it is.
type variables map[string]*apiservercel.DeclType

var (
	pipelineVariables = variables{varRecording: recordingType}
	stepVariables     = variables{varRecording: recordingType, varSteps: stepsType, varOutputs: outputsType}
)

// environment returns the CEL environment with the variables. Its libraries are listed here, and not taken from Kubernetes' own
// environment: what a condition means must change with neither the cluster nor a new version of a library, and some of Kubernetes'
// functions take seconds for a few characters (quantity("1e9999999")).
func (v variables) environment() (*cel.Env, error) {
	env, err := cel.NewEnv(
		cel.HomogeneousAggregateLiterals(), cel.EagerlyValidateDeclarations(true), cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true), cel.OptionalTypes(),
		ext.Strings(ext.StringsVersion(2)), ext.Sets(), ext.TwoVarComprehensions(), ext.Lists(ext.ListsVersion(3)),
		library.URLs(), library.Regex(), library.Lists(library.ListsVersion(1)),
		cel.ASTValidators(cel.ValidateDurationLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateRegexLiterals(), cel.ValidateHomogeneousAggregateLiterals()),
		withoutRepetition(), cel.ParserRecursionLimit(maxDepth),
	)
	if err != nil {
		return nil, err
	}
	var options []cel.EnvOption
	var objects []*apiservercel.DeclType
	for name, kind := range v {
		options = append(options, cel.Variable(name, kind.CelType()))
		if kind.IsMap() {
			kind = kind.ElemType
		}
		if kind.IsObject() {
			objects = append(objects, kind)
		}
	}
	provider := apiservercel.NewDeclTypeProvider(objects...)
	provider.SetRecognizeKeywordAsFieldName(true)
	types, err := provider.EnvOptions(env.CELTypeProvider())
	if err != nil {
		return nil, err
	}
	return env.Extend(append(options, types...)...)
}

type fields map[string]*apiservercel.DeclField

func object(name string, declared fields) *apiservercel.DeclType {
	for field, declaration := range declared {
		declaration.Name = field
	}
	return apiservercel.NewObjectType("meetingops."+name, declared)
}

func required(kind *apiservercel.DeclType) *apiservercel.DeclField {
	return apiservercel.NewDeclField("", kind, true, nil, nil)
}

func optional(kind *apiservercel.DeclType) *apiservercel.DeclField {
	return apiservercel.NewDeclField("", kind, false, nil, nil)
}

// text is a string of at most so many characters.
func text(longest int64) *apiservercel.DeclType {
	kind := apiservercel.NewSimpleTypeWithMinSize("string", cel.StringType, nil, apiservercel.MinStringSize)
	kind.MaxElements = longest
	return kind
}

// valuesType is that of values by their name: strings, doubles and booleans.
func valuesType(most int64) *apiservercel.DeclType {
	value := apiservercel.NewSimpleTypeWithMinSize("dyn", cel.DynType, nil, 1)
	value.MaxElements = maxValue
	return apiservercel.NewMapType(text(maxValueName), value, most)
}
