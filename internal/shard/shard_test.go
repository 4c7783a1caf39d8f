// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package shard_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/internal/shard"
)

// names draws the names of at least so many shards.
func names(t *rapid.T, atLeast int) []string {
	return rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z][a-z0-9-]{0,8}[a-z0-9]`), atLeast, 12, rapid.ID).Draw(t, "names")
}

// sessions returns ids of the provider's shape. Those of an hour begin alike, as counters do.
func sessions(t *rapid.T, n int) []string {
	hour := rapid.Uint32().Draw(t, "hour")
	counter := rapid.Uint64Range(0, 1<<60).Draw(t, "counter")
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%08x%016x", hour, counter+uint64(i))
	}
	return ids
}

// TestOrder: the order of the names does not matter, and neither does the program that asks.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := names(t, 1)
		shuffled := slices.Clone(all)
		rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for _, session := range append(sessions(t, 20), "", "another/shape", rapid.String().Draw(t, "session")) {
			one, other := shard.Of(all, session), shard.Of(shuffled, session)
			if one != other || !slices.Contains(all, one) {
				t.Fatalf("session %q is of %q among %q, and of %q among %q", session, one, all, other, shuffled)
			}
		}
	})
}

// TestOneMore: a shard that is added takes only its share, and nothing moves between the others. Read the other way about it is removed.
func TestOneMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		after := names(t, 2)
		added, before := after[0], after[1:]
		const n = 2000
		moved := 0
		for _, session := range sessions(t, n) {
			one, other := shard.Of(before, session), shard.Of(after, session)
			switch {
			case other == added:
				moved++
			case one != other:
				t.Fatalf("session %q moves from %q to %q when %q is added to %q", session, one, other, added, before)
			}
		}
		if share := n / len(after); moved < share/2 || moved > 2*share {
			t.Errorf("%d of %d sessions move to one more shard of %d", moved, n, len(after))
		}
	})
}

// TestBalance: no shard has a tenth more than its share.
func TestBalance(t *testing.T) {
	for _, shards := range []int{2, 3, 10, 32} {
		var all []string
		for i := range shards {
			all = append(all, fmt.Sprintf("shard-%d", i))
		}
		const n = 40_000
		count := map[string]int{}
		for i := range n {
			count[shard.Of(all, fmt.Sprintf("613731342f27f56e%08x", i))]++
		}
		share := n / shards
		for name, has := range count {
			if has < share*9/10 || has > share*11/10 {
				t.Errorf("%s has %d of %d sessions, with %d shards", name, has, n, shards)
			}
		}
		if len(count) != shards {
			t.Errorf("only %q of %d shards have sessions", slices.Sorted(maps.Keys(count)), shards)
		}
	}
}

// TestStable: the hash is what docs/how-to/shards.md tells people to compute. Another one would lose track of every session.
func TestStable(t *testing.T) {
	all := []string{"eu-1", "eu-2", "us-1"}
	for session, want := range map[string]string{"613731342f27f56e4fc4b6d0": "eu-1", "60a5dbb1a2b3c4d5e6f70812": "us-1", "": "us-1"} {
		script := `for shard in "$@"; do echo "$(printf %s "$shard/$SESSION" | sha256sum | cut -c1-64) $shard"; done | sort | tail -n 1 | cut -d' ' -f2`
		command := exec.Command("bash", append([]string{"-c", script, "bash"}, all...)...)
		command.Env = append(command.Environ(), "SESSION="+session)
		out, err := command.Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := shard.Of(all, session); got != want || got != strings.TrimSpace(string(out)) {
			t.Errorf("session %q is of %s, want %s; the script says %s", session, got, want, out)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		names []string
		want  string
	}{
		{[]string{"eu-1", "eu-2"}, ""},
		{nil, "no shard is set"},
		{[]string{"eu-1", "EU_2"}, `invalid shard name "EU_2"`},
		{[]string{""}, `invalid shard name ""`},
		{[]string{".."}, `invalid shard name ".."`},
		{[]string{"eu-1", "eu-2", "eu-1"}, "shard eu-1 is set twice"},
	} {
		switch err := shard.Check(tc.names); {
		case tc.want == "" && err != nil, tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%q: %v, want %q", tc.names, err, tc.want)
		}
	}
}

// BenchmarkOf: what it costs one webhook.
func BenchmarkOf(b *testing.B) {
	var all []string
	for i := range 32 {
		all = append(all, fmt.Sprintf("shard-%d", i))
	}
	for b.Loop() {
		shard.Of(all, "613731342f27f56e4fc4b6d0")
	}
}
