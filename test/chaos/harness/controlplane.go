// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/utils/ptr"
)

const (
	// namespace is where config/default installs the operator, and where the sidecar may write.
	namespace = "meeting-recording-system"
	// adminToken is an administrator's. The API server listens on this machine only, for as long as the run takes.
	adminToken = "chaos-admin"
)

// ControlPlane is an API server with its etcd, each a process that can be ended and started again on what it had.
type ControlPlane struct {
	Etcd, APIServer *Process
	// Config is an administrator's.
	Config  *rest.Config
	address string
	kubectl string
	folder  string
}

// startControlPlane starts etcd, which syncs its disk, and an API server, of the binaries in assets, and installs the operator with its
// roles from the sources in root. Everything is in folder.
func startControlPlane(ctx context.Context, folder, assets, root string, p *ports) (*ControlPlane, error) {
	c := &ControlPlane{kubectl: filepath.Join(assets, "kubectl"), folder: folder, address: p.address()}
	if err := c.prepare(assets, p); err != nil {
		return nil, err
	}
	if err := c.Etcd.Start(); err != nil {
		return nil, err
	}
	if err := c.APIServer.Start(); err != nil {
		return nil, err
	}
	c.Config = &rest.Config{
		Host: "https://" + c.address, BearerToken: adminToken, QPS: -1, UserAgent: "chaos",
		TLSClientConfig: rest.TLSClientConfig{Insecure: true},
	}
	if err := c.AwaitReady(ctx); err != nil {
		return nil, err
	}
	return c, c.install(ctx, root)
}

// prepare makes files, and the processes.
func (c *ControlPlane) prepare(assets string, p *ports) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	keyFile, tokens, certificates := filepath.Join(c.folder, "sa.key"), filepath.Join(c.folder, "tokens.csv"), filepath.Join(c.folder, "certificates")
	keyText := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	if err := os.WriteFile(keyFile, keyText, 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(tokens, []byte(adminToken+`,admin,admin,"system:masters"`+"\n"), 0o600); err != nil {
		return err
	}
	clients, peers := "http://"+p.address(), "http://"+p.address()
	c.Etcd, err = newProcess("etcd", c.folder, filepath.Join(assets, "etcd"),
		"--data-dir", filepath.Join(c.folder, "etcd"), "--log-level", "warn",
		"--listen-client-urls", clients, "--advertise-client-urls", clients,
		"--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", "default="+peers)
	if err != nil {
		return err
	}
	host, port := split(c.address)
	c.APIServer, err = newProcess("kube-apiserver", c.folder, filepath.Join(assets, "kube-apiserver"),
		"--etcd-servers", clients, "--bind-address", host, "--advertise-address", host, "--secure-port", port, "--cert-dir", certificates,
		"--authorization-mode", "RBAC", "--token-auth-file", tokens, "--disable-admission-plugins", "ServiceAccount",
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", keyFile,
		"--service-account-signing-key-file", keyFile, "--service-cluster-ip-range", "10.0.0.0/24", "--endpoint-reconciler-type", "none", "--allow-privileged")
	return err
}

// AwaitReady waits until the API server is ready, for at most three minutes.
func (c *ControlPlane) AwaitReady(ctx context.Context) error {
	clients, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		return err
	}
	return await(ctx, 3*time.Minute, "the API server is not ready", func(ctx context.Context) error {
		return clients.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

func (c *ControlPlane) install(ctx context.Context, root string) error {
	kubeconfig := filepath.Join(c.folder, "admin.kubeconfig")
	if err := writeKubeconfig(kubeconfig, c.Config.Host, adminToken); err != nil {
		return err
	}
	for _, command := range [][]string{
		{c.kubectl, "apply", "-k", "config/default"},
		{"bash", "hack/await-crds.sh"},
		{c.kubectl, "apply", "-k", "config/pipelines"},
	} {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "KUBECTL="+c.kubectl)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%v: %w\n%s", command, err, out.String())
		}
	}
	return nil
}

// Kubeconfig writes the kubeconfig name of the ServiceAccount of a binary, manager or sidecar, with no more rights than config/default gives
// it, for an API server at the address.
func (c *ControlPlane) Kubeconfig(ctx context.Context, name, binary, address string) (file string, err error) {
	clients, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		return "", err
	}
	token, err := clients.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, "meeting-recording-"+binary,
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: ptr.To[int64](6 * 3600)}}, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("a token for the %s: %w", binary, err)
	}
	file = filepath.Join(c.folder, name+".kubeconfig")
	return file, writeKubeconfig(file, "https://"+address, token.Status.Token)
}

func writeKubeconfig(file, server, token string) error {
	return clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"c": {Server: server, InsecureSkipTLSVerify: true}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"u": {Token: token}},
		Contexts:       map[string]*clientcmdapi.Context{"x": {Cluster: "c", AuthInfo: "u"}},
		CurrentContext: "x",
	}, file)
}
