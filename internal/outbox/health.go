// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"errors"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/sony/gobreaker/v2"

	"github.com/meetingops/meeting-recording-operator/internal/recorder"
)

const (
	// openAfter failures in a row open a circuit breaker.
	openAfter = 3
	// openFor is how long it stays open before one write is tried.
	openFor = time.Second
)

// flow is the origin of the events of a write.
type flow int

const (
	// direct writes have a waiting sender.
	direct flow = iota
	// replay writes are of spooled events.
	replay
)

// health has a circuit breaker for each flow.
type health [2]*gobreaker.TwoStepCircuitBreaker[struct{}]

func newHealth(log logr.Logger, what string, isFailure, isExcluded func(error) bool) health {
	var h health
	for f, events := range []string{"spooling events", "replaying the spool later"} {
		var cause error // the last failure; the callbacks are called one at a time
		h[f] = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
			Timeout: openFor, IsExcluded: isExcluded,
			IsSuccessful: func(err error) bool {
				if isFailure(err) {
					cause = err
					return false
				}
				return true
			},
			ReadyToTrip: func(counts gobreaker.Counts) bool { return counts.ConsecutiveFailures >= openAfter },
			OnStateChange: func(_ string, from, to gobreaker.State) {
				switch {
				case from == gobreaker.StateClosed:
					log.Error(cause, what+" refuses writes, "+events)
				case to == gobreaker.StateClosed:
					log.Info(what + " accepts writes again")
				}
			},
		})
	}
	return h
}

// isClosed reports whether all circuit breakers are closed.
func (h health) isClosed(f flow) bool { return h[f].State() == gobreaker.StateClosed }

// permit is the permission to write. Call it with the result of the write; only the first call counts.
type permit func(error)

// ask returns a permit, or nil while the circuit breaker is open.
func ask(f flow, server, namespace health) permit {
	tellNamespace, err := namespace[f].Allow()
	if err != nil {
		return nil
	}
	tellServer, err := server[f].Allow()
	if err != nil {
		tellNamespace(errNothing)
		return nil
	}
	var once sync.Once
	return func(err error) {
		once.Do(func() {
			defer tellNamespace(err)
			if errors.Is(err, errSlow) && !namespace.isClosed(f) {
				err = errNothing // an admission webhook may be slow there, and not the API server
			}
			tellServer(err)
		})
	}
}

var (
	// errSlow is the result of a direct write that takes too long.
	errSlow = errors.New("write takes too long")
	// errNothing is the result of a write that was not tried.
	errNothing = errors.New("nothing was written")
)

// isAway reports whether the API server is unavailable: the error is neither about the event nor about the namespace.
func isAway(err error) bool {
	return err != nil && !recorder.IsPermanent(err) && !errors.Is(err, recorder.ErrChanged) && !errors.Is(err, recorder.ErrTerminating) &&
		!recorder.IsNamespaceError(err)
}
