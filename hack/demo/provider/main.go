// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command provider plays VideoSDK.live for the demo, and for whoever wants to send a signed webhook by hand: it makes a key, serves
// recorded files, and sends signed webhooks.
//
//	provider keygen -dir DIR                      writes private.pem and public.pem
//	provider serve -listen HOST:PORT -dir DIR     serves the files of DIR over HTTP until it is ended; with -events FILE it also
//	                                              plays whoever is notified: what is posted to /events becomes a line of FILE
//	provider send -key private.pem -url URL -type recording-stopped -meeting ID -session ID [-file-path PATH -file-url URL]
package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

// keyBits is the size of the keys that keygen makes; the provider's own key has as many.
const keyBits = 2048

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "provider:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("say what to do: keygen, serve or send")
	}
	switch args[0] {
	case "keygen":
		return keygen(args[1:])
	case "serve":
		return serve(args[1:])
	case "send":
		return send(args[1:], out)
	default:
		return fmt.Errorf("unknown command %q: say keygen, serve or send", args[0])
	}
}

func keygen(args []string) error {
	flags := flag.NewFlagSet("keygen", flag.ExitOnError)
	dir := flags.String("dir", ".", "folder for private.pem and public.pem")
	if err := flags.Parse(args); err != nil {
		return err
	}
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(*dir, "private.pem"), "PRIVATE KEY", private, 0o600); err != nil {
		return err
	}
	return writePEM(filepath.Join(*dir, "public.pem"), "PUBLIC KEY", public, 0o644)
}

func writePEM(file, kind string, der []byte, mode os.FileMode) error {
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), mode)
}

func serve(args []string) error {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	listen := flags.String("listen", "127.0.0.1:8090", "address to serve at")
	dir := flags.String("dir", ".", "folder whose files are served")
	events := flags.String("events", "", "file that gets a line for each body that is posted to /events")
	if err := flags.Parse(args); err != nil {
		return err
	}
	server := &http.Server{
		Addr:              *listen,
		Handler:           handler(*dir, *events),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
	}
	return server.ListenAndServe()
}

// maxEvent is how much of a body that is posted is kept.
const maxEvent = 1 << 20

// handler serves the files of a folder, and takes events unless the file's name is empty.
func handler(dir, events string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(dir)))
	if events == "" {
		return mux
	}
	var one sync.Mutex
	mux.HandleFunc("POST /events", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEvent))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		one.Lock()
		defer one.Unlock()
		if err := appendLine(events, body); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

func appendLine(file string, line []byte) (err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.Write(append(bytes.TrimSpace(line), '\n'))
	return err
}

type payload struct {
	WebhookType string            `json:"webhookType"`
	Data        map[string]string `json:"data"`
}

func send(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("send", flag.ExitOnError)
	keyFile := flags.String("key", "private.pem", "private key to sign with, in PEM")
	url := flags.String("url", "http://127.0.0.1:8080/webhooks/videosdk", "where to send the webhook")
	event := flags.String("type", "recording-started", "type of the webhook")
	meeting := flags.String("meeting", "jvsg-8rjn-j304", "id of the meeting")
	session := flags.String("session", "613731342f27f56e4fc4b6d0", "id of the session")
	filePath := flags.String("file-path", "", "path of the recorded file at the provider, for recording-stopped")
	fileURL := flags.String("file-url", "", "address of the recorded file, for recording-stopped")
	if err := flags.Parse(args); err != nil {
		return err
	}
	key, err := readKey(*keyFile)
	if err != nil {
		return err
	}
	data := map[string]string{"meetingId": *meeting, "sessionId": *session}
	if *filePath != "" {
		data["filePath"] = *filePath
	}
	if *fileURL != "" {
		data["fileUrl"] = *fileURL
	}
	body, err := json.Marshal(payload{WebhookType: *event, Data: data})
	if err != nil {
		return err
	}
	digest := sha256.Sum256(body)
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		return err
	}
	return post(*url, body, base64.StdEncoding.EncodeToString(signature), out)
}

func readKey(file string) (*rsa.PrivateKey, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s: holds no PEM block; make a key with: provider keygen", file)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: holds a key of type %T; webhooks are signed with RSA", file, parsed)
	}
	return key, nil
}

func post(url string, body []byte, signature string, out io.Writer) error {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(videosdk.SignatureHeader, signature)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "%d %s\n", response.StatusCode, bytes.TrimSpace(answer)); err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("the webhook was not taken: %s", response.Status)
	}
	return nil
}
