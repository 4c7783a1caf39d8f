// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package limit

import (
	"sync"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
)

// started has the recordings that wait for their Job, by its name, and the Jobs that completed before anybody waited for them.
type started struct {
	mu       sync.Mutex
	waiting  map[string]*v1alpha1.MeetingRecording
	complete map[string]bool
}

// await has a recording wait for its Job; it returns false where that is complete already.
func (s *started) await(job string, recording *v1alpha1.MeetingRecording) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.complete[job] {
		return false
	}
	s.waiting[job] = recording
	return true
}

// end returns the recording that waits for a Job which is complete; nil if none does, or it was notified of the Job before.
func (s *started) end(job string) *v1alpha1.MeetingRecording {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.complete[job] = true
	recording := s.waiting[job]
	delete(s.waiting, job)
	return recording
}
