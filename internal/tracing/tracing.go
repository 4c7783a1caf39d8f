// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tracing exports traces of recordings to an OpenTelemetry collector: one trace for each, from its webhooks to its Jobs. Spans are
// reported when their work has ended, so nothing waits for them. The trace context is in the recording's annotation. spans.go has the spans'
// names and attributes.
package tracing

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/time/rate"

	"github.com/meetingops/meeting-recording-operator/internal/version"
)

const (
	// flushTimeout is how long the end of the program waits for the collector.
	flushTimeout = 2 * time.Second
	// maxQueue is how many spans wait for the collector; further ones are dropped. One takes about 2 KiB.
	maxQueue = 1024
	// summaryInterval is how often at most it is logged that the collector does not take spans.
	summaryInterval = time.Minute
)

// Tracer reports recordings. All methods may be called concurrently, and do nothing on a nil Tracer.
type Tracer struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	sampler  sdktrace.Sampler
}

// Start returns a Tracer for the program, whose name becomes service.name unless $OTEL_SERVICE_NAME is set; nil without an endpoint. It does
// not wait for the collector. Errors say which flag or variable to fix. Call it once in a program: it sets OpenTelemetry's global error
// handler, to log the exporter's errors.
func Start(ctx context.Context, program string, options Options, log logr.Logger) (*Tracer, error) {
	resolved, err := options.resolve()
	if err != nil || !resolved.on {
		return nil, err
	}
	var where []otlptracehttp.Option
	if resolved.url != "" {
		where = append(where, otlptracehttp.WithEndpointURL(resolved.url))
	}
	otel.SetLogger(log)
	otel.SetErrorHandler(reporter(log))
	exporter, err := otlptracehttp.New(ctx, where...)
	if err != nil {
		return nil, fmt.Errorf("set up the traces: %w", err)
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(semconv.ServiceName(program), semconv.ServiceVersion(version.String())),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("set up the traces, check $OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithResource(about),
		sdktrace.WithIDGenerator(givenIDs{}),
		sdktrace.WithSampler(sdktrace.AlwaysSample()), // Tell has looked at the recording's flag
		sdktrace.WithBatcher(exporter, sdktrace.WithMaxQueueSize(maxQueue)),
	)
	log.Info("Exporting traces", "sampling", resolved.ratio)
	return &Tracer{
		provider: provider,
		tracer:   provider.Tracer("github.com/meetingops/meeting-recording-operator", trace.WithInstrumentationVersion(version.String())),
		sampler:  sdktrace.TraceIDRatioBased(resolved.ratio),
	}, nil
}

// reporter logs what goes wrong, now and then: a collector that is unavailable makes an error of every batch.
func reporter(log logr.Logger) otel.ErrorHandlerFunc {
	told := rate.Sometimes{First: 1, Interval: summaryInterval}
	return func(err error) {
		told.Do(func() {
			log.Error(err, "Spans not exported", "hint", "check the tracing endpoint; recordings are not affected")
		})
	}
}

// Stop exports the remaining spans, for at most flushTimeout. Nothing may be reported after it.
func (t *Tracer) Stop() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("send the last spans: %w", err)
	}
	return nil
}

// Begin returns the trace context of a new recording. It decides whether the recording is sampled, for all its spans. On a nil Tracer the
// result is not valid.
func (t *Tracer) Begin() trace.SpanContext {
	if t == nil {
		return trace.SpanContext{}
	}
	config := trace.SpanContextConfig{Remote: true}
	config.TraceID, config.SpanID = randomIDs()
	verdict := t.sampler.ShouldSample(sdktrace.SamplingParameters{ParentContext: context.Background(), TraceID: config.TraceID})
	config.TraceFlags = config.TraceFlags.WithSampled(verdict.Decision == sdktrace.RecordAndSample)
	return trace.NewSpanContext(config)
}

// span is something that is over.
type span struct {
	name       string
	kind       trace.SpanKind
	start, end time.Time
	attributes []attribute.KeyValue
	// failure is the kind of what went wrong (error.type), empty where nothing did.
	failure string
	// parent is the place below which it was; not valid for the root of a trace.
	parent trace.SpanContext
	// place is its own, where that was given away before; else not valid, and a new one.
	place trace.SpanContext
}

// tell sends a span on its way, if its trace is sampled, and returns its place.
func (t *Tracer) tell(s span) trace.SpanContext {
	ctx := context.Background()
	if s.place.IsValid() {
		ctx = context.WithValue(ctx, placeKey{}, s.place)
	}
	if s.parent.IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, s.parent)
	}
	if s.failure != "" {
		s.attributes = append(s.attributes, semconv.ErrorTypeKey.String(s.failure))
	}
	_, told := t.tracer.Start(ctx, s.name, trace.WithSpanKind(s.kind), trace.WithTimestamp(s.start), trace.WithAttributes(s.attributes...))
	if s.failure != "" {
		told.SetStatus(codes.Error, "")
	}
	told.End(trace.WithTimestamp(latest(s.start, s.end)))
	return told.SpanContext()
}

// latest keeps clocks that differ from making a span end before it begins.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// placeKey is that of the place that a span is to get, in its context.
type placeKey struct{}

// givenIDs gives a span the place that its context says, else a random one.
type givenIDs struct{}

// NewIDs implements sdktrace.IDGenerator.
func (g givenIDs) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	if place, ok := ctx.Value(placeKey{}).(trace.SpanContext); ok {
		return place.TraceID(), place.SpanID()
	}
	return randomIDs()
}

// NewSpanID implements sdktrace.IDGenerator.
func (g givenIDs) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	_, id := g.NewIDs(ctx)
	return id
}

// randomIDs returns ids that are not all zeros, as no id may be.
func randomIDs() (traceID trace.TraceID, spanID trace.SpanID) {
	for !traceID.IsValid() || !spanID.IsValid() {
		binary.NativeEndian.PutUint64(traceID[:8], rand.Uint64())
		binary.NativeEndian.PutUint64(traceID[8:], rand.Uint64())
		binary.NativeEndian.PutUint64(spanID[:], rand.Uint64())
	}
	return traceID, spanID
}
