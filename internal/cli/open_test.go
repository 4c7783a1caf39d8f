// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/meetingops/meeting-recording-operator/internal/cli"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// TestOpen: the address that open prints shows the page to one browser, which reads recordings with a token of the service account and no
// other. It ends with an interrupt.
func TestOpen(t *testing.T) {
	namespace := api.Namespace(t)
	api.Create(t, finished(namespace, "rec"))
	api.Create(t,
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "watcher"}},
		&rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "watcher"}, Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{"recording.meetingops.dev"}, Resources: []string{"meetingrecordings"}, Verbs: []string{"get", "list", "watch"}}}},
		&rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "watcher"},
			RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "watcher"},
			Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: namespace, Name: "watcher"}}},
	)
	if _, err := startEvents(t, namespace); err != nil {
		t.Fatal(err)
	}

	ctx, interrupt := context.WithCancel(t.Context())
	address, ended, errOut := open(ctx, t, namespace)
	base, _, _ := strings.Cut(address, "/open")

	browser := &http.Client{}
	var err error
	if browser.Jar, err = cookiejar.New(nil); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		client *http.Client
		url    string
		status int
		says   string
	}{
		{http.DefaultClient, base + "/api/v1/namespaces/" + namespace + "/recordings", http.StatusForbidden, "open the address"},
		{http.DefaultClient, base + "/open?key=guess", http.StatusForbidden, "wrong key"},
		{browser, address, http.StatusOK, "<html"},
		{browser, base + "/events?namespace=" + namespace, http.StatusOK, ""},
		{browser, base + "/events?namespace=default", http.StatusForbidden, ""},
		{http.DefaultClient, base + "/", http.StatusForbidden, "open the address"},
	} {
		if status, body := get(t, step.client, step.url); status != step.status || !strings.Contains(body, step.says) {
			t.Errorf("%s: %d %s, want %d %s", step.url, status, body, step.status, step.says)
		}
	}
	interrupt()
	if code := <-ended; code != 0 && code != 130 {
		t.Errorf("an interrupted open ends with %d: %s", code, errOut.String())
	}
}

// TestOpenEnds: when the events server has gone the command ends and says so; its page would stay broken.
func TestOpenEnds(t *testing.T) {
	namespace := api.Namespace(t)
	api.Create(t, finished(namespace, "rec"), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "watcher"}})
	server, err := startEvents(t, namespace)
	if err != nil {
		t.Fatal(err)
	}
	address, ended, errOut := open(t.Context(), t, namespace)
	server.Stop()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if response, err := (&http.Client{Jar: jar}).Do(request); err == nil {
		_ = response.Body.Close() // what it is does not matter
	}
	select {
	case code := <-ended:
		if code != 1 || !strings.Contains(errOut.String(), "the connection to pod events-0 ended: run the command again: lost connection to pod") {
			t.Errorf("%d, %s", code, errOut.String())
		}
	case <-time.After(harness.Patience):
		t.Error("the command goes on")
	}
}

// open runs the command for the recording "rec", and returns the address that it prints, its exit code once it has ended, and its errors.
func open(ctx context.Context, t *testing.T, namespace string) (address string, ended <-chan int, errOut *harness.Output) {
	t.Helper()
	reader, writer := io.Pipe()
	code := make(chan int, 1)
	errOut = &harness.Output{}
	go func() {
		code <- cli.Run(ctx, []string{"open", "-n", namespace, "rec", "--service-account=watcher", "--no-browser", "--operator-namespace", namespace,
			"--kubeconfig", api.Kubeconfig}, genericiooptions.IOStreams{In: strings.NewReader(""), Out: writer, ErrOut: errOut})
		_ = writer.Close()
	}()
	lines := bufio.NewScanner(reader)
	if !lines.Scan() {
		t.Fatalf("open ends with %d: %s", <-code, errOut.String())
	}
	address = lines.Text()
	go func() {
		for lines.Scan() { // what else it prints
		}
	}()
	return address, code, errOut
}

// startEvents starts an events server with its Pod.
func startEvents(t *testing.T, namespace string) (*harness.Program, error) {
	health := harness.Address(t)
	args := []string{"--bind-address=" + harness.Address(t), "--health-probe-bind-address=" + health, "--metrics-bind-address=0", "--diagnostics-bind-address=0", "--shutdown-delay=0s"}
	server := harness.Start(t, "events", append(args, "--kubeconfig", api.Kubeconfig)...)
	server.AwaitReady(t, health)
	return server, runPodOf(context.Background(), namespace, "events", args...)
}

func eventsServer(t *testing.T) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 0 {
			ts.Fatalf("usage: events")
		}
		_, err := startEvents(t, ts.Getenv("NAMESPACE"))
		ts.Check(err)
	}
}

// browse stands for the browser of scripts: it writes where an address leads to the file "page", and interrupts the command that opened it.
func browse() {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err)
	}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, os.Args[1], http.NoBody)
	if err != nil {
		panic(err)
	}
	text := ""
	if response, err := (&http.Client{Jar: jar}).Do(request); err != nil {
		text = err.Error()
	} else {
		text = fmt.Sprintf("%s at %s#%s\n", response.Status, response.Request.URL.Path, response.Request.URL.Fragment)
		_ = response.Body.Close() // only read from
	}
	parent, err := os.FindProcess(os.Getppid())
	if err := errors.Join(err, os.WriteFile("page", []byte(text), 0o600), parent.Signal(os.Interrupt)); err != nil {
		panic(err)
	}
}

// get returns the status and the beginning of a response.
func get(t *testing.T, client *http.Client, url string) (status int, body string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel() // ends a stream
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // only read from
	text := make([]byte, 512)
	n, err := io.ReadAtLeast(response.Body, text, 1)
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(fmt.Errorf("%s: %w", url, err))
	}
	return response.StatusCode, string(text[:n])
}
