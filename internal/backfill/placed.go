// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backfill

import (
	"context"
	"fmt"
	"sync"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

const (
	// readAllAfter is what a round's reads may cost before it reads all objects at
	// once, which costs the API server about as much as a twentieth of them one by
	// one.
	readAllAfter = 5000
	// costOfSession is what reading the objects of a session costs, if reading one
	// costs 1: the API server looks at the labels of all.
	costOfSession = 20
)

// placed is what a round with many sessions knows of the files that are on an
// object, and need nothing more. It is out of date at once, so a file that it
// does not have is looked for as any other.
type placed struct {
	mu    sync.Mutex
	spent int
	files map[key]struct{} // nil until all objects were read
}

// spend counts a read.
func (p *placed) spend(cost int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spent += cost
}

// has reports whether the file of a session is known to be on an object.
func (p *placed) has(ctx context.Context, r *round, sessionID, fileID string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.files == nil {
		if p.spent < r.readAllAfter {
			return false, nil
		}
		if err := p.readAll(ctx, r); err != nil {
			if ctx.Err() != nil {
				return false, ctx.Err()
			}
			// An API server that is too busy for that may still answer for one object.
			r.log.Error(err, "Cannot list recordings, reading each")
			p.spent = 0
			return false, nil
		}
	}
	_, ok := p.files[keyOf(sessionID+"\x00"+fileID)]
	return ok, nil
}

// readAll is called with mu held. It skips objects that ended before the
// lookback, so that memory does not grow with the recordings that are kept.
func (p *placed) readAll(ctx context.Context, r *round) error {
	files := map[key]struct{}{}
	since := r.since()
	err := r.objects.Each(ctx, "", func(o *Object) {
		if o.File == nil || (o.EndTime != nil && o.EndTime.Time.Before(since)) {
			return
		}
		if _, expires := expiry(o.File.URL); o.Finished || !expires {
			files[keyOf(o.SessionID+"\x00"+lifecycle.FileID(o.File.Path))] = struct{}{}
		}
	})
	if err != nil {
		return fmt.Errorf("read all recordings: %w", err)
	}
	p.files = files
	return nil
}
