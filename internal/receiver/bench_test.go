// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-logr/logr"
)

// nowhere is a ResponseWriter that keeps nothing.
type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header             { clear(n.header); return n.header }
func (*nowhere) Write(content []byte) (int, error) { return len(content), nil }
func (*nowhere) WriteHeader(int)                   {}

// BenchmarkHandler is a signed webhook on its way through all steps but the API server's, without traces.
func BenchmarkHandler(b *testing.B) {
	f := newFixture(b, recordedAlways)
	f.Log, f.Verifier = logr.Discard(), Unverified{}
	body := []byte(goodBody)
	r := httptest.NewRequest(http.MethodPost, WebhookPath, nil)
	content := bytes.NewReader(nil)
	w := &nowhere{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		content.Reset(body)
		r.Body = io.NopCloser(content)
		f.ServeHTTP(w, r)
	}
}
