// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package startup has what every server needs at its start and end: command line, namespace, log, diagnostics and exit code.
package startup

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/go-logr/logr"
	"go.uber.org/zap/zapcore"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/meetingops/meeting-recording-operator/internal/diagnostics"
	"github.com/meetingops/meeting-recording-operator/internal/version"
)

// Exit codes: Usage for a wrong command line, Failed for every other failure.
const (
	OK     = 0
	Failed = 1
	Usage  = 2
)

// errVersion asks for the version.
var errVersion = errors.New("version requested")

// usageError is an error in the command line.
type usageError struct {
	error
	isPrinted bool // by the flag package
}

func (e usageError) Unwrap() error { return e.error }

// Options are the options of every server.
type Options struct {
	Diagnostics diagnostics.Options
	zap         zap.Options
	level       *diagnostics.Level
}

// Parse reads the arguments: the flags that bind declares, and the common ones. Then it calls check, unless the arguments ask for
// help or the version. Pass its error to Exit.
func (o *Options) Parse(program string, args []string, output io.Writer, bind func(*flag.FlagSet), check func() error) error {
	// The stack of every error would hide the errors.
	o.zap = zap.Options{StacktraceLevel: zapcore.PanicLevel, TimeEncoder: zapcore.RFC3339NanoTimeEncoder}
	flags := flag.NewFlagSet(program, flag.ContinueOnError)
	flags.SetOutput(output)
	bind(flags)
	o.Diagnostics.Bind(flags)
	isVersion := flags.Bool("version", false, "Print the version and exit.")
	o.zap.BindFlags(flags)
	config.RegisterFlags(flags)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return usageError{err, true}
	case flags.NArg() > 0:
		return usageError{fmt.Errorf("unexpected argument %q: all settings are flags, see --help", flags.Arg(0)), false}
	case *isVersion:
		return errVersion
	}
	if err := errors.Join(check(), o.Diagnostics.Validate()); err != nil {
		return usageError{err, false}
	}
	return nil
}

// Log returns the program's log, which the client libraries use too.
func (o *Options) Log(output io.Writer) logr.Logger {
	o.level = diagnostics.NewLevel(&o.zap)
	log := zap.New(zap.UseFlagOptions(&o.zap), zap.WriteTo(output))
	ctrllog.SetLogger(log)
	klog.SetLogger(log.WithName("client-go"))
	return log
}

// Diagnose serves diagnostics until ctx is done or stop is called.
func (o *Options) Diagnose(ctx context.Context, log logr.Logger) (stop func()) {
	return diagnostics.Start(ctx, o.Diagnostics, o.level, log.WithName("diagnostics"))
}

// Exit prints why a program failed, if it did, and returns its exit code.
func Exit(program string, err error, stdout, stderr io.Writer) int {
	var usage usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return OK
	case errors.Is(err, errVersion):
		if _, err = fmt.Fprintln(stdout, version.String()); err == nil {
			return OK
		}
	case errors.As(err, &usage) && usage.isPrinted:
		return Usage
	}
	_, _ = fmt.Fprintf(stderr, "%s: %v\n", program, err) // where this fails, the exit code says it
	if usage.error != nil {
		return Usage
	}
	return Failed
}

// namespaceFile contains the Pod's namespace.
var namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// ErrNoNamespace is returned by Namespace if there is no namespace.
var ErrNoNamespace = errors.New("no namespace: set --namespace or $POD_NAMESPACE")

// Namespace returns the value of --namespace, else $POD_NAMESPACE, else the namespace of the Pod's service account.
func Namespace(value string) (string, error) {
	source := "--namespace"
	if value == "" {
		value, source = os.Getenv("POD_NAMESPACE"), "$POD_NAMESPACE"
	}
	if value == "" {
		content, err := os.ReadFile(namespaceFile)
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrNoNamespace, err)
		}
		value, source = strings.TrimSpace(string(content)), namespaceFile
	}
	if problems := validation.IsDNS1123Label(value); len(problems) > 0 {
		return "", fmt.Errorf("%q of %s is not a namespace: %s", value, source, strings.Join(problems, "; "))
	}
	return value, nil
}
