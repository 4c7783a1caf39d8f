// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		if err := Await(t.Context(), time.Minute, "the third attempt", func(context.Context) error {
			if attempts++; attempts < 3 {
				return errors.New("not yet")
			}
			return nil
		}); err != nil || attempts != 3 {
			t.Errorf("%v after %d attempts", err, attempts)
		}
	})
}

// TestAwaitSaysWhatWasMissing: the error is that of the condition, not that the time is over.
func TestAwaitSaysWhatWasMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		err := Await(t.Context(), time.Minute, "the door", func(ctx context.Context) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return errors.New("it is locked")
		})
		if err == nil || err.Error() != "the door: not within 1m0s: it is locked" {
			t.Error(err)
		}
	})
}

func TestAwaitEndsWhereWaitingDoesNotHelp(t *testing.T) {
	gone := errors.New("the program has ended")
	if err := Await(t.Context(), time.Hour, "ready", func(context.Context) error { return Permanent(gone) }); !errors.Is(err, gone) {
		t.Error(err)
	}
}

func TestProgram(t *testing.T) {
	p, err := Run("sleeper", "", "sh", "-c", "trap 'echo told; exit 3' TERM; echo begun; while :; do sleep 0.02; done")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	p.Output.Line(t, "begun")
	if err := p.Alive(); err != nil || p.State() != nil {
		t.Errorf("it has ended: %v", err)
	}
	if code := p.Stop(); code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
	if err := p.Alive(); err == nil || !strings.Contains(err.Error(), "told") {
		t.Errorf("%v, want what it printed last", err)
	}
}

func TestProviderSigns(t *testing.T) {
	p := NewProvider()
	var problem error
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := Recording("abcd-efgh-ijkl", "s")[0].Body()
		digest := sha256.Sum256(body)
		signature, err := base64.StdEncoding.DecodeString(r.Header.Get(SignatureHeader))
		problem = errors.Join(err, rsa.VerifyPKCS1v15(&p.Key().PublicKey, crypto.SHA256, digest[:], signature))
		_, _ = w.Write([]byte(`{"result":"recorded"}`))
	}))
	t.Cleanup(server.Close)
	if got := p.MustSend(t, server.URL, Recording("abcd-efgh-ijkl", "s")[0]); got.Result != "recorded" || problem != nil {
		t.Errorf("%+v, %v", got, problem)
	}
	before, err := os.ReadFile(p.KeyFile(t))
	if err != nil {
		t.Fatal(err)
	}
	if p.Rotate(); string(PublicPEM(p.Key())) == string(before) {
		t.Error("the key is the same after a rotation")
	}
}

func TestSink(t *testing.T) {
	s := NewSink(t)
	s.AnswerBy(func(Delivery) int { return http.StatusTeapot })
	response, err := http.Post(s.URL, "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if got := s.Await(t, 1); string(got[0].Body) != "hello" || response.StatusCode != http.StatusTeapot {
		t.Errorf("%d, %+v", response.StatusCode, got)
	}
}
