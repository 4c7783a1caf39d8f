// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package tracecontext_test

import (
	"testing"

	"go.opentelemetry.io/otel/trace"
	"pgregory.net/rapid"

	"github.com/meetingops/meeting-recording-operator/internal/tracecontext"
)

// sampled is the example of the W3C's recommendation.
const sampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestParse(t *testing.T) {
	place := tracecontext.Parse(sampled)
	if place.TraceID().String() != "0af7651916cd43dd8448eb211c80319c" || place.SpanID().String() != "b7ad6b7169203331" || !place.IsSampled() {
		t.Errorf("place %+v", place)
	}
	for name, text := range map[string]string{
		"empty":          "",
		"text":           "yes",
		"no trace":       "00-00000000000000000000000000000000-b7ad6b7169203331-01",
		"no span":        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
		"upper case":     "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
		"too short":      sampled[:54],
		"of the future?": "ff" + sampled[2:],
	} {
		if place := tracecontext.Parse(text); place.IsValid() {
			t.Errorf("%s: %q is taken for %+v", name, text, place)
		}
	}
	if text := tracecontext.Format(trace.SpanContext{}); text != "" {
		t.Errorf("no place is written as %q", text)
	}
}

// Places are read as they are written; a Job's is in its recording's trace, sampled as that is, and another for each Job.
func TestPlaces(t *testing.T) {
	place := rapid.Custom(func(t *rapid.T) trace.SpanContext {
		var config trace.SpanContextConfig
		copy(config.TraceID[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "trace"))
		copy(config.SpanID[:], rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "span"))
		config.TraceID[15] |= 1
		config.SpanID[7] |= 1
		config.TraceFlags = config.TraceFlags.WithSampled(rapid.Bool().Draw(t, "sampled"))
		config.Remote = true
		return trace.NewSpanContext(config)
	})
	rapid.Check(t, func(t *rapid.T) {
		recording := place.Draw(t, "recording")
		if read := tracecontext.Parse(tracecontext.Format(recording)); !read.Equal(recording) {
			t.Fatalf("%+v was read as %+v", recording, read)
		}
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z0-9-]{1,63}`), 2, 2, rapid.ID).Draw(t, "names")
		one, other := tracecontext.OfJob(recording, names[0]), tracecontext.OfJob(recording, names[1])
		if !one.IsValid() || one.TraceID() != recording.TraceID() || one.IsSampled() != recording.IsSampled() ||
			one.SpanID() == recording.SpanID() || one.SpanID() == other.SpanID() || !one.Equal(tracecontext.OfJob(recording, names[0])) {
			t.Fatalf("the Jobs of %+v are at %+v and %+v", recording, one, other)
		}
	})
	if place := tracecontext.OfJob(trace.SpanContext{}, "job"); place.IsValid() {
		t.Errorf("without a trace, the Job is at %+v", place)
	}
}
