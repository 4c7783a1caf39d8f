// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package timeline

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

const (
	// maxBackStep is how far a stream's timestamps may go back, in seconds, before that is a restart of the clock.
	maxBackStep = 0.25
	// maxGap is the longest time without a packet in any stream, in seconds. A longer one is a jump of the clock.
	maxGap = 600
	// maxJumps bounds what a hostile file can make us remember.
	maxJumps = 100
	// maxStreams bounds the streams of a recording.
	maxStreams = 64
	// maxReorder is how much later than it is decoded a frame is presented at most, in seconds, for a packet that does not say.
	maxReorder = 1
	// maxLastFrame is the longest time that is assumed for a last frame whose duration the file does not have, in seconds.
	maxLastFrame = 1
)

// ErrImplausible is returned for a file that no recorder writes.
var ErrImplausible = errors.New("no recorder writes such a file")

// Packet is one packet in the file's order. Times are in seconds; NaN: the file does not have it.
type Packet struct {
	Stream int
	// Time is when it is presented, Decode when it is decoded.
	Time, Decode, Duration float64
	// Discard says that the packet is decoded but not presented.
	Discard bool
}

// PacketEntries are the fields that ffprobe must print of a packet, as comma-separated values, for ParsePacket.
const PacketEntries = "packet=stream_index,pts_time,dts_time,duration_time,flags"

// ParsePacket reads one line of what ffprobe prints. It returns false for a line that has no packet.
func ParsePacket(line string) (Packet, bool) {
	fields := strings.Split(strings.TrimSpace(line), ",")
	if len(fields) < 5 {
		return Packet{}, false
	}
	stream, err := strconv.Atoi(fields[0])
	if err != nil || stream < 0 {
		return Packet{}, false
	}
	return Packet{
		Stream: stream, Time: parseTime(fields[1]), Decode: parseTime(fields[2]), Duration: parseTime(fields[3]),
		Discard: strings.Contains(fields[4], "D"),
	}, true
}

func parseTime(s string) float64 {
	t, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(t, 0) {
		return math.NaN()
	}
	return t
}

// Scanner computes the axis of a recording from its packets. It remembers no packets.
type Scanner struct {
	kinds   map[int]Kind
	streams map[int]*scanned
	order   []int
	jumps   []Jump
	// now is the end of everything so far, on the axis.
	now     float64
	started bool
	// epoch counts the clock's jumps; offset is what the latest added.
	epoch  int
	offset float64
}

// scanned is what the scanner knows of one stream.
type scanned struct {
	Stream
	seen     bool
	packets  int64
	last     float64 // latest time of decoding, on the axis
	interval float64 // least time between two packets
	epoch    int
	offset   float64
}

// NewScanner returns a scanner for the streams of these kinds, by their number in the file. Others are ignored.
func NewScanner(kinds map[int]Kind) *Scanner {
	return &Scanner{kinds: kinds, streams: map[int]*scanned{}}
}

// Add adds the next packet of the file. It returns ErrImplausible for a file whose clock jumps all the time.
func (c *Scanner) Add(p Packet) error {
	kind, ok := c.kinds[p.Stream]
	if !ok {
		return nil
	}
	s := c.streams[p.Stream]
	if s == nil {
		if len(c.streams) == maxStreams {
			return fmt.Errorf("%w: it has more than %d streams", ErrImplausible, maxStreams)
		}
		s = &scanned{Stream: Stream{Index: p.Stream, Kind: kind}}
		c.streams[p.Stream] = s
		c.order = append(c.order, p.Stream)
	}
	number := s.packets
	s.packets++
	if !isTime(p.Time) || p.Discard {
		return nil
	}
	if !isTime(p.Decode) {
		p.Decode = math.Inf(1) // compares as never too early
	}
	if c.follow(s, p) {
		if len(c.jumps) == maxJumps {
			return fmt.Errorf("%w: its clock jumps more than %d times", ErrImplausible, maxJumps)
		}
		c.jumps = append(c.jumps, Jump{Stream: p.Stream, Packet: number, Offset: s.offset})
	}
	s.add(p)
	if !c.started || s.End > c.now {
		c.now, c.started = s.End, true
	}
	return nil
}

// follow sets the stream's offset for the packet, and reports whether it changed.
func (c *Scanner) follow(s *scanned, p Packet) (jumped bool) {
	if !c.started {
		return false
	}
	fits := func(offset float64) bool {
		return (!s.seen || math.Min(p.Decode, p.Time+maxReorder)+offset >= s.last-maxBackStep) && p.Time+offset <= c.now+maxGap
	}
	distance := func(offset float64) float64 { return math.Abs(p.Time + offset - c.now) }
	behind := s.epoch < c.epoch
	switch {
	case behind && fits(c.offset) && (!fits(s.offset) || distance(c.offset) < distance(s.offset)):
		// Another stream's clock has jumped before, and this one's jumps with it: they stay in step.
		s.epoch, s.offset = c.epoch, c.offset
		return true
	case fits(s.offset):
		return false
	}
	c.epoch++
	c.offset = c.now - p.Time
	s.epoch, s.offset = c.epoch, c.offset
	return true
}

// add extends the stream by a packet.
func (s *scanned) add(p Packet) {
	start := p.Time + s.offset
	decode := start - maxReorder
	if !math.IsInf(p.Decode, 0) {
		decode = p.Decode + s.offset
	}
	if s.seen && decode > s.last {
		if step := decode - s.last; s.interval == 0 || step < s.interval {
			s.interval = step
		}
	}
	duration := p.Duration
	if !isTime(duration) || duration <= 0 {
		duration = min(s.interval, maxLastFrame)
	}
	if !s.seen {
		s.seen, s.Start, s.End, s.last = true, start, start, decode
	}
	s.Gap = max(s.Gap, decode-s.last)
	if s.Kind == Audio {
		s.Gaps = AddGap(s.Gaps, Gap{s.last, decode})
	}
	s.Start, s.End, s.last = min(s.Start, start), max(s.End, start+duration), max(s.last, decode)
}

// Axis returns the axis of the packets that were added.
func (c *Scanner) Axis() Axis {
	var streams []Stream
	for _, index := range c.order {
		if s := c.streams[index]; s.seen {
			streams = append(streams, s.Stream)
		}
	}
	a := New(streams)
	a.Jumps = c.jumps
	return a
}
