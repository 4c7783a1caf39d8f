// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tracecontext says where a recording is in its trace: what its annotation means, and where the Jobs are below it. It is pure,
// and knows how places are written (https://www.w3.org/TR/trace-context/) but not how spans are reported.
package tracecontext

import (
	"context"
	"crypto/sha256"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// header is the name of the W3C header.
const header = "traceparent"

// Parse reads a place as the traceparent header has it, such as 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01. Text that is
// none, or is empty, is the zero SpanContext, which is not valid.
func Parse(traceparent string) trace.SpanContext {
	if traceparent == "" {
		return trace.SpanContext{}
	}
	carrier := propagation.MapCarrier{header: traceparent}
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier))
}

// Format writes a place as Parse reads it; empty where it is not valid.
func Format(place trace.SpanContext) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(trace.ContextWithSpanContext(context.Background(), place), carrier)
	return carrier[header]
}

// OfJob returns the place of a Job below its recording: the same trace, and a span that the Job's name determines. So the Job's
// containers can be told where they are before the Job's own span is: that is told when the Job has ended, by whoever leads then.
// A Job has no place where its recording has none.
func OfJob(recording trace.SpanContext, name string) trace.SpanContext {
	if !recording.IsValid() {
		return trace.SpanContext{}
	}
	traceID := recording.TraceID()
	digest := sha256.Sum256(append(traceID[:], name...))
	id := trace.SpanID(digest[:8])
	if !id.IsValid() { // all zeros, which no span may have
		id[7] = 1
	}
	return recording.WithSpanID(id)
}
