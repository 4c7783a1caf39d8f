// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

// asProgram makes the test binary be the manager, with the race detector if the tests have it. Libraries have one logger in a process, which
// each manager sets while goroutines of an earlier one may still use it.
const asProgram = "MANAGER_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// start runs the manager until the test ends.
func start(t *testing.T, args ...string) *harness.Program {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(asProgram, "1")
	return harness.StartFile(t, "manager", path, args...)
}

func TestParse(t *testing.T) {
	f, err := parse(nil, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	if f.healthAddress != ":8083" || f.metricsAddress != ":8443" || f.leaderElect || len(f.namespaces) > 0 ||
		f.settings.StallAfter != 10*time.Minute || f.settings.StallAfterStarted != 24*time.Hour || f.settings.ReorderWindow != time.Minute || f.keepRecordings != 0 {
		t.Errorf("defaults are %+v", f)
	}
	f, err = parse([]string{"--namespace=a", "--namespace", "b", "--leader-elect", "--leader-elect-namespace=c", "--stall-after=5m", "--metrics-bind-address=0"}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	options, err := managerOptions(f)
	if err != nil {
		t.Fatal(err)
	}
	if !options.LeaderElection || *options.LeaseDuration <= *options.RenewDeadline || f.leaseNamespace != "c" || !options.LeaderElectionReleaseOnCancel ||
		len(options.Cache.DefaultNamespaces) != 2 || f.metricsAddress != "0" || options.Metrics.BindAddress != "0" {
		t.Errorf("options are %+v", options)
	}
}

func TestRunSaysWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"unknown flag":     {[]string{"--no-such-flag"}, 2, "flag provided but not defined: -no-such-flag"},
		"argument":         {[]string{"start"}, 2, `unexpected argument "start"`},
		"namespace":        {[]string{"--namespace=Not/One"}, 2, "not a namespace name"},
		"lease":            {[]string{"--leader-elect-namespace=Not/One"}, 2, "not a namespace name"},
		"lease of no Pod":  {[]string{"--leader-elect", "--kubeconfig=" + unreachable(t)}, 1, "--leader-elect needs --leader-elect-namespace outside a cluster"},
		"no duration":      {[]string{"--stall-after=soon"}, 2, `invalid value "soon"`},
		"stall at once":    {[]string{"--stall-after=0s"}, 2, "--stall-after must be more than 0"},
		"negative window":  {[]string{"--reorder-window=-1m"}, 2, "--reorder-window must be more than 0"},
		"longest meeting":  {[]string{"--stall-after-started=0s"}, 2, "--stall-after-started must be more than 0"},
		"tracing endpoint": {[]string{"--kubeconfig=" + unreachable(t), "--tracing-endpoint=collector:4317"}, 1, "--tracing-endpoint must be a URL such as http://collector:4318"},
		"kept too short":   {[]string{"--keep-recordings=1h"}, 2, "--keep-recordings must be at least 24h, or 0"},
		"kept below 0":     {[]string{"--keep-recordings=-24h"}, 2, "--keep-recordings must be at least 24h, or 0"},
		"beyond the Pod":   {[]string{"--sidecar-metrics-url=http://10.0.0.1:8082/metrics"}, 2, "10.0.0.1 is not in this Pod"},
		"served nowhere":   {[]string{"--sidecar-metrics-url=http://127.0.0.1:8082/metrics", "--metrics-bind-address=0"}, 2, "needs --metrics-bind-address"},
		"sink of no use":   {[]string{"--cloudevents-signing-key-file=key"}, 2, "need --cloudevents-sink-url"},
		"sink back-off":    {[]string{"--cloudevents-max-backoff=1ms"}, 2, "--cloudevents-max-backoff must be at least 1s"},
		"sink URL":         {[]string{"--kubeconfig=" + unreachable(t), "--cloudevents-sink-url=events"}, 1, "--cloudevents-sink-url must be a URL"},
		"sink key":         {[]string{"--kubeconfig=" + unreachable(t), "--cloudevents-sink-url=https://events.example.com"}, 1, "set --cloudevents-signing-key-file"},
		"help":             {[]string{"--help"}, 0, "-stall-after-started duration"},
		"version":          {[]string{"--version"}, 0, ""},
		"no such config":   {[]string{"--kubeconfig=/no/such/file"}, 1, "set --kubeconfig or KUBECONFIG"},
		"nobody to answer": {[]string{"--kubeconfig=" + unreachable(t), "--metrics-bind-address=0", "--health-probe-bind-address=0"}, 1, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			var errs harness.Output
			code := run(t.Context(), test.args, &out, &errs)
			if code != test.code || !strings.Contains(errs.String(), test.want) {
				t.Errorf("code %d, want %d; says:\n%s\nwant %q in it", code, test.code, errs.String(), test.want)
			}
			if name == "version" && strings.TrimSpace(out.String()) == "" {
				t.Error("no version is printed")
			}
		})
	}
}

