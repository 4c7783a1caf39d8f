// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// provider signs webhooks as VideoSDK does, and sends them to a sidecar of its own.
type provider struct {
	key     *rsa.PrivateKey
	address string // of the sidecar
}

// newProvider starts a sidecar that takes the provider's webhooks for the world's namespace.
func newProvider(t testing.TB, w *world) *provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "public.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &provider{key: key, address: freeAddress(t)}
	start(t, "sidecar", "--namespace", w.namespace, "--public-key-file", file, "--webhook-bind-address", p.address, "--metrics-bind-address", freeAddress(t))
	return p
}

// send sends one signed webhook, which must be taken.
func (p *provider) send(t testing.TB, event, meeting, session string) {
	t.Helper()
	data := map[string]string{"meetingId": meeting, "sessionId": session}
	if event == "recording-stopped" {
		data["filePath"] = "/encoded/videos/" + session + ".mp4"
		data["fileUrl"] = "https://cdn.videosdk.live" + data["filePath"]
	}
	body, err := json.Marshal(map[string]any{"webhookType": event, "data": data})
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(body)
	signature, err := rsa.SignPKCS1v15(rand.Reader, p.key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+p.address+"/webhooks/videosdk", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("videosdk-signature", base64.StdEncoding.EncodeToString(signature))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatalf("sending %s: %v", event, err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s was answered %s %s", event, response.Status, answer)
	}
}
