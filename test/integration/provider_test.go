// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// provider signs webhooks as VideoSDK does.
type provider struct {
	key           *rsa.PrivateKey
	publicKeyFile string
}

func newProvider(t testing.TB) *provider {
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
	return &provider{key: key, publicKeyFile: file}
}

// webhook is what the provider tells of.
type webhook struct {
	event, meeting, session, filePath string
}

// session returns the four webhooks of one new recording, in the order in which the provider means them.
func newSession(t testing.TB) (name string, webhooks []webhook) {
	t.Helper()
	random := make([]byte, 12)
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}
	id := hex.EncodeToString(random)
	for _, event := range []string{"recording-starting", "recording-started", "recording-stopping", "recording-stopped"} {
		webhooks = append(webhooks, webhook{event: event, meeting: "jvsg-8rjn-j304", session: id})
	}
	webhooks[3].filePath = "/encoded/videos/" + id + ".mp4"
	return "jvsg-8rjn-j304-" + id, webhooks
}

// answer is what the sidecar says to a webhook.
type answer struct {
	Status    int
	Result    string `json:"result"`
	Recording string `json:"recording"`
	Error     string `json:"error"`
}

// send sends a signed webhook to a sidecar.
func (p *provider) send(ctx context.Context, address string, w webhook) (answer, error) {
	data := map[string]string{"meetingId": w.meeting, "sessionId": w.session}
	if w.filePath != "" {
		data["filePath"] = w.filePath
		data["fileUrl"] = "https://cdn.videosdk.live" + w.filePath
	}
	body, err := json.Marshal(map[string]any{"webhookType": w.event, "data": data})
	if err != nil {
		return answer{}, err
	}
	digest := sha256.Sum256(body)
	signature, err := rsa.SignPKCS1v15(rand.Reader, p.key, crypto.SHA256, digest[:])
	if err != nil {
		return answer{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/webhooks/videosdk", bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("videosdk-signature", base64.StdEncoding.EncodeToString(signature))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	got := answer{Status: response.StatusCode}
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		return got, fmt.Errorf("the answer %s is no JSON: %w", response.Status, err)
	}
	return got, nil
}

// mustSend sends a webhook that must be accepted with the result.
func (o *operator) mustSend(t testing.TB, w webhook, result string) {
	t.Helper()
	got, err := o.provider.send(t.Context(), o.webhooks, w)
	if err != nil {
		t.Fatalf("sending %s: %v", w.event, err)
	}
	if got.Status != http.StatusOK || got.Result != result {
		t.Fatalf("%s was answered %+v, want 200 %s", w.event, got, result)
	}
}
