// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tracecontext reads and writes the trace context of recordings and Jobs (https://www.w3.org/TR/trace-context/). It is pure, and does
// not report spans.
package tracecontext

import (
	"context"
	"crypto/sha256"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// header is the name of the W3C header.
const header = "traceparent"

// Parse reads a traceparent header, such as 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01. For empty or invalid text it returns the
// zero SpanContext, which is not valid.
func Parse(traceparent string) trace.SpanContext {
	if traceparent == "" {
		return trace.SpanContext{}
	}
	carrier := propagation.MapCarrier{header: traceparent}
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier))
}

// Format writes a SpanContext as Parse reads it; empty if it is not valid.
func Format(place trace.SpanContext) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(trace.ContextWithSpanContext(context.Background(), place), carrier)
	return carrier[header]
}

// OfJob returns the SpanContext of a Job: its recording's trace, and a span id that follows from the Job's name. So containers get it
// before the Job's span is reported, which the leader does when the Job has ended. It is not valid if the recording's is not.
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
