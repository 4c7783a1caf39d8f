// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/meetingops/meeting-recording-operator/internal/cli"
)

// interrupting interrupts the command that prints.
type interrupting struct {
	bytes.Buffer
	interrupt func()
}

func (w *interrupting) Write(p []byte) (int, error) {
	w.interrupt()
	return w.Buffer.Write(p)
}

// TestInterruptedChange: an interrupt between two recordings leaves the rest as it is, and is no success.
func TestInterruptedChange(t *testing.T) {
	namespace := api.Namespace(t)
	api.Create(t, finished(namespace, "a"), finished(namespace, "b"))
	ctx, interrupt := context.WithCancel(t.Context())
	out := &interrupting{interrupt: interrupt}
	code := cli.Run(ctx, []string{"suspend", "-n", namespace, "a", "b", "--kubeconfig", api.Kubeconfig},
		genericiooptions.IOStreams{In: strings.NewReader(""), Out: out, ErrOut: out})
	if code != 130 || out.String() != "meetingrecording/a suspended\n" {
		t.Errorf("%d, %s", code, out.String())
	}
	for _, r := range recordings(t, namespace) {
		if r.Spec.Suspend != (r.Name == "a") {
			t.Errorf("%s: suspended %v", r.Name, r.Spec.Suspend)
		}
	}
}
