// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package backfill

import (
	"context"
	"fmt"
	"sync"

	"github.com/meetingops/meeting-recording-operator/internal/lifecycle"
)

// readAllAfter is how many objects a round reads one by one before it reads all
// of them at once, which costs the API server about as much as a twentieth of
// them one by one.
const readAllAfter = 5000

// placed is what a round with many sessions knows of the files that are on an
// object, and need nothing more. It is out of date at once, so a file that it
// does not have is looked for as any other.
type placed struct {
	mu    sync.Mutex
	reads int
	files map[key]struct{} // nil until all objects were read
}

// count counts an object that is read by itself.
func (p *placed) count() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reads++
}

// has reports whether the file of a session is known to be on an object.
func (p *placed) has(ctx context.Context, r *round, sessionID, fileID string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.files == nil {
		if p.reads < r.readAllAfter {
			return false, nil
		}
		if err := p.readAll(ctx, r); err != nil {
			return false, err
		}
	}
	_, ok := p.files[keyOf(sessionID+"\x00"+fileID)]
	return ok, nil
}

// readAll is called with mu held. It skips objects that ended before the
// lookback, so that memory does not grow with the recordings that are kept.
func (p *placed) readAll(ctx context.Context, r *round) error {
	files := map[key]struct{}{}
	since := r.now.Add(-r.options.Lookback - maxSkew)
	err := r.objects.Each(ctx, func(sessionID string, o *Object) {
		if o.Foreign || o.Status.File == nil || (o.Status.EndTime != nil && o.Status.EndTime.Time.Before(since)) {
			return
		}
		if _, expires := expiry(o.Status.File.URL); o.Finished || !expires {
			files[keyOf(sessionID+"\x00"+lifecycle.FileID(o.Status.File.Path))] = struct{}{}
		}
	})
	if err != nil {
		return fmt.Errorf("read all recordings: %w", err)
	}
	p.files = files
	return nil
}
