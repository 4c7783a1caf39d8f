// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package outputs

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Parse never panics, and what it accepts can be written again and means the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", "[]", `{"outputs":null}`, `{"outputs":[null]}`, `{"outputs":[{"name":"a","url":"x:y","sizeBytes":1e3}]}`,
		`{"outputs":[{"name":"archive","url":"s3://b/k.mp4","mediaType":"video/mp4","sizeBytes":4,"sha256":"` + strings.Repeat("ab", 32) + `"}]}`,
		"plain text", `{"outputs":[{"name":"a","url":"` + "\xff" + `:y"}]}`,
		`{"outputs":[{"name":"a","values":{"x":2.0,"y":-0,"z":1e400,"s":"<&>","b":false,"f":0.1}}]}`, `{"outputs":[{"name":"a","values":{"x":[{}]}}]}`,
		`{"outputs":[{"name":"a","values":{"x":9223372036854775808,"x":1e18,"":null,"\u0000":"\u0000"}}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		msg, err := Parse(text)
		if err != nil {
			if len(msg.Outputs) != 0 {
				t.Fatalf("outputs beside an error: %v", msg)
			}
			return
		}
		again, err := msg.Marshal()
		if err != nil {
			var field *FieldError
			if errors.As(err, &field) && field.Field == "message" {
				return // escapes make it longer than it came
			}
			t.Fatalf("accepted but not writable: %v", err)
		}
		got, err := Parse(again)
		if err != nil {
			t.Fatalf("Parse(%s): %v", again, err)
		}
		if diff := cmp.Diff(msg, got); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
}
