// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sysexits_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

func TestCode(t *testing.T) {
	tests := map[string]struct {
		err  error
		want int
	}{
		"nil":               {nil, sysexits.OK},
		"exit error":        {sysexits.New(sysexits.NoPerm, nil, "no"), sysexits.NoPerm},
		"wrapped":           {fmt.Errorf("doing: %w", sysexits.New(sysexits.IOErr, io.EOF, "no")), sysexits.IOErr},
		"cancelled":         {fmt.Errorf("doing: %w", context.Canceled), sysexits.TempFail},
		"timed out":         {context.DeadlineExceeded, sysexits.TempFail},
		"code beats cancel": {sysexits.New(sysexits.Unavailable, context.DeadlineExceeded, "slow"), sysexits.Unavailable},
		"unclassified":      {errors.New("boom"), sysexits.Software},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := sysexits.Code(test.err); got != test.want {
				t.Errorf("Code(%v) = %d, want %d", test.err, got, test.want)
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	err := sysexits.New(sysexits.IOErr, io.ErrUnexpectedEOF, "cannot write %s", "x")
	if got, want := err.Error(), "cannot write x: unexpected EOF"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
	if got := sysexits.New(sysexits.Usage, nil, "no cause").Error(); got != "no cause" {
		t.Errorf("Error() = %q", got)
	}
}
