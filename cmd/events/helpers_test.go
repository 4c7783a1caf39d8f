// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/events"
	"github.com/meetingops/meeting-recording-operator/test/harness"
	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

var (
	// api is the API server of all tests.
	api *controlplane.ControlPlane
	// kubeconfig has the rights of config/events and no more.
	kubeconfig string
)

func TestMain(m *testing.M) { controlplane.Main(m, install) }

// install installs the role of config/events, and writes a kubeconfig of a ServiceAccount that has it.
func install(c *controlplane.ControlPlane) error {
	api, kubeconfig = c, filepath.Join(c.Folder, "events.kubeconfig")
	ctx := context.Background()
	role, err := controlplane.ReadRole("events", "role.yaml")
	if err != nil {
		return err
	}
	account := rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Name: "events", Namespace: "default"}
	if err := errors.Join(
		c.Client.Create(ctx, role),
		c.Client.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: account.Name, Namespace: account.Namespace}}),
		c.Client.Create(ctx, controlplane.Bind("events", role.Name, account)),
	); err != nil {
		return err
	}
	token, err := controlplane.Token(ctx, c.Config, account.Namespace, account.Name)
	if err != nil {
		return err
	}
	return controlplane.WriteKubeconfig(kubeconfig, c.Config.Host, token)
}

// reader returns the token of somebody who may see the namespace, and their Role's binding.
func reader(t *testing.T, namespace string) (string, *rbacv1.RoleBinding) {
	t.Helper()
	return account(t, namespace, "reader", "get", "list", "watch")
}

// account returns the token of a ServiceAccount that has the verbs, and its Role's binding.
func account(t *testing.T, namespace, name string, verbs ...string) (string, *rbacv1.RoleBinding) {
	t.Helper()
	meta := metav1.ObjectMeta{Name: name, Namespace: namespace}
	bound := &rbacv1.RoleBinding{
		ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Name: name, Namespace: namespace}},
	}
	api.Create(t, &corev1.ServiceAccount{ObjectMeta: meta}, bound, &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{{
		APIGroups: []string{"recording.meetingops.dev"}, Resources: []string{"meetingrecordings"}, Verbs: verbs,
	}}})
	for _, verb := range verbs {
		if err := api.AwaitRights(t.Context(), "system:serviceaccount:"+namespace+":"+name, authorizationv1.ResourceAttributes{
			Namespace: namespace, Verb: verb, Group: "recording.meetingops.dev", Resource: "meetingrecordings",
		}); err != nil {
			t.Fatal(err)
		}
	}
	return api.MustToken(t, namespace, name, events.TokenAudience), bound
}

// process is the events server in a process of its own.
type process struct {
	*harness.Program
	url    string
	health string
	args   []string
}

// start returns once the server is ready.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	address := harness.Address(t)
	p := &process{url: "http://" + address, health: harness.Address(t)}
	p.args = append([]string{"--kubeconfig", kubeconfig, "--bind-address", address, "--health-probe-bind-address", p.health,
		"--metrics-bind-address", "0", "--diagnostics-bind-address", "0"}, args...)
	p.run(t)
	return p
}

// run starts the server, at the addresses where it was before.
func (p *process) run(t *testing.T) {
	t.Helper()
	p.Program = harness.Start(t, "events", p.args...)
	p.AwaitReady(t, p.health)
}

// startAndWait returns what a server that ends by itself wrote.
func startAndWait(t *testing.T, args ...string) (string, error) {
	t.Helper()
	binary, err := harness.Binary("events")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), binary,
		append([]string{"--health-probe-bind-address", "0", "--metrics-bind-address", "0", "--diagnostics-bind-address", "0"}, args...)...).CombinedOutput()
	return string(out), err
}
