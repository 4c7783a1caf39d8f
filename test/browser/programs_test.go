// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// patience is how long a test waits for what must come in the end. It judges no speed.
const patience = 3 * time.Minute

// eventually tries until check succeeds.
func eventually(t testing.TB, what string, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waiting for %s: %v", what, err)
		}
	}
}

// program is a running binary of ours.
type program struct {
	cmd    *exec.Cmd
	log    safeBuffer
	exited chan struct{}
}

// safeBuffer can be read while a process writes to it.
type safeBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// start runs a binary until the test ends, or it is killed, and waits until it is ready. Its log is shown when the test fails.
func start(t testing.TB, name string, args ...string) *program {
	t.Helper()
	health := freeAddress(t)
	p := &program{exited: make(chan struct{})}
	p.cmd = exec.Command(filepath.Join(programs, name), append([]string{"--kubeconfig", kubeconfig, "--health-probe-bind-address", health}, args...)...)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("the log of %s:\n%s", name, p.log.String())
		}
	})
	eventually(t, name+" to be ready", func(ctx context.Context) error {
		select {
		case <-p.exited:
			t.Fatalf("%s ended: %s\n%s", name, p.cmd.ProcessState, p.log.String())
		default:
		}
		return answersOK(ctx, "http://"+health+"/readyz")
	})
	return p
}

// kill ends the program at once, as kill -9 does, and waits until it is gone.
func (p *program) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

func answersOK(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", response.Status)
	}
	return nil
}

// freeAddress returns an address of this machine at which nothing listens.
func freeAddress(t testing.TB) string {
	t.Helper()
	address, err := harness.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}
