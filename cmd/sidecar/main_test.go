// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

// Set up by TestMain, the same for all tests.
var (
	cluster    client.Client
	kubeconfig string // path of an administrator's kubeconfig
	keyFile    string // path of testKey's public half
	testKey    *rsa.PrivateKey
)

// patience is how long a test waits for what should come at once.
const patience = harness.Patience

func TestMain(m *testing.M) {
	controlplane.Main(m, func(c *controlplane.ControlPlane) error {
		cluster, kubeconfig, testKey = c.Client, c.Kubeconfig, harness.NewKey()
		keyFile = filepath.Join(c.Folder, "key.pem")
		if err := os.WriteFile(keyFile, []byte(publicPEM()), 0o600); err != nil {
			return err
		}
		return awaitCreates()
	})
}

// awaitCreates returns when creating objects is as fast as ever: the API server
// holds creates back for two seconds while a CRD is that young.
func awaitCreates() error {
	err := cluster.Create(context.Background(), &v1alpha1.MeetingRecording{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "first"},
		Spec:       v1alpha1.MeetingRecordingSpec{MeetingID: "first", SessionID: "first", Segment: 1},
	})
	if err != nil {
		return fmt.Errorf("create the first object: %w", err)
	}
	return nil
}

func publicPEM() string { return string(harness.PublicPEM(testKey)) }

func sign(_ *testing.T, body string) string { return harness.Sign(testKey, []byte(body)) }

// output collects what a program prints, and wakes who waits for some of it.
type output struct {
	mu      sync.Mutex
	content bytes.Buffer
	changed chan struct{}
}

func newOutput() *output { return &output{changed: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.changed)
	o.changed = make(chan struct{})
	return o.content.Write(p)
}

func (o *output) String() string {
	text, _ := o.read()
	return text
}

func (o *output) read() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.content.String(), o.changed
}

// line waits for a whole line that holds the text, and returns it.
func (o *output) line(t *testing.T, text string) string {
	t.Helper()
	timeout := time.After(patience)
	for {
		content, changed := o.read()
		for line := range strings.Lines(content) {
			if strings.Contains(line, text) && strings.HasSuffix(line, "\n") {
				return line
			}
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("waited for %q in:\n%s", text, content)
		}
	}
}

// addresses are where a sidecar listens, as it logged them.
type addresses struct {
	Webhooks, Health, Metrics string
}

func (o *output) addresses(t *testing.T) addresses {
	t.Helper()
	var a addresses
	line := o.line(t, "Sidecar started")
	if err := json.Unmarshal([]byte(line), &a); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return a
}

// localPorts has a sidecar listen on free ports of this machine, which nothing
// has to take notice of when it ends.
var localPorts = []string{
	"--shutdown-delay=0s",
	"--webhook-bind-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0", "--metrics-bind-address=127.0.0.1:0",
}

// program is a sidecar that runs within the test.
type program struct {
	addresses
	stop   context.CancelFunc
	exit   <-chan int
	stderr *output
}

func start(t *testing.T, args ...string) *program {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	exit := make(chan int, 1)
	p := &program{stop: stop, exit: exit, stderr: newOutput()}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		exit <- run(ctx, append(append([]string{}, localPorts...), args...), io.Discard, p.stderr)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	p.addresses = p.stderr.addresses(t)
	return p
}

// end tells the sidecar to end, and returns its exit code.
func (p *program) end(t *testing.T) int {
	t.Helper()
	p.stop()
	select {
	case code := <-p.exit:
		return code
	case <-time.After(patience):
		t.Fatal("the sidecar does not end")
		return -1
	}
}

// ask sends a request and returns status and body; status 0 where nobody
// listens.
func ask(t *testing.T, method, url, body string, signed bool) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if signed {
		request.Header.Set(videosdk.SignatureHeader, sign(t, body))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	content, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(content))
}

// becomes waits until /readyz answers so.
func (a addresses) becomes(t *testing.T, status int, body string) {
	t.Helper()
	timeout := time.After(patience)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		gotStatus, gotBody := ask(t, http.MethodGet, "http://"+a.Health+"/readyz", "", false)
		if gotStatus == status && strings.Contains(gotBody, body) {
			return
		}
		select {
		case <-again.C:
		case <-timeout:
			t.Fatalf("/readyz: %d %s, want %d %s", gotStatus, gotBody, status, body)
		}
	}
}
