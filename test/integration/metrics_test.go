// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// readerAccount is a ServiceAccount that the role metrics-reader is bound to.
const readerAccount = "metrics-reader"

// TestMetricsAreForThoseWhoMayGetThem: the manager serves its metrics and the sidecar's to those whom the role metrics-reader is bound to, and to
// nobody else.
func TestMetricsAreForThoseWhoMayGetThem(t *testing.T) {
	bindReader(t)
	o := newOperator(t)
	o.startSidecar(t)
	address := freeAddress(t)
	o.startManager(t, "--metrics-bind-address", address, "--sidecar-metrics-url", "http://"+o.metrics+"/metrics")
	for path, want := range map[string]string{"/metrics": "controller_runtime_", "/metrics/sidecar": "meetingrecording_webhooks_in_flight 0"} {
		t.Run(path, func(t *testing.T) { checkMetrics(t, "https://"+address+path, want) })
	}
}

// bindReader makes the ServiceAccount of a Prometheus, with config's role for it.
func bindReader(t *testing.T) {
	t.Helper()
	create(t, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: readerAccount}})
	create(t, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: readerAccount},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "meeting-recording-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: namespace, Name: readerAccount}},
	})
}

// checkMetrics reads metrics as several readers: nobody, those who may not, and one who may, who finds a text in them.
func checkMetrics(t *testing.T, url, want string) {
	t.Helper()
	for name, reader := range map[string]struct {
		token string
		code  int
		text  string
	}{
		"nobody":      {"", http.StatusUnauthorized, "Unauthorized"},
		"no token":    {"not-a-token", http.StatusInternalServerError, "Authentication failed"}, // controller-runtime's code for it
		"the sidecar": {tokenOf(t, sidecarAccount), http.StatusForbidden, "Authorization denied for user " + userOf(sidecarAccount)},
		"a reader":    {tokenOf(t, readerAccount), http.StatusOK, want},
	} {
		eventually(t, name+" at "+url, func(ctx context.Context) error {
			code, body, err := get(ctx, url, reader.token)
			if err != nil {
				return err
			}
			if code != reader.code || !strings.Contains(body, reader.text) {
				return fmt.Errorf("answered %d %.300q, want %d with %q", code, body, reader.code, reader.text)
			}
			return nil
		})
	}
}

// get reads an https URL with a bearer token, if it is not empty.
func get(ctx context.Context, url, token string) (code int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // a certificate of its own making, on this machine
		DisableKeepAlives: true,
	}}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	return response.StatusCode, string(content), err
}
