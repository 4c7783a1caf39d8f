// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controlplane starts an etcd that syncs its disk and an API server, as they are shipped, and installs the operator's CRDs and
// roles.
package controlplane

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/meetingops/meeting-recording-operator/test/bench/proc"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// adminToken is an administrator's. The API server listens on this machine only, for as long as the run takes.
const adminToken = "bench-admin"

// readyIn is how long the API server may take to be ready.
const readyIn = 3 * time.Minute

// ControlPlane is an API server with its etcd.
type ControlPlane struct {
	Etcd, APIServer *proc.Process
	// Config is an administrator's, without a limit of its own rate.
	Config *rest.Config
	// Clients is of it.
	Clients *kubernetes.Clientset

	etcdURL string
	folder  string
	root    string
}

// Start starts both, with the binaries in assets, and everything in the folder, which must be on a disk; root is the project's. What was
// started is returned also with an error, to be stopped.
func Start(ctx context.Context, folder, assets, root string) (*ControlPlane, error) {
	c := &ControlPlane{folder: folder, root: root}
	address, err := harness.FreeAddress()
	if err != nil {
		return c, err
	}
	c.Config = &rest.Config{
		Host: "https://" + address, BearerToken: adminToken, QPS: -1, UserAgent: "bench", TLSClientConfig: rest.TLSClientConfig{Insecure: true},
	}
	if err := c.startEtcd(assets); err != nil {
		return c, err
	}
	if err := c.startAPIServer(assets, address); err != nil {
		return c, err
	}
	if c.Clients, err = kubernetes.NewForConfig(c.Config); err != nil {
		return c, err
	}
	err = proc.Await(ctx, readyIn, "the API server is not ready", func(ctx context.Context) error {
		return c.Clients.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	}, c.Etcd, c.APIServer)
	if err != nil {
		return c, err
	}
	return c, c.install(ctx, assets)
}

// Stop ends both.
func (c *ControlPlane) Stop() {
	for _, process := range []*proc.Process{c.APIServer, c.Etcd} {
		if process != nil {
			process.Stop()
		}
	}
}

// startEtcd starts etcd as it is shipped: every transaction is synced to the disk before it is answered. Only its quota is what
// production is told to set, 8 GiB instead of 2.
func (c *ControlPlane) startEtcd(assets string) error {
	clients, err := harness.FreeAddress()
	if err != nil {
		return err
	}
	peers, err := harness.FreeAddress()
	if err != nil {
		return err
	}
	c.etcdURL = "http://" + clients
	c.Etcd, err = proc.Start("etcd", c.folder, filepath.Join(assets, "etcd"),
		"--data-dir", filepath.Join(c.folder, "etcd"), "--log-level", "warn", "--quota-backend-bytes", "8589934592",
		"--listen-client-urls", c.etcdURL, "--advertise-client-urls", c.etcdURL,
		"--listen-peer-urls", "http://"+peers, "--initial-advertise-peer-urls", "http://"+peers, "--initial-cluster", "default=http://"+peers)
	return err
}

// startAPIServer starts it with the limits that it is shipped with, priority and fairness included.
func (c *ControlPlane) startAPIServer(assets, address string) error {
	keyFile, tokens := filepath.Join(c.folder, "sa.key"), filepath.Join(c.folder, "tokens.csv")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	if err := os.WriteFile(keyFile, text, 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(tokens, []byte(adminToken+`,admin,admin,"system:masters"`+"\n"), 0o600); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	audit, err := c.auditArgs()
	if err != nil {
		return err
	}
	c.APIServer, err = proc.Start("kube-apiserver", c.folder, filepath.Join(assets, "kube-apiserver"), append(audit,
		"--etcd-servers", c.etcdURL, "--bind-address", host, "--advertise-address", host, "--secure-port", port,
		"--cert-dir", filepath.Join(c.folder, "certificates"), "--authorization-mode", "RBAC", "--token-auth-file", tokens,
		"--disable-admission-plugins", "ServiceAccount", "--service-account-issuer", "https://kubernetes.default.svc",
		"--service-account-key-file", keyFile, "--service-account-signing-key-file", keyFile,
		"--service-cluster-ip-range", "10.0.0.0/24", "--endpoint-reconciler-type", "none")...)
	return err
}

// install installs the CRDs, with kubectl, as a user does.
func (c *ControlPlane) install(ctx context.Context, assets string) error {
	kubeconfig := filepath.Join(c.folder, "admin.kubeconfig")
	if err := writeKubeconfig(kubeconfig, c.Config.Host, adminToken); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"apply", "-k", "config/crd"},
		{"wait", "--for=condition=Established", "--timeout=60s", "-f", "config/crd/bases"},
	} {
		cmd := exec.CommandContext(ctx, filepath.Join(assets, "kubectl"), append([]string{"--kubeconfig", kubeconfig}, args...)...)
		cmd.Dir = c.root
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("kubectl %v: %w\n%s", args, err, out)
		}
	}
	return nil
}

func writeKubeconfig(file, server, token string) error {
	return clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"c": {Server: server, InsecureSkipTLSVerify: true}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"u": {Token: token}},
		Contexts:       map[string]*clientcmdapi.Context{"x": {Cluster: "c", AuthInfo: "u"}},
		CurrentContext: "x",
	}, file)
}
