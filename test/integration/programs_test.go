// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"net/http"
	"testing"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// operator is a sidecar and a manager that reach the API server through a proxy, each with the rights of its installed ServiceAccount.
type operator struct {
	proxy    *countingProxy
	provider *harness.Provider
	webhooks string // address of the sidecar's webhook server
	metrics  string // address of the sidecar's metrics
	sidecar  *harness.Program
	manager  *harness.Program
}

func newOperator(t testing.TB) *operator {
	t.Helper()
	return &operator{proxy: newCountingProxy(t, api.Config), provider: harness.NewProvider()}
}

func (o *operator) startSidecar(t testing.TB, more ...string) {
	t.Helper()
	health := harness.Address(t)
	o.webhooks, o.metrics = harness.Address(t), harness.Address(t)
	o.sidecar = harness.Start(t, "sidecar", append([]string{
		"--kubeconfig", o.kubeconfig(t, sidecarAccount), "--namespace", namespace, "--public-key-file", o.provider.KeyFile(t),
		"--webhook-bind-address", o.webhooks, "--health-probe-bind-address", health, "--metrics-bind-address", o.metrics,
	}, more...)...)
	o.sidecar.AwaitReady(t, health)
}

func (o *operator) startManager(t testing.TB, args ...string) {
	t.Helper()
	health := harness.Address(t)
	o.manager = harness.Start(t, "manager", append([]string{"--kubeconfig", o.kubeconfig(t, managerAccount), "--metrics-bind-address", "0",
		"--health-probe-bind-address", health, "--namespace", namespace, "--reorder-window", "1s"}, args...)...)
	o.manager.AwaitReady(t, health)
}

// kubeconfig is of one of the operator's ServiceAccounts, and leads through the proxy.
func (o *operator) kubeconfig(t testing.TB, account string) string {
	t.Helper()
	return api.AccountKubeconfig(t, o.proxy.server.URL, operatorNamespace, account)
}

// newSession returns the four webhooks of one new recording, in the order in which the provider means them.
func newSession(t testing.TB) (name string, webhooks []harness.Webhook) {
	t.Helper()
	const meeting = "jvsg-8rjn-j304"
	session := harness.NewSession()
	return meeting + "-" + session, harness.Recording(meeting, session)
}

// send sends a webhook to the sidecar.
func (o *operator) send(ctx context.Context, w harness.Webhook) (harness.Answer, error) {
	return o.provider.Send(ctx, "http://"+o.webhooks+harness.WebhookPath, w.Body())
}

// mustSend sends a webhook that must be accepted with the result.
func (o *operator) mustSend(t testing.TB, w harness.Webhook, result string) {
	t.Helper()
	got, err := o.send(t.Context(), w)
	if err != nil {
		t.Fatalf("send %s: %v", w.Type, err)
	}
	if got.Status != http.StatusOK || got.Result != result {
		t.Fatalf("%s was answered %+v, want 200 %s", w.Type, got, result)
	}
}
