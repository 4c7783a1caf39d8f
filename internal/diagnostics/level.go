// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnostics

import (
	"fmt"
	"strconv"
	"strings"

	uberzap "go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// maxVerbosity is the highest number of a level; nothing logs above it.
const maxVerbosity = 10

// Level is a log level that can be changed while loggers use it.
type Level struct {
	level uberzap.AtomicLevel
}

// NewLevel returns the level of the options, after their flags were read, and stores it there, so that a logger that is made from them
// follows it.
func NewLevel(options *zap.Options) *Level {
	l := &Level{level: uberzap.NewAtomicLevelAt(uberzap.InfoLevel)}
	switch given := options.Level.(type) {
	case uberzap.AtomicLevel:
		l.level = given
	case *uberzap.AtomicLevel:
		l.level = *given
	default:
		if options.Development {
			l.level.SetLevel(uberzap.DebugLevel)
		}
	}
	options.Level = l.level
	return l
}

// String returns the level as Set accepts it: error, info, debug, or the number of a higher verbosity.
func (l *Level) String() string {
	if at := l.level.Level(); at < zapcore.DebugLevel {
		return strconv.Itoa(-int(at))
	}
	return l.level.Level().String()
}

// Set changes the level. Its error lists the levels.
func (l *Level) Set(text string) error {
	level, err := parseLevel(text)
	if err != nil {
		return err
	}
	l.level.SetLevel(level)
	return nil
}

func parseLevel(text string) (zapcore.Level, error) {
	switch strings.ToLower(text) {
	case "error":
		return zapcore.ErrorLevel, nil
	case "info":
		return zapcore.InfoLevel, nil
	case "debug":
		return zapcore.DebugLevel, nil
	}
	verbosity, err := strconv.Atoi(text)
	if err != nil || verbosity < 1 || verbosity > maxVerbosity {
		return 0, fmt.Errorf("the level must be error, info, debug, or a number from 1 (debug) to %d (all there is)", maxVerbosity)
	}
	return zapcore.Level(-verbosity), nil
}
