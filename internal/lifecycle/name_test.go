// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"strings"
	"testing"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation"
	"pgregory.net/rapid"
)

func TestName(t *testing.T) {
	const meeting, session = "hstr-afz3-tt4f", "62d148951a1eb20029fc9b05"
	long := strings.Repeat("a", 300)
	for _, tc := range []struct {
		name, meeting, session string
		segment                int32
		want                   string
	}{
		{"the provider's ids", meeting, session, 1, "hstr-afz3-tt4f-62d148951a1eb20029fc9b05"},
		{"a second segment", meeting, session, 2, "hstr-afz3-tt4f-62d148951a1eb20029fc9b05-2"},
		{"the last segment", meeting, session, MaxSegment, "hstr-afz3-tt4f-62d148951a1eb20029fc9b05-999999"},
		{"a custom meeting", "Weekly Stand-up", session, 1, "weekly-stand-up-62d148951a1eb2-74c5afifitpjq"},
		{"its second segment", "Weekly Stand-up", session, 2, "weekly-stand-up-62d148951a1eb2-74c5afifitpjq-2"},
		{"300 characters", long, session, 1, strings.Repeat("a", 30) + "-vcfjszpvebbaq"},
		{"slashes", "a/../b", "c//d", 1, "a-b-c-d-habudua6y42bo"},
		{"no Latin letters", "会議", "録画", 1, "recording-rrwwwyvzvxche"},
		{"upper case", strings.ToUpper(meeting), session, 1, "hstr-afz3-tt4f-62d148951a1eb20-lwej23e7cetql"},
		{"dash at the cut", strings.Repeat("a", 29) + "-b", "c", 1, strings.Repeat("a", 29) + "-n3rgs2iq454ty"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Name(tc.meeting, tc.session, tc.segment); got != tc.want {
				t.Errorf("Name() = %q, want %q", got, tc.want)
			}
		})
	}
}

func TestNameTellsLookalikesApart(t *testing.T) {
	const session = "62d148951a1eb20029fc9b05"
	for _, pair := range [][2]string{
		{Name("a-b", "c", 1), Name("a", "b-c", 1)},
		{Name("Room", session, 1), Name("room", session, 1)},
		{Name("room", session, 12), Name("room-1", session, 2)},
		{Name("room", session, 2), Name("room", session+"-2", 1)},
		{Name("a/b", "c", 1), Name("a-b", "c", 1)},
		{Name("hstr-afz3-tt4f", session, 2), Name("hstr-afz3-tt4f", session+"-2", 1)},
		{Name("K", "s", 1), Name("k", "s", 1)}, // the first is the Kelvin sign
	} {
		if pair[0] == pair[1] {
			t.Errorf("two sessions share the name %q", pair[0])
		}
	}
}

// ids are what the receiver lets through, and some that look like names.
func ids() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}`),
		rapid.StringMatching(`[0-9a-f]{24}`),
		rapid.StringMatching(`[a-zA-Z0-9/_. -]{1,300}`),
		rapid.StringMatching(`[aA]{0,3}-?[0-9]{1,3}`),
		rapid.StringN(1, 512, -1),
	).Filter(func(id string) bool { return id != "" })
}

func TestNamesAreValidAndDistinct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type key struct {
			meeting, session string
			segment          int32
		}
		names := map[string]key{}
		pool := rapid.SliceOfN(ids(), 1, 4).Draw(t, "ids")
		for range 6 {
			k := key{
				rapid.SampledFrom(pool).Draw(t, "meeting"),
				rapid.SampledFrom(pool).Draw(t, "session"),
				rapid.Int32Range(1, MaxSegment).Draw(t, "segment"),
			}
			name := Name(k.meeting, k.session, k.segment)
			checkName(t, name)
			if other, taken := names[name]; taken && other != k {
				t.Fatalf("%+v and %+v share the name %q", k, other, name)
			}
			names[name] = k
		}
	})
}

func checkName(t *rapid.T, name string) {
	t.Helper()
	if problems := validation.IsDNS1123Label(name); problems != nil {
		t.Fatalf("name %q: %v", name, problems)
	}
	if problems := validation.IsDNS1123Subdomain(name); problems != nil {
		t.Fatalf("name %q: %v", name, problems)
	}
	if len(name) > MaxNameLength {
		t.Fatalf("name %q has %d bytes, more than %d", name, len(name), MaxNameLength)
	}
}

func TestLabelValue(t *testing.T) {
	for _, tc := range []struct{ name, id, want string }{
		{"the provider's meeting", "hstr-afz3-tt4f", "hstr-afz3-tt4f"},
		{"fits as it is", "Room_1.b", "Room_1.b"},
		{"63 characters", strings.Repeat("x", 63), strings.Repeat("x", 63)},
		{"64 characters", strings.Repeat("x", 64), strings.Repeat("x", 49) + "-zeoixnwz6qrma"},
		{"spaces", "Weekly Stand-up", "Weekly-Stand-up-rjsxs4gyh22gr"},
		{"begins with a dash", "-a", "a-ugxwv64wmwuos"},
		{"no Latin letters", "会議", "recording-grhkb5adbi63a"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := LabelValue(tc.id); got != tc.want {
				t.Errorf("LabelValue(%q) = %q, want %q", tc.id, got, tc.want)
			}
		})
	}
}

func TestLabelValuesAreValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := ids().Draw(t, "id")
		value := LabelValue(id)
		if problems := validation.IsValidLabelValue(value); problems != nil || value == "" {
			t.Fatalf("LabelValue(%q) = %q: %v", id, value, problems)
		}
		if len(validation.IsValidLabelValue(id)) == 0 && value != id {
			t.Fatalf("LabelValue(%q) = %q, though the id is a label's value", id, value)
		}
		if !utf8.ValidString(value) {
			t.Fatalf("LabelValue(%q) = %q is cut within a character", id, value)
		}
	})
}
