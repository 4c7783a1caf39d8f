// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kube

import (
	"context"
	"time"
)

// Outlive returns a context that ends some time after ctx, so that the end of a program does not interrupt what it can finish. The caller
// must call cancel.
func Outlive(ctx context.Context, longer time.Duration) (outliving context.Context, cancel context.CancelFunc) {
	outliving, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(longer, end) })
	return outliving, func() {
		stop()
		end()
	}
}
