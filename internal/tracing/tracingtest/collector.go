// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tracingtest has a collector for tests: a receiver of OTLP over HTTP that keeps what it gets.
package tracingtest

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	collectorv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is a span as it arrived.
type Span struct {
	// Trace, ID and Parent are hexadecimal; Parent is empty for a root.
	Trace, ID, Parent string
	Name, Kind        string
	// Service is its resource's service.name.
	Service    string
	Start, End time.Time
	// Failed tells that its status is an error.
	Failed bool
	// Attributes are in plain text.
	Attributes map[string]string
}

// Collector takes spans at URL + "/v1/traces".
type Collector struct {
	URL string

	mu     sync.Mutex
	spans  []Span
	header http.Header
}

// NewCollector runs a Collector until the test ends.
func NewCollector(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

// ServeHTTP implements http.Handler.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := c.take(r); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-protobuf") // of an empty answer
}

func (c *Collector) take(r *http.Request) error {
	if r.Method != http.MethodPost || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		return fmt.Errorf("%s %s of %s is none of OTLP over HTTP", r.Method, r.URL.Path, r.Header.Get("Content-Type"))
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	var request collectorv1.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &request); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.header = r.Header.Clone()
	for _, ofResource := range request.GetResourceSpans() {
		service := attributes(ofResource.GetResource().GetAttributes())["service.name"]
		for _, ofScope := range ofResource.GetScopeSpans() {
			for _, span := range ofScope.GetSpans() {
				c.spans = append(c.spans, read(span, service))
			}
		}
	}
	return nil
}

// Spans returns what arrived so far, in the order of their beginning.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.SortedStableFunc(slices.Values(c.spans), func(a, b Span) int { return a.Start.Compare(b.Start) })
}

// Header returns that of the last request.
func (c *Collector) Header() http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.header
}

func read(span *tracev1.Span, service string) Span {
	return Span{
		Trace: hex.EncodeToString(span.GetTraceId()), ID: hex.EncodeToString(span.GetSpanId()), Parent: hex.EncodeToString(span.GetParentSpanId()),
		Name: span.GetName(), Kind: span.GetKind().String(), Service: service,
		Start: at(span.GetStartTimeUnixNano()), End: at(span.GetEndTimeUnixNano()),
		Failed:     span.GetStatus().GetCode() == tracev1.Status_STATUS_CODE_ERROR,
		Attributes: attributes(span.GetAttributes()),
	}
}

func at(nanoseconds uint64) time.Time { return time.Unix(0, int64(nanoseconds)).UTC() } //nolint:gosec // times of this era

func attributes(pairs []*commonv1.KeyValue) map[string]string {
	read := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		switch value := pair.GetValue().GetValue().(type) {
		case *commonv1.AnyValue_StringValue:
			read[pair.GetKey()] = value.StringValue
		case *commonv1.AnyValue_IntValue:
			read[pair.GetKey()] = fmt.Sprint(value.IntValue)
		default:
			read[pair.GetKey()] = fmt.Sprint(value)
		}
	}
	return read
}
