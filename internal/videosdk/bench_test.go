// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package videosdk

import "testing"

func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"recording-started.json", "recording-stopped.json", "recording-stopped.txt"} {
		body := readFixture(b, name)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := Parse(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	body := readFixture(b, "recording-stopped.json")
	verifier := NewVerifier(&fixedKeys{keys: public(0)})
	for name, test := range map[string]struct {
		key      int
		accepted bool
	}{"good": {0, true}, "forged": {1, false}} {
		signature := sign(b, testKeys()[test.key], body)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := verifier.Verify(b.Context(), body, signature); (err == nil) != test.accepted {
					b.Fatal(err)
				}
			}
		})
	}
}
