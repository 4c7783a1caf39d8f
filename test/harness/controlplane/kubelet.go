// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

// idleTimeout is how long a forwarded port or a command may be silent.
const idleTimeout = 10 * time.Minute

// Kubelet plays the kubelet of one node for what users ask of running Pods.
type Kubelet struct {
	// Logs writes the log of a container; the query has the options.
	Logs func(ctx context.Context, w io.Writer, pod, container string, query url.Values) error
	// Exec runs a command in a container.
	Exec func(ctx context.Context, pod, container string, command []string, stdout, stderr io.Writer) error
}

// StartKubelet registers a node of the name, and serves its kubelet until the control plane stops. A forwarded port of a Pod leads to the
// same port of this machine.
func (c *ControlPlane) StartKubelet(node string, kubelet Kubelet) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", kubelet.serveLogs)
	mux.HandleFunc("/exec/{namespace}/{pod}/{container}", kubelet.serveExec)
	mux.HandleFunc("/portForward/{namespace}/{pod}", kubelet.servePortForward)
	server := httptest.NewTLSServer(mux)
	c.AtStop(server.CloseClientConnections)
	address := server.Listener.Addr().(*net.TCPAddr)
	object := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}}
	if err := c.Client.Create(context.Background(), object); err != nil {
		return fmt.Errorf("create node %s: %w", node, err)
	}
	object.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: address.IP.String()}}
	object.Status.DaemonEndpoints.KubeletEndpoint.Port = int32(address.Port)
	if err := c.Client.Status().Update(context.Background(), object); err != nil {
		return fmt.Errorf("write the status of node %s: %w", node, err)
	}
	return nil
}

func (k Kubelet) serveLogs(w http.ResponseWriter, r *http.Request) {
	if err := k.Logs(r.Context(), flushing{w}, r.PathValue("pod"), r.PathValue("container"), r.URL.Query()); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// flushing sends what is written at once.
type flushing struct{ http.ResponseWriter }

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.ResponseWriter.Write(p)
	return n, errors.Join(err, http.NewResponseController(f.ResponseWriter).Flush())
}

func (k Kubelet) serveExec(w http.ResponseWriter, r *http.Request) {
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	remotecommand.ServeExec(w, r, k, r.PathValue("pod"), "", r.PathValue("container"), r.URL.Query()["command"], options,
		idleTimeout, remotecommand.DefaultStreamCreationTimeout, remotecommand.SupportedStreamingProtocols)
}

// ExecInContainer implements remotecommand.Executor.
func (k Kubelet) ExecInContainer(ctx context.Context, pod, _, container string, command []string, _ io.Reader, stdout, stderr io.WriteCloser, _ bool,
	_ <-chan remotecommand.TerminalSize, _ time.Duration,
) error {
	return k.Exec(ctx, pod, container, command, stdout, stderr)
}

func (k Kubelet) servePortForward(w http.ResponseWriter, r *http.Request) {
	options, err := portforward.NewV4Options(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	portforward.ServePortForward(w, r, k, r.PathValue("pod"), "", options, idleTimeout, remotecommand.DefaultStreamCreationTimeout, portforward.SupportedProtocols)
}

// PortForward implements portforward.PortForwarder.
func (k Kubelet) PortForward(ctx context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }() // it ends with either side
	ended := make(chan error, 2)
	go func() { _, err := io.Copy(connection, stream); ended <- err }()
	go func() { _, err := io.Copy(stream, connection); ended <- err }()
	return <-ended
}
