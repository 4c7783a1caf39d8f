// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// provider signs webhooks as VideoSDK does, and publishes its key at an URL, and in a file as somebody does who copies it.
type provider struct {
	keyFile string
	keyURL  string

	mu     sync.Mutex
	key    *rsa.PrivateKey
	public []byte // PEM
}

// newProvider serves its key until ctx is done.
func newProvider(ctx context.Context, folder, address string) (*provider, error) {
	p := &provider{keyFile: filepath.Join(folder, "public.pem"), keyURL: "http://" + address + "/v2/public/rsa-public-key"}
	if err := p.rotate(); err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: http.HandlerFunc(p.serveKey), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return p, nil
}

func (p *provider) serveKey(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"publicKey": string(p.public)})
}

// rotate has the next webhooks signed with another key.
func (p *provider) rotate() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	if err := os.WriteFile(p.keyFile+".new", public, 0o600); err != nil {
		return err
	}
	if err := os.Rename(p.keyFile+".new", p.keyFile); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key, p.public = key, public
	return nil
}

// webhook returns the body of a webhook, and its signature.
func (p *provider) webhook(eventType, meetingID, sessionID, filePath string) (body []byte, signature string, err error) {
	data := map[string]string{"meetingId": meetingID, "sessionId": sessionID}
	if filePath != "" {
		data["filePath"] = filePath
		data["fileUrl"] = "https://cdn.videosdk.live" + filePath
	}
	body, err = json.Marshal(map[string]any{"webhookType": eventType, "data": data})
	if err != nil {
		return nil, "", err
	}
	p.mu.Lock()
	key := p.key
	p.mu.Unlock()
	digest := sha256.Sum256(body)
	signed, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		return nil, "", fmt.Errorf("sign: %w", err)
	}
	return body, base64.StdEncoding.EncodeToString(signed), nil
}
