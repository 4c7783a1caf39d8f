// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnostics

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// LevelCommand is the first argument for which a binary runs RunLevel instead of its work.
const LevelCommand = "loglevel"

// askTimeout is how long the running binary may take to answer.
const askTimeout = 10 * time.Second

// RunLevel tells, or with a level among the arguments changes, the log level of the program's running instance on this machine, so
// that `kubectl exec` can where the image has no shell. It returns the exit code: 0, 1 when the instance did not do it, 2 when the
// arguments are wrong. The address is the default of --diagnostics-bind-address.
func RunLevel(ctx context.Context, program, address string, args []string, stdout, stderr io.Writer) int {
	options := Options{}
	flags := flag.NewFlagSet(program+" "+LevelCommand, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&options.Address, "diagnostics-bind-address", address, "The flag of the instance that runs.")
	flags.Usage = func() {
		_, _ = fmt.Fprintf(stderr, "Usage: %s %s [--diagnostics-bind-address ADDRESS] [error|info|debug|1..%d]\n", program, LevelCommand, maxVerbosity)
		flags.PrintDefaults()
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	err := options.Validate()
	if err == nil && flags.NArg() > 1 {
		err = fmt.Errorf("%q is one argument too many: give one level", flags.Arg(1))
	}
	if err == nil && flags.NArg() == 1 {
		_, err = parseLevel(flags.Arg(0))
	}
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "%s %s: %v\n", program, LevelCommand, err)
		return 2
	}
	level, err := ask(ctx, options.Address, flags.Arg(0))
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "%s %s: %v\n", program, LevelCommand, err)
		return 1
	}
	if _, err := fmt.Fprintln(stdout, level); err != nil {
		return 1
	}
	return 0
}

// ask changes the level of the instance at the address, unless there is none to change it to, and returns what it then is.
func ask(ctx context.Context, address, level string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("nothing listens at %s: the instance was started without diagnostics", address)
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "localhost"
	}
	method, body := http.MethodGet, ""
	if level != "" {
		method, body = http.MethodPut, level
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+net.JoinHostPort(host, port)+levelPath, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	// No proxy: it is on this machine.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return "", fmt.Errorf("ask the running instance (is its --diagnostics-bind-address another?): %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return "", fmt.Errorf("read the running instance's answer: %w", err)
	}
	text := strings.TrimSpace(string(answer))
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the running instance answers %s: %s", response.Status, text)
	}
	return text, nil
}
