// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

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
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/videosdk"
)

// Set up by TestMain, the same for all tests.
var (
	cluster    client.Client
	kubeconfig string // path of an administrator's kubeconfig
	keyFile    string // path of testKey's public half
	testKey    *rsa.PrivateKey
)

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	code, err := setUpAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "sidecar tests:", err)
		code = 1
	}
	os.Exit(code)
}

func setUpAndRun(m *testing.M) (code int, err error) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		return 1, errors.New("KUBEBUILDER_ASSETS is not set: it names the folder of kube-apiserver and etcd. `make test` sets it")
	}
	environment := &envtest.Environment{
		CRDDirectoryPaths:     []string{filepath.Join("..", "..", "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
	}
	defer func() { err = errors.Join(err, environment.Stop()) }() // also where a CRD is refused: the API server runs by then
	config, err := environment.Start()
	if err != nil {
		return 1, fmt.Errorf("start the API server: %w", err)
	}
	folder, err := os.MkdirTemp("", "sidecar")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if err := writeFiles(environment, config, folder); err != nil {
		return 1, err
	}
	if err := awaitCreates(); err != nil {
		return 1, err
	}
	return m.Run(), nil
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

func writeFiles(environment *envtest.Environment, config *rest.Config, folder string) (err error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(v1alpha1.AddToScheme(scheme), corev1.AddToScheme(scheme)); err != nil {
		return err
	}
	if cluster, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	user, err := environment.AddUser(envtest.User{Name: "admin", Groups: []string{"system:masters"}}, nil)
	if err != nil {
		return err
	}
	content, err := user.KubeConfig()
	if err != nil {
		return err
	}
	if testKey, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return err
	}
	kubeconfig, keyFile = filepath.Join(folder, "kubeconfig"), filepath.Join(folder, "key.pem")
	return errors.Join(os.WriteFile(kubeconfig, content, 0o600), os.WriteFile(keyFile, []byte(publicPEM()), 0o600))
}

func publicPEM() string {
	der, err := x509.MarshalPKIXPublicKey(&testKey.PublicKey)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func sign(t *testing.T, body string) string {
	t.Helper()
	digest := sha256.Sum256([]byte(body))
	signature, err := rsa.SignPKCS1v15(nil, testKey, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(signature)
}

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
	line := o.line(t, "sidecar started")
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
