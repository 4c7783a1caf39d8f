// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/keyutil"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// adminToken is an administrator's. The API server listens on this machine only, and ends with the run.
const adminToken = "administrator"

// Shipped is how to start etcd and an API server as they are shipped: etcd syncs its disk, which envtest's does not. The benchmark and the
// chaos run use it, which keep hold of the processes.
type Shipped struct {
	// Etcd and APIServer are the arguments of both.
	Etcd, APIServer []string
	EtcdURL         string
	// Config and Kubeconfig, a file, are an administrator's.
	Config     *rest.Config
	Kubeconfig string
}

// NewShipped finds ports and writes files into the folder.
func NewShipped(folder string) (*Shipped, error) {
	addresses, err := harness.FreeAddresses(3)
	if err != nil {
		return nil, err
	}
	key, err := keyutil.MakeEllipticPrivateKeyPEM()
	if err != nil {
		return nil, err
	}
	keyFile, tokens := filepath.Join(folder, "accounts.key"), filepath.Join(folder, "tokens.csv")
	for file, content := range map[string][]byte{keyFile: key, tokens: []byte(adminToken + `,admin,admin,"system:masters"` + "\n")} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return nil, err
		}
	}
	host, port, err := net.SplitHostPort(addresses[0])
	if err != nil {
		return nil, err
	}
	clients, peers := "http://"+addresses[1], "http://"+addresses[2]
	s := &Shipped{
		EtcdURL: clients,
		Etcd: []string{
			"--data-dir", filepath.Join(folder, "etcd"), "--log-level", "warn",
			"--listen-client-urls", clients, "--advertise-client-urls", clients,
			"--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", "default=" + peers,
		},
		APIServer: []string{
			"--etcd-servers", clients, "--bind-address", host, "--advertise-address", host, "--secure-port", port,
			"--cert-dir", filepath.Join(folder, "certificates"), "--authorization-mode", "RBAC", "--token-auth-file", tokens,
			"--disable-admission-plugins", "ServiceAccount", "--service-account-issuer", "https://kubernetes.default.svc",
			"--service-account-key-file", keyFile, "--service-account-signing-key-file", keyFile,
			"--service-cluster-ip-range", "10.0.0.0/24", "--endpoint-reconciler-type", "none", "--allow-privileged",
		},
		Config: &rest.Config{
			Host: "https://" + addresses[0], BearerToken: adminToken, QPS: -1, TLSClientConfig: rest.TLSClientConfig{Insecure: true},
		},
		Kubeconfig: filepath.Join(folder, "admin.kubeconfig"),
	}
	return s, WriteKubeconfig(s.Kubeconfig, s.Config.Host, adminToken)
}

// Install applies folders of the project's in root with the kubectl in assets, as a user does. The first has the CRDs, which the others may need.
func (s *Shipped) Install(ctx context.Context, assets, root string, folders ...string) error {
	kubectl, err := filepath.Abs(filepath.Join(assets, "kubectl"))
	if err != nil {
		return err
	}
	commands := [][]string{{kubectl, "apply", "-k", folders[0]}, {"bash", "hack/await-crds.sh"}}
	for _, folder := range folders[1:] {
		commands = append(commands, []string{kubectl, "apply", "-k", folder})
	}
	for _, command := range commands {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "KUBECONFIG="+s.Kubeconfig, "KUBECTL="+kubectl)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", command, err, out)
		}
	}
	return nil
}

// readyWithin is how long the API server may take to be ready: minutes on a busy machine, where others take their part of it.
const readyWithin = 10 * time.Minute

// AwaitReady waits until the API server is ready. alive may be nil; its error ends the wait.
func (s *Shipped) AwaitReady(ctx context.Context, alive func() error) error {
	clients, err := kubernetes.NewForConfig(s.Config)
	if err != nil {
		return err
	}
	return harness.Await(ctx, readyWithin, "the API server is ready", func(ctx context.Context) error {
		if alive != nil {
			if err := alive(); err != nil {
				return harness.Permanent(err)
			}
		}
		if err := clients.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error(); err != nil {
			return fmt.Errorf("read /readyz: %w", err)
		}
		return nil
	})
}
