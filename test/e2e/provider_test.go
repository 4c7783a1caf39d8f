// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

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
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

// answerTimeout is how long the provider waits for an answer.
const answerTimeout = 15 * time.Second

// provider signs and sends webhooks as VideoSDK does, each over a connection of its own, so that a Service spreads them.
type provider struct {
	key       *rsa.PrivateKey
	publicPEM []byte
	// url is where the Service takes webhooks.
	url    string
	client *http.Client
}

func newProvider() (*provider, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	return &provider{
		key: key, publicPEM: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
		client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: answerTimeout},
	}, nil
}

// webhook is what the provider tells of.
type webhook struct {
	event, meeting, session, filePath string
}

// recorded are the webhooks of one new recording, in their order. Its name is that of its MeetingRecording.
type recorded struct {
	name, filePath string
	webhooks       []webhook
}

// newRecording makes a recording of a meeting, in a session of its own.
func newRecording(meeting string) recorded {
	session := hex.EncodeToString(random(12))
	r := recorded{name: meeting + "-" + session, filePath: "/encoded/videos/" + session + ".mp4"}
	for _, event := range []string{"recording-starting", "recording-started", "recording-stopping", "recording-stopped"} {
		r.webhooks = append(r.webhooks, webhook{event: event, meeting: meeting, session: session})
	}
	r.webhooks[3].filePath = r.filePath
	return r
}

// newMeeting returns an id of the provider's shape.
func newMeeting() string {
	id := hex.EncodeToString(random(6))
	return id[:4] + "-" + id[4:8] + "-" + id[8:]
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // it never fails
	return b
}

// answer is what is said to a webhook.
type answer struct {
	Status    int
	Result    string `json:"result"`
	Recording string `json:"recording"`
	Error     string `json:"error"`
}

// send sends a webhook once.
func (p *provider) send(ctx context.Context, w webhook) (answer, error) {
	data := map[string]string{"meetingId": w.meeting, "sessionId": w.session}
	if w.filePath != "" {
		data["filePath"], data["fileUrl"] = w.filePath, files.url+w.filePath
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
	return p.post(ctx, body, base64.StdEncoding.EncodeToString(signature))
}

func (p *provider) post(ctx context.Context, body []byte, signature string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(videosdk.SignatureHeader, signature)
	response, err := p.client.Do(request)
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

// reaches says whether a sidecar answers: it refuses what is not signed.
func (p *provider) reaches(ctx context.Context) error {
	got, err := p.post(ctx, []byte("{}"), "")
	if err == nil && got.Status != http.StatusUnauthorized {
		err = fmt.Errorf("an unsigned webhook was answered %+v", got)
	}
	return err
}

// mustSend sends webhooks that must all be taken: recorded, or spooled where the API server is slow.
func (p *provider) mustSend(t testing.TB, webhooks ...webhook) {
	t.Helper()
	for _, w := range webhooks {
		got, err := p.send(t.Context(), w)
		if err != nil {
			t.Fatalf("sending %s: %v", w.event, err)
		}
		if got.Status/100 != 2 || got.Result == "ignored" {
			t.Fatalf("%s was answered %+v, want 200 recorded or 202 spooled", w.event, got)
		}
	}
}
