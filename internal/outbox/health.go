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

// flow says where the events of a write come from.
type flow int

const (
	// direct writes have a sender that waits.
	direct flow = iota
	// replay writes are of spooled events.
	replay
)

// health says whether writes are worth trying, for each flow apart.
type health [2]*gobreaker.TwoStepCircuitBreaker[struct{}]

// newServerHealth returns the health of the API server.
func newServerHealth(log logr.Logger) health {
	return newHealth(log, "API server", func(err error) bool { return !isAway(err) }, isNothing)
}

// newNamespaceHealth returns the health of a namespace: it says nothing while the API server is away.
func newNamespaceHealth(log logr.Logger, namespace string) health {
	return newHealth(log.WithValues("namespace", namespace), "Namespace", func(err error) bool { return !recorder.IsNamespaceError(err) },
		func(err error) bool { return isNothing(err) || isAway(err) })
}

func newHealth(log logr.Logger, what string, isSuccessful, isExcluded func(error) bool) health {
	var h health
	for f, events := range []string{"spooling events", "replaying the spool later"} {
		var cause error // the last failure; the callbacks are called one at a time
		h[f] = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
			Timeout: openFor, IsExcluded: isExcluded,
			IsSuccessful: func(err error) bool {
				if isSuccessful(err) {
					return true
				}
				cause = err
				return false
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

// isClosed reports whether nothing is known against writing.
func (h health) isClosed(f flow) bool { return h[f].State() == gobreaker.StateClosed }

// permit is the permission to write, and where to report the result.
type permit struct {
	server, namespace func(error)
	once              sync.Once
}

// ask returns a permit, or nil if a write is not worth trying.
func ask(f flow, server, namespace health) *permit {
	p := &permit{}
	var err error
	if p.namespace, err = namespace[f].Allow(); err != nil {
		return nil
	}
	if p.server, err = server[f].Allow(); err != nil {
		p.namespace(errNothing)
		return nil
	}
	return p
}

// report says how the write ended. Only the first report counts; a nil permit has none.
func (p *permit) report(err error) {
	if p == nil {
		return
	}
	p.once.Do(func() {
		p.server(err)
		p.namespace(err)
	})
}

// errSlow is what a direct write counts as that takes too long.
var errSlow = errors.New("write takes too long")

// isAway reports whether an error says that the API server did not do its work: neither an answer about the event nor one about the
// namespace.
func isAway(err error) bool {
	return err != nil && recorder.RejectionOf(err) == nil && !errors.Is(err, recorder.ErrChanged) && !errors.Is(err, recorder.ErrTerminating) &&
		!recorder.IsNamespaceError(err) && !isPanic(err)
}

func isNothing(err error) bool { return errors.Is(err, errNothing) }

func isPanic(err error) bool {
	var bug *recorder.PanicError
	return errors.As(err, &bug)
}
