// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"context"
	"crypto/tls"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"k8s.io/client-go/util/cert"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// exposeRoutes returns the metrics of a sidecar that serves namespaces by routes, over TLS, and has got a client event.
func exposeRoutes(t *testing.T) []byte {
	t.Helper()
	folder := t.TempDir()
	routes, certFile, keyFile := filepath.Join(folder, "routes.yaml"), filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key")
	certificate, key, err := cert.GenerateSelfSignedCertKey("127.0.0.1", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for file, content := range map[string][]byte{
		routes:   []byte("routes: [{namespace: " + namespace + ", clientToken: " + clientToken + "}]\n"),
		certFile: certificate, keyFile: key,
	} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := newOperator(t)
	webhooks, metrics, health := harness.Address(t), harness.Address(t), harness.Address(t)
	o.sidecar = harness.Start(t, "sidecar", "--kubeconfig", o.kubeconfig(t, sidecarAccount), "--public-key-file", o.provider.KeyFile(t),
		"--webhook-bind-address", webhooks, "--health-probe-bind-address", health, "--metrics-bind-address", metrics,
		"--routes-file", routes, "--tls-cert-file", certFile, "--tls-key-file", keyFile)
	o.sidecar.AwaitReady(t, health)
	sendEmptyClientEvent(t, webhooks)
	var scraped []byte
	harness.Eventually(t, "the routes' metrics", func(ctx context.Context) (err error) {
		scraped, err = scrape(ctx, "http://"+metrics+"/metrics", "")
		return err
	})
	return scraped
}

// sendEmptyClientEvent has the client's secret and nothing else right.
func sendEmptyClientEvent(t *testing.T, address string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+address+"/events/recordingStateChanged", bytes.NewReader([]byte("{}")))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+clientToken)
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusBadRequest {
		t.Fatalf("an empty client event was answered %s, %v", response.Status, err)
	}
}

// joinScrapes returns the first scrape, and the families of the other that it lacks.
func joinScrapes(t *testing.T, first, other []byte) []byte {
	t.Helper()
	has, adds := families(t, first), families(t, other)
	joined := bytes.NewBuffer(bytes.Clone(first))
	for name, family := range adds {
		if has[name] != nil {
			continue
		}
		if _, err := expfmt.MetricFamilyToText(joined, family); err != nil {
			t.Fatal(err)
		}
	}
	return joined.Bytes()
}

func families(t *testing.T, scrape []byte) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	read, err := parser.TextToMetricFamilies(bytes.NewReader(scrape))
	if err != nil {
		t.Fatal(err)
	}
	return read
}
