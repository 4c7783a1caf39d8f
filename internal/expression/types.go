// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"github.com/google/cel-go/cel"
	"k8s.io/apimachinery/pkg/util/version"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// The variables of conditions.
const (
	varRecording = "recording"
	varSteps     = "steps"
	varOutputs   = "outputs"
)

// kubernetesVersion is that of the Kubernetes whose language and functions conditions have. It is fixed, so that what a condition
// means changes with neither the cluster nor a new version of a library.
var kubernetesVersion = version.MajorMinor(1, 37)

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
		"name":      required(stringOf(maxName)),
		"namespace": required(stringOf(maxLabelValue)),
		"labels":    required(apiservercel.NewMapType(stringOf(maxName+1+maxLabelValue), stringOf(maxLabelValue), maxLabels)),
		"meetingID": required(stringOf(maxID)),
		"sessionID": required(stringOf(maxID)),
		"segment":   required(apiservercel.IntType),
		"state":     required(stringOf(maxState)),
		"file":      optional(fileType),
		"startTime": optional(apiservercel.TimestampType),
		"endTime":   optional(apiservercel.TimestampType),
	})
	fileType = object("File", fields{
		"path": required(stringOf(maxURL)),
		"url":  optional(stringOf(maxURL)),
	})
	stepsType = apiservercel.NewMapType(stringOf(maxStepName), stepType, maxSteps)
	stepType  = object("Step", fields{
		"state":   required(stringOf(maxState)),
		"outputs": required(apiservercel.NewMapType(stringOf(maxOutputName), outputType, maxOutputs)),
	})
	outputType = object("Output", fields{
		"url":       optional(stringOf(maxURL)),
		"mediaType": optional(stringOf(maxMediaType)),
		"sizeBytes": optional(apiservercel.IntType),
		"sha256":    optional(stringOf(maxDigest)),
		"values":    required(valuesType(maxValues)),
	})
	outputsType = apiservercel.NewMapType(stringOf(maxStepName), valuesType(maxValues*maxOutputs), maxSteps)
)

// variables maps the name of each variable to what it is.
type variables map[string]*apiservercel.DeclType

var (
	pipelineVariables = variables{varRecording: recordingType}
	stepVariables     = variables{varRecording: recordingType, varSteps: stepsType, varOutputs: outputsType}
)

// environment returns the environment of Kubernetes with the variables.
func (v variables) environment() (*cel.Env, error) {
	extension := environment.VersionedOptions{IntroducedVersion: kubernetesVersion, EnvOptions: []cel.EnvOption{
		withoutRepetition(), cel.ParserRecursionLimit(maxDepth),
	}}
	for name, kind := range v {
		extension.EnvOptions = append(extension.EnvOptions, cel.Variable(name, kind.CelType()))
		if kind.IsMap() {
			kind = kind.ElemType
		}
		if kind.IsObject() {
			extension.DeclTypes = append(extension.DeclTypes, kind)
		}
	}
	set, err := environment.MustBaseEnvSet(kubernetesVersion).Extend(extension)
	if err != nil {
		return nil, err
	}
	return set.NewExpressionsEnv(), nil
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

// stringOf is a string of at most so many characters.
func stringOf(longest int64) *apiservercel.DeclType {
	kind := apiservercel.NewSimpleTypeWithMinSize("string", cel.StringType, nil, apiservercel.MinStringSize)
	kind.MaxElements = longest
	return kind
}

// valuesType is that of values by their name: strings, doubles and booleans.
func valuesType(most int64) *apiservercel.DeclType {
	value := apiservercel.NewSimpleTypeWithMinSize("dyn", cel.DynType, nil, 1)
	value.MaxElements = maxValue
	return apiservercel.NewMapType(stringOf(maxValueName), value, most)
}
