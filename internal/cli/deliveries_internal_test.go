// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A sidecar that prints something now and then may take long; one that hangs ends after a while.
func TestUntilSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var printed bytes.Buffer
		ctx, out, done := untilSilent(t.Context(), &printed, sidecarSilence)
		defer done()
		for range 10 {
			time.Sleep(sidecarSilence - time.Second) //nolint:forbidigo // the bubble's clock
			if _, err := out.Write([]byte("x")); err != nil || ctx.Err() != nil {
				t.Fatalf("ended while the sidecar printed: %v, %v", err, context.Cause(ctx))
			}
		}
		time.Sleep(sidecarSilence) //nolint:forbidigo // the bubble's clock
		synctest.Wait()
		if !errors.Is(context.Cause(ctx), errSilent) || printed.Len() != 10 {
			t.Errorf("%v, %d bytes", context.Cause(ctx), printed.Len())
		}
	})
}
