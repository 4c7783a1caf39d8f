// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	certutil "k8s.io/client-go/util/cert"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
	"github.com/meetingops/meeting-recording-operator/test/bench/ours"
	"github.com/meetingops/meeting-recording-operator/test/bench/script"
	"github.com/meetingops/meeting-recording-operator/test/bench/strangers"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// strangersPerSecond is how many genuine webhooks come while strangers hold every connection.
const strangersPerSecond = 50

// Strangers sends genuine webhooks, each on a connection of its own, while as many strangers as there may be connections send requests that
// are refused. It returns what the webhooks took, sorted, by how they were sent.
func (s *Stage) Strangers(ctx context.Context, count int) (map[string][]time.Duration, error) {
	if count == 0 {
		return nil, nil
	}
	certFile, keyFile := filepath.Join(s.Folder, "tls.crt"), filepath.Join(s.Folder, "tls.key")
	certificate, key, err := certutil.GenerateSelfSignedCertKey("localhost", nil, nil)
	if err != nil {
		return nil, err
	}
	for path, content := range map[string][]byte{certFile: certificate, keyFile: key} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return nil, err
		}
	}
	secure, err := s.programs.StartSidecar(ctx, "sidecar-tls", "--tls-cert-file="+certFile, "--tls-key-file="+keyFile)
	if err != nil {
		return nil, err
	}
	defer secure.Stop()
	took := map[string][]time.Duration{}
	for name, of := range map[string]struct {
		sidecar *ours.Sidecar
		config  *tls.Config
	}{"plain": {s.Sidecar, nil}, "TLS": {secure, &tls.Config{InsecureSkipVerify: true}}} { // what it presents is not what this is about
		if took[name], err = s.amongStrangers(ctx, of.sidecar, of.config, count); err != nil {
			return nil, fmt.Errorf("among strangers, %s: %w", name, err)
		}
	}
	return took, nil
}

func (s *Stage) amongStrangers(ctx context.Context, sidecar *ours.Sidecar, config *tls.Config, count int) ([]time.Duration, error) {
	address, err := url.Parse(sidecar.URL)
	if err != nil {
		return nil, err
	}
	target := strangers.Target{Address: address.Host, TLS: config}
	stop, err := strangers.Hold(ctx, target, strangers.Count)
	if err != nil {
		return nil, err
	}
	defer stop()
	play := s.NextScript()
	play.Recordings = count
	return strangers.Measure(ctx, target, count, strangersPerSecond, func(n int) (*http.Request, error) {
		content := play.Recording(n).Body(script.Lifecycle[0])
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, sidecar.URL, bytes.NewReader(content))
		if err == nil {
			request.Header.Set(videosdk.SignatureHeader, harness.Sign(s.programs.Key, content))
		}
		return request, err
	})
}
