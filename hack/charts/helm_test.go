// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

const (
	root  = "../.."
	chart = root + "/charts/meeting-recording-operator"
)

// helm is Helm's own program, of the version that go.mod pins.
var helm string

// pathOfUser is where programs are looked for beside ours.
var pathOfUser = os.Getenv("PATH")

func TestMain(m *testing.M) {
	code, err := testMain(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func testMain(m *testing.M) (code int, err error) {
	folder, err := os.MkdirTemp("", "charts")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	helm = filepath.Join(folder, "helm")
	if out, err := exec.Command("go", "build", "-o", helm, "helm.sh/helm/v4/cmd/helm").CombinedOutput(); err != nil {
		return 1, fmt.Errorf("building helm: %w\n%s", err, out)
	}
	// Nothing of the user's own Helm, and nothing left in it.
	for _, kind := range []string{"CACHE", "CONFIG", "DATA"} {
		if err := os.Setenv("HELM_"+kind+"_HOME", filepath.Join(folder, kind)); err != nil {
			return 1, err
		}
	}
	return m.Run(), nil
}

// command runs a program in the project's folder and returns what it prints; the error's text has what it prints beside.
func command(t *testing.T, environment []string, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), environment...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String(), nil
}

// asConfig are values with which the chart has the image that config/ has.
var asConfig = []string{`--set-json=image.repository="meeting-recording-operator"`, `--set-json=image.tag="dev"`}

// rendered renders the chart with values, as --set has them, for a release in a namespace.
func rendered(t *testing.T, namespace string, sets ...string) (string, error) {
	t.Helper()
	args := append([]string{"template", "trial", "charts/meeting-recording-operator", "--namespace", namespace}, asConfig...)
	for _, set := range sets {
		args = append(args, "--set-json="+set)
	}
	return command(t, nil, helm, args...)
}

// decode returns the objects of a text by their ids.
func decode(t *testing.T, text string) map[string]object {
	t.Helper()
	objects := map[string]object{}
	decoder := utilyaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096)
	for {
		var o object
		switch err := decoder.Decode(&o); {
		case errors.Is(err, io.EOF):
			return objects
		case err != nil:
			t.Fatal(err)
		}
		if o == nil {
			continue
		}
		if _, twice := objects[o.id()]; twice {
			t.Errorf("there are two of %s", o.id())
		}
		objects[o.id()] = o
	}
}
