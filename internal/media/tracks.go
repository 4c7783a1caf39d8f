// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package media

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/meetingops/meeting-recording-operator/internal/media/probe"
	"github.com/meetingops/meeting-recording-operator/internal/sysexits"
)

// AudioTracks says which audio tracks of a recording are used: all of them mixed, or one. The zero value mixes all.
type AudioTracks struct {
	// One is the track's number, from 1; 0: all are mixed.
	One int
}

// ParseAudioTracks reads mix, first, or a track's number from 1.
func ParseAudioTracks(text string) (AudioTracks, error) {
	switch text {
	case "mix":
		return AudioTracks{}, nil
	case "first":
		return AudioTracks{One: 1}, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return AudioTracks{}, errors.New("it must be mix, first, or the number of a track, from 1")
	}
	return AudioTracks{One: n}, nil
}

// choose returns the tracks that are used.
func (t AudioTracks) choose(tracks []*probe.Audio) ([]*probe.Audio, error) {
	if t.One == 0 {
		return tracks, nil
	}
	if t.One > len(tracks) {
		return nil, sysexits.New(sysexits.DataErr, nil, "the recording has no audio track %d; it has %s; choose one with --audio-tracks",
			t.One, count(len(tracks), "audio track"))
	}
	return tracks[t.One-1 : t.One], nil
}

// count writes a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