// TestEndBeforeAnAnswer: the manager ends when told to, even while the API server answers nothing.
func TestEndBeforeAnAnswer(t *testing.T) {
	asked := make(chan struct{}, 1)
	ended, end := context.WithCancel(t.Context())
	api := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-ended.Done()
	}))
	defer api.Close()
	defer end()
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int, 1)
	var errs harness.Output
	go func() {
		code <- run(ctx, []string{"--kubeconfig=" + kubeconfigOf(t, api.URL), "--metrics-bind-address=0", "--health-probe-bind-address=0"}, &bytes.Buffer{}, &errs)
	}()
	<-asked
	cancel()
	select {
	case <-code:
	case <-time.After(15 * time.Second): // client-go itself gives up after 32 s
		t.Error("it does not end while it waits for an answer")
	}
}

// unreachable returns a kubeconfig of an API server where nobody listens.
func unreachable(t *testing.T) string {
	t.Helper()
	return kubeconfigOf(t, "http://"+harness.Address(t))
}

// kubeconfigOf returns a kubeconfig of an API server at a URL.
func kubeconfigOf(t *testing.T, url string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	content := "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n" +
		"clusters: [{name: c, cluster: {server: \"" + url + "\"}}]\nusers: [{name: u, user: {}}]\n"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The manager runs against a real API server, answers probes, delivers events, gives its metrics to nobody without rights, and ends when told to.
func TestRun(t *testing.T) {
	api := controlplane.For(t, controlplane.Options{})
	health, metrics := harness.Address(t), harness.Address(t)
	sink := harness.NewSink(t)
	p := start(t, append(sinkFlags(t, sink), "--kubeconfig="+api.Kubeconfig, "--namespace=default", "--leader-elect", "--leader-elect-namespace=default",
		"--health-probe-bind-address="+health, "--metrics-bind-address="+metrics)...)
	expectAnswer(t, "http://"+health+"/healthz", http.StatusOK)
	expectAnswer(t, "http://"+health+"/readyz", http.StatusOK)
	expectAnswer(t, "https://"+metrics+"/metrics", http.StatusUnauthorized)
	expectDelivery(t, api, sink)
	if code := p.Stop(); code != 0 {
		t.Errorf("exit code %d, want 0:\n%s", code, p.Output)
	}
	if !strings.Contains(p.Output.String(), `"msg":"Starting"`) {
		t.Errorf("the log does not say that it starts:\n%s", p.Output)
	}
}

// expectAnswer waits until the address answers, and fails the test where it does otherwise than wanted.
func expectAnswer(t *testing.T, address string, want int) {
	t.Helper()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		DisableKeepAlives: true,
	}}
	harness.Eventually(t, fmt.Sprintf("%s answers %d", address, want), func(ctx context.Context) error {
		got, err := status(ctx, client, address)
		if err == nil && got != want {
			err = fmt.Errorf("it answers %d", got)
		}
		return err
	})
}

func status(ctx context.Context, client *http.Client, address string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, fmt.Errorf("request: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode, nil
}

// The Lease is in the Pod's own namespace, unless told otherwise.
func TestLeaseNamespace(t *testing.T) {
	before := namespaceFile
	t.Cleanup(func() { namespaceFile = before })
	namespaceFile = filepath.Join(t.TempDir(), "namespace")
	if err := os.WriteFile(namespaceFile, []byte("of-the-pod\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for told, want := range map[string]string{"": "of-the-pod/", "other": "other/"} {
		lease, err := newLease(&rest.Config{Host: "https://127.0.0.1:1"}, told)
		if err != nil {
			t.Fatal(err)
		}
		if got := lease.Describe(); got != want+leaderElectionID {
			t.Errorf("told %q, the Lease is %s, want %s", told, got, want+leaderElectionID)
		}
		if _, leads := lease.Term(); leads {
			t.Error("it leads without the Lease")
		}
	}
}
