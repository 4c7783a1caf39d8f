// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/cli"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// TestListWatch: after the list come the recordings that change and match, under the same columns, until an interrupt.
func TestListWatch(t *testing.T) {
	namespace := api.Namespace(t)
	first := finished(namespace, "first-with-a-long-name")
	api.Create(t, first)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var out, errOut harness.Output
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Run(ctx, []string{"list", "-n", namespace, "-l", "team=sales", "--watch", "--kubeconfig", api.Kubeconfig},
			genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut})
	}()
	shows := func(text string) {
		t.Helper()
		harness.Eventually(t, "the list shows "+text, func(context.Context) error {
			if !strings.Contains(out.String(), text) {
				return fmt.Errorf("it shows %s%s", out.String(), errOut.String())
			}
			return nil
		})
	}
	shows("first-with-a-long-name   m         <none>")
	other := finished(namespace, "other")
	other.Labels = nil
	api.Create(t, other)
	setFinished(first)
	if err := api.Client.Status().Update(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	shows("first-with-a-long-name   m         Stopped   Succeeded    True")
	if err := api.Client.Delete(t.Context(), &v1alpha1.MeetingRecording{ObjectMeta: first.ObjectMeta}); err != nil {
		t.Fatal(err)
	}
	shows("(deleted)")
	interrupt()
	if code := <-ended; code != 130 || errOut.String() != "" || strings.Contains(out.String(), "other") {
		t.Errorf("it ends with %d, shows %s%s", code, out.String(), errOut.String())
	}
}
