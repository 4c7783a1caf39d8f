// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// program is a running binary of ours.
type program struct {
	cmd    *exec.Cmd
	exited chan struct{}

	mu  sync.Mutex
	log strings.Builder
}

// start runs a binary until the test ends, or is killed. Its log is shown when the test fails.
func start(t testing.TB, name string, args ...string) *program {
	t.Helper()
	p := &program{cmd: exec.Command(filepath.Join(programs, name), args...), exited: make(chan struct{})}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	go func() {
		defer close(p.exited)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			p.mu.Lock()
			p.log.WriteString(lines.Text() + "\n")
			p.mu.Unlock()
		}
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("the log of %s:\n%s", name, p.text())
		}
	})
	return p
}

// kill ends the program at once, as kill -9 does, and waits until it is gone.
func (p *program) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// signal sends a signal that ends the program, waits until it has, and returns its exit code.
func (p *program) signal(t testing.TB, signal os.Signal) int {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the program ends", func(context.Context) error {
		select {
		case <-p.exited:
			return nil
		default:
			return errors.New("it runs")
		}
	})
	return p.cmd.ProcessState.ExitCode()
}

// text is the program's log.
func (p *program) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// stop tells the program to end, as Kubernetes does, and waits until it has.
func (p *program) stop(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-p.exited
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

// operator is a sidecar and a manager that reach the API server through a proxy, each with the rights of its installed ServiceAccount.
type operator struct {
	proxy    *countingProxy
	provider *provider
	webhooks string // address of the sidecar's webhook server
	metrics  string // address of the sidecar's metrics
	sidecar  *program
	manager  *program
}

func newOperator(t testing.TB) *operator {
	t.Helper()
	return &operator{proxy: newCountingProxy(t, config), provider: newProvider(t)}
}

func (o *operator) startSidecar(t testing.TB, more ...string) {
	t.Helper()
	health := freeAddress(t)
	o.webhooks, o.metrics = freeAddress(t), freeAddress(t)
	o.sidecar = start(t, "sidecar", append([]string{
		"--kubeconfig", writeKubeconfig(t, o.proxy.server.URL, sidecarAccount), "--namespace", namespace, "--public-key-file", o.provider.publicKeyFile,
		"--webhook-bind-address", o.webhooks, "--health-probe-bind-address", health, "--metrics-bind-address", o.metrics,
	}, more...)...)
	awaitReady(t, health)
}

func (o *operator) startManager(t testing.TB, args ...string) {
	t.Helper()
	health := freeAddress(t)
	o.manager = start(t, "manager", append([]string{"--kubeconfig", writeKubeconfig(t, o.proxy.server.URL, managerAccount), "--metrics-bind-address", "0",
		"--health-probe-bind-address", health, "--namespace", namespace, "--reorder-window", "1s"}, args...)...)
	awaitReady(t, health)
}

func awaitReady(t testing.TB, health string) {
	t.Helper()
	eventually(t, "ready at "+health, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+health+"/readyz", nil)
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
	})
}

// tokenOf returns a token of one of the operator's ServiceAccounts.
func tokenOf(t testing.TB, serviceAccount string) string {
	t.Helper()
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	token, err := clients.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), serviceAccount,
		&authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("a token for %s: %v", serviceAccount, err)
	}
	return token.Status.Token
}

// writeKubeconfig writes a kubeconfig with a token of one of the operator's ServiceAccounts.
func writeKubeconfig(t testing.TB, server, serviceAccount string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"c": {Server: server, InsecureSkipTLSVerify: true}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"u": {Token: tokenOf(t, serviceAccount)}},
		Contexts:       map[string]*clientcmdapi.Context{"x": {Cluster: "c", AuthInfo: "u"}},
		CurrentContext: "x",
	}, file)
	if err != nil {
		t.Fatal(err)
	}
	return file
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

// eventually tries until check succeeds, for at most 30 seconds.
func eventually(t testing.TB, what string, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within 30 s: %v", what, err)
		case <-tick.C:
		}
	}
}

// kubectlOutput runs kubectl as an administrator and returns what it prints.
func kubectlOutput(t testing.TB, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), kubectl, append([]string{"--kubeconfig", adminsFile}, args...)...)
	cmd.Env = append(os.Environ(), "KUBECTL_COMMAND_HEADERS=false")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl %v: %v\n%s", args, err, out)
	}
	return string(out)
}
