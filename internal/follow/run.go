// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package follow

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// backoff is the wait after each failure to list or watch.
var backoff = wait.Backoff{Duration: 100 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 20, Cap: 30 * time.Second}

// Run lists the recordings that the field selector matches and then follows all changes of the source, until the context ends. It calls
// observe with each recording that exists, and forget, which may be nil, with each that was deleted. It continues where a watch ended, and
// lists again if the API server no longer has that version, or has refused a connection.
func (s Source) Run(ctx context.Context, selector string, observe, forget func(*v1alpha1.MeetingRecording)) {
	apply := func(kind watch.EventType, recording *v1alpha1.MeetingRecording, _ uint64) error {
		switch {
		case kind == watch.Added || kind == watch.Modified:
			observe(recording)
		case kind == watch.Deleted && forget != nil:
			forget(recording)
		}
		return nil
	}
	version := uint64(0)
	for delay := backoff; ctx.Err() == nil; {
		var err error
		var reached uint64
		if version == 0 {
			reached, err = s.List(ctx, selector, 0, observe)
		} else {
			reached, err = s.Follow(ctx, version, apply)
		}
		switch {
		case errors.Is(err, ErrCompacted):
			version = 0
		case reached != version:
			version, delay = reached, backoff
			if err == nil {
				continue
			}
		}
		if err != nil && ctx.Err() == nil {
			log.FromContext(ctx).Error(err, "Following recordings failed, retrying", "namespace", s.Namespace)
		}
		pause(ctx, delay.Step())
	}
}

func pause(ctx context.Context, duration time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(duration):
	}
}
