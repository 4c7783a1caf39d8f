// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metricsserver

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/go-logr/logr"
)

// Strangers take little memory, and keep no reader out. Any Pod of the cluster may be one.
func TestStrangersTakeLittle(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1") })
	server, err := listen(ctx, "127.0.0.1:0", metrics, logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	address, trusting := server.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}
	before := heap()
	head := append([]byte("GET /metrics HTTP/1.1\r\nHost: x\r\nX: "), bytes.Repeat([]byte("a"), 1000<<10)...)
	dialer := &tls.Dialer{Config: trusting}
	for range 60 {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		go func() { _, _ = conn.Write(head) }()
	}
	reader := &http.Client{Transport: &http.Transport{TLSClientConfig: trusting}, Timeout: 20 * time.Second}
	defer reader.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := reader.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if took := heap() - before; response.StatusCode != http.StatusOK || took > 20<<20 {
		t.Errorf("a reader was answered %s, and strangers took %d MiB", response.Status, took>>20)
	}
}

// heap is how many bytes are in use.
func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
