// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/internal/cli/view"
)

// defaultOperatorNamespace is where the manifests and the chart install the operator.
const defaultOperatorNamespace = "meeting-recording-system"

// readyPods returns the Pods with the container that are running, oldest name first.
func readyPods(ctx context.Context, c client.Client, namespace, container string) ([]corev1.Pod, error) {
	var pods corev1.PodList
	if err := c.List(ctx, &pods, client.InNamespace(namespace)); err != nil {
		return nil, explain(err, "list", "pods", namespace)
	}
	var found []corev1.Pod
	for _, pod := range pods.Items {
		if pod.DeletionTimestamp == nil && pod.Status.Phase == corev1.PodRunning && slices.Contains(containerNames(&pod), container) {
			found = append(found, pod)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no running Pod in namespace %q has a container %q: name the operator's namespace with --operator-namespace", namespace, container)
	}
	slices.SortFunc(found, func(a, b corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}

// forwardPort forwards a port of 127.0.0.1 to a port of a Pod until ctx is done. It returns the local port.
func forwardPort(ctx context.Context, config *rest.Config, pod *corev1.Pod, port string) (int, error) {
	local, _, err := forward(ctx, config, pod, port)
	return local, err
}

// forward is forwardPort that also returns a channel, which receives why forwarding ended.
func forward(ctx context.Context, config *rest.Config, pod *corev1.Pod, port string) (int, <-chan error, error) {
	clientset, err := kubernetes.NewForConfig(config)
	if err != nil {
		return 0, nil, fmt.Errorf("connect to the cluster: %w", err)
	}
	address := clientset.CoreV1().RESTClient().Post().Resource("pods").Namespace(pod.Namespace).Name(pod.Name).SubResource("portforward").URL()
	roundTripper, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return 0, nil, fmt.Errorf("connect to pod %s: %w", pod.Name, err)
	}
	overSPDY := spdy.NewDialer(upgrader, &http.Client{Transport: roundTripper}, http.MethodPost, address)
	overWebSocket, err := portforward.NewSPDYOverWebsocketDialer(address, config)
	if err != nil {
		return 0, nil, fmt.Errorf("connect to pod %s: %w", pod.Name, err)
	}
	dialer := portforward.NewFallbackDialer(overWebSocket, overSPDY, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
	ready := make(chan struct{})
	var problems bytes.Buffer
	forwarder, err := portforward.NewOnAddresses(dialer, []string{"127.0.0.1"}, []string{":" + port}, ctx.Done(), ready, discard, &problems)
	if err != nil {
		return 0, nil, fmt.Errorf("forward a port to pod %s: %w", pod.Name, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-ended:
		return 0, nil, explain(errors.Join(err, ctx.Err()), "create", "pods/portforward", pod.Namespace)
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		return 0, nil, fmt.Errorf("forward a port to pod %s: %w", pod.Name, err)
	}
	return int(ports[0].Local), ended, nil
}

// containerFlag returns the value of a flag in the arguments of a container, or the flag's default.
func containerFlag(pod *corev1.Pod, container, name, value string) string {
	found := findContainer(&pod.Spec, container)
	if found == nil {
		return value
	}
	args := slices.Concat(found.Command, found.Args)
	for i, arg := range args {
		given, inline, isInline := strings.Cut(arg, "=")
		switch {
		case strings.TrimLeft(given, "-") != name || !strings.HasPrefix(given, "-"):
		case isInline:
			value = inline
		case i+1 < len(args):
			value = args[i+1]
		}
	}
	return value
}

// execute runs a command in a container, and copies its standard output.
func execute(ctx context.Context, config *rest.Config, pod *corev1.Pod, container string, stdout io.Writer, command ...string) error {
	clientset, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("connect to the cluster: %w", err)
	}
	request := clientset.CoreV1().RESTClient().Post().Resource("pods").Namespace(pod.Namespace).Name(pod.Name).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Container: container, Command: command, Stdout: true, Stderr: true}, parameterCodec)
	overSPDY, err := remotecommand.NewSPDYExecutor(config, http.MethodPost, request.URL())
	if err != nil {
		return fmt.Errorf("connect to pod %s: %w", pod.Name, err)
	}
	overWebSocket, err := remotecommand.NewWebSocketExecutor(config, http.MethodGet, request.URL().String())
	if err != nil {
		return fmt.Errorf("connect to pod %s: %w", pod.Name, err)
	}
	executor, err := remotecommand.NewFallbackExecutor(overWebSocket, overSPDY, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
	if err != nil {
		return fmt.Errorf("connect to pod %s: %w", pod.Name, err)
	}
	var stderr bytes.Buffer
	if err := executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: stdout, Stderr: &stderr}); err != nil {
		// Its log comes first, its last line says why it ended.
		if lines := strings.Split(strings.TrimSpace(stderr.String()), "\n"); lines[len(lines)-1] != "" {
			return fmt.Errorf("run %s in pod %s: %w: %s", command[0], pod.Name, err, view.Clean(lines[len(lines)-1]))
		}
		return explain(err, "create", "pods/exec", pod.Namespace)
	}
	return nil
}
