// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package provider

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// TestProvidersOwnSDK has the provider's npm SDK list, get, delete and verify
// against the stand-in: an independent check of its shape and its signatures.
func TestProvidersOwnSDK(t *testing.T) {
	modules, err := filepath.Abs("../../../bin/provider-sdk/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "@videosdk.live", "server-sdk")); err != nil {
		t.Fatalf("the provider's SDK is not installed: run hack/provider-sdk.sh (%v)", err)
	}
	account, signer := NewAccount(), harness.NewProvider()
	account.PublicKey = func() string { return string(harness.PublicPEM(signer.Key())) }
	var sessions, recordings []string
	begun := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for i := range 20 {
		s := Session{ID: ID('5', i), RoomID: Room(i), Start: begun.Add(time.Duration(i) * time.Minute)}
		account.AddSession(s)
		sessions = append([]string{s.ID}, sessions...) // the newest first
	}
	for i := range 5 {
		r := Recording{ID: ID('a', i), SessionID: sessions[0], RoomID: Room(19), FileID: ID('f', i), Created: begun, Encrypted: i == 0}
		account.AddRecording(r)
		recordings = append(recordings, r.ID)
	}
	account.Delivered(recordings[0], "recording-stopped", false)
	server := httptest.NewServer(account)
	defer server.Close()

	webhook := Webhook{Type: "recording-stopped", WithID: true, Recording: Recording{ID: recordings[0], SessionID: sessions[0], RoomID: Room(19), FileID: ID('f', 0)}}
	input, err := json.Marshal(map[string]string{"body": string(webhook.Body()), "signature": signer.Sign(webhook.Body())})
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(filepath.Dir(modules), "check.mjs") // where the SDK is found
	text, err := os.ReadFile("sdk/check.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(script, text, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "node", script, server.URL, account.Key, account.Secret, sessions[0], recordings[0])
	command.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	type failure struct {
		Name, Message string
		Status        int
	}
	var got struct {
		Sessions, Remaining []string
		Recordings          []struct {
			ID, RoomID, SessionID, FileID string
			File                          struct{ FilePath, FileURL string }
			Webhook                       struct{ TotalCount, SuccessCount int }
		}
		Recording                     struct{ ID string }
		Event                         struct{ Type string }
		Forged, Unauthorized, Deleted failure
	}
	if err := json.Unmarshal(output, &got); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if diff := cmp.Diff(sessions, got.Sessions); diff != "" {
		t.Errorf("sessions over all pages (-want +got):\n%s", diff)
	}
	if len(got.Recordings) != 5 || got.Recordings[0].ID != recordings[0] || got.Recordings[0].SessionID != sessions[0] ||
		got.Recordings[0].File.FilePath != "uploads/videos/"+ID('f', 0)+".mp4" || !strings.HasPrefix(got.Recordings[0].File.FileURL, "https://") ||
		got.Recordings[0].Webhook.TotalCount != 1 || got.Recordings[0].Webhook.SuccessCount != 0 {
		t.Errorf("recordings %+v", got.Recordings)
	}
	if got.Recording.ID != recordings[0] || got.Event.Type != "recording-stopped" {
		t.Errorf("recording %+v, event %+v", got.Recording, got.Event)
	}
	if got.Forged.Name != "WebhookVerificationError" || got.Unauthorized.Name != "AuthenticationError" || got.Deleted.Name != "RoomNotFoundError" {
		t.Errorf("failures %+v, %+v, %+v", got.Forged, got.Unauthorized, got.Deleted)
	}
	if diff := cmp.Diff(recordings[1:], got.Remaining); diff != "" {
		t.Errorf("after the deletion (-want +got):\n%s", diff)
	}
}

// TestLosses: the same seed loses the same webhooks, and about as many as it should.
func TestLosses(t *testing.T) {
	l := Losses{Seed: 3, Lost: 0.1, Duplicated: 0.2, Delayed: 0.3, MaxDelay: time.Minute}
	lost, twice, late := 0, 0, 0
	for number := range 10_000 {
		deliveries := l.Deliveries(number, Webhook{})
		if diff := cmp.Diff(deliveries, l.Deliveries(number, Webhook{}), cmp.AllowUnexported(Recording{})); diff != "" {
			t.Fatal(diff)
		}
		switch len(deliveries) {
		case 0:
			lost++
			continue
		case 2:
			twice++
		}
		if deliveries[0].After > 0 {
			late++
		}
	}
	for name, count := range map[string][3]int{"lost": {lost, 900, 1100}, "twice": {twice, 1600, 2000}, "late": {late, 2450, 2950}} {
		if count[0] < count[1] || count[0] > count[2] {
			t.Errorf("%d are %s", count[0], name)
		}
	}
}
