// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"cmp"
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
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

const (
	// WebhookPath is where a sidecar without an endpoint token takes webhooks.
	WebhookPath = "/webhooks/videosdk"
	// SignatureHeader is where the provider puts its signature.
	SignatureHeader = "videosdk-signature"
	// keyBits is the size of the provider's key.
	keyBits = 2048
)

// NewKey makes a key as the provider has one. That takes a tenth of a second of CPU.
func NewKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		panic(err) // never: the size is one that is supported, and crypto/rand does not fail
	}
	return key
}

// Sign returns the signature header of a body.
func Sign(key *rsa.PrivateKey, body []byte) string {
	digest := sha256.Sum256(body)
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err) // never: the key is long enough
	}
	return base64.StdEncoding.EncodeToString(signature)
}

// PublicPEM returns a key's public half.
func PublicPEM(key *rsa.PrivateKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		panic(err) // never: it is an RSA key
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// Provider stands in for VideoSDK: it signs and sends webhooks, and as an http.Handler serves its public key.
type Provider struct {
	// Client sends, http.DefaultClient if nil.
	Client *http.Client
	key    atomic.Pointer[rsa.PrivateKey]
}

// NewProvider returns a provider with a key of its own.
func NewProvider() *Provider {
	p := &Provider{}
	p.Rotate()
	return p
}

// Rotate gives the provider another key.
func (p *Provider) Rotate() { p.key.Store(NewKey()) }

// Key is what the provider signs with.
func (p *Provider) Key() *rsa.PrivateKey { return p.key.Load() }

// Sign returns the signature header of a body.
func (p *Provider) Sign(body []byte) string { return Sign(p.Key(), body) }

// WriteKey writes the public key to a file, at once for whoever reads it.
func (p *Provider) WriteKey(file string) error {
	if err := os.WriteFile(file+".new", PublicPEM(p.Key()), 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// KeyFile returns a file with the public key, which ends with the test.
func (p *Provider) KeyFile(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "public.pem")
	if err := p.WriteKey(file); err != nil {
		t.Fatal(err)
	}
	return file
}

// ServeHTTP serves the public key, at any path, as the provider does at /v2/public/rsa-public-key.
func (p *Provider) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"publicKey": string(PublicPEM(p.Key()))})
}

// Webhook is an event of a session. Empty fields are left out.
type Webhook struct {
	Type, MeetingID, SessionID, ID string
	// FilePath comes with a URL: the provider's, or FileURL.
	FilePath, FileURL string
}

// Body is the webhook as the provider sends it.
func (w Webhook) Body() []byte {
	data := map[string]string{"meetingId": w.MeetingID, "sessionId": w.SessionID}
	if w.ID != "" {
		data["id"] = w.ID
	}
	if w.FilePath != "" {
		data["filePath"], data["fileUrl"] = w.FilePath, cmp.Or(w.FileURL, "https://cdn.videosdk.live"+w.FilePath)
	}
	body, err := json.Marshal(map[string]any{"webhookType": w.Type, "data": data})
	if err != nil {
		panic(err) // never: they are strings
	}
	return body
}

// NewSession returns an id such as the provider gives to a session, another each time.
func NewSession() string {
	random := make([]byte, 12)
	_, _ = rand.Read(random) // never fails
	return hex.EncodeToString(random)
}

// Recording returns the four webhooks of a recording that goes well, in their order. The last has a file.
func Recording(meeting, session string) []Webhook {
	var webhooks []Webhook
	for _, event := range []string{"recording-starting", "recording-started", "recording-stopping", "recording-stopped"} {
		webhooks = append(webhooks, Webhook{Type: event, MeetingID: meeting, SessionID: session})
	}
	webhooks[3].FilePath = "/encoded/videos/" + session + ".mp4"
	return webhooks
}

// Answer is what a sidecar answers to a webhook.
type Answer struct {
	Status    int
	Header    http.Header `json:"-"`
	Result    string      `json:"result"`
	Recording string      `json:"recording"`
	Error     string      `json:"error"`
}

// Send sends a signed body to a URL.
func (p *Provider) Send(ctx context.Context, url string, body []byte) (Answer, error) {
	return p.Post(ctx, url, body, p.Sign(body))
}

// Post sends a body with a signature, whatever that is.
func (p *Provider) Post(ctx context.Context, url string, body []byte, signature string) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(SignatureHeader, signature)
	client := p.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	answer := Answer{Status: response.StatusCode, Header: response.Header}
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return answer, fmt.Errorf("read the answer %s: %w", response.Status, err)
	}
	if err := json.Unmarshal(content, &answer); err != nil {
		return answer, fmt.Errorf("the answer %s is not JSON: %w: %s", response.Status, err, content)
	}
	return answer, nil
}

// MustSend sends a webhook that the sidecar must answer with 2xx.
func (p *Provider) MustSend(t testing.TB, url string, webhook Webhook) Answer {
	t.Helper()
	answer, err := p.Send(t.Context(), url, webhook.Body())
	if err != nil {
		t.Fatalf("send %s: %v", webhook.Type, err)
	}
	if answer.Status/100 != 2 {
		t.Fatalf("%s was answered %d %s", webhook.Type, answer.Status, answer.Error)
	}
	return answer
}
