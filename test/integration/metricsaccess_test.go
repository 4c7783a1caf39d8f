// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// readerAccount is a ServiceAccount that the role metrics-reader is bound to.
const readerAccount = "metrics-reader"

// TestMetricsAreForThoseWhoMayGetThem: the manager serves its metrics and the sidecar's to the subjects of the role metrics-reader, and to
// nobody else.
func TestMetricsAreForThoseWhoMayGetThem(t *testing.T) {
	bindReader(t)
	o := newOperator(t)
	o.startSidecar(t)
	address := harness.Address(t)
	o.startManager(t, "--metrics-bind-address", address, "--sidecar-metrics-url", "http://"+o.metrics+"/metrics")
	for path, want := range map[string]string{"/metrics": "controller_runtime_", "/metrics/sidecar": "meetingrecording_webhooks_in_flight 0"} {
		t.Run(path, func(t *testing.T) { checkMetrics(t, "https://"+address+path, want, http.StatusUnauthorized) })
	}
}

// TestSidecarOfAPodOfItsOwn: with --metrics-secure it asks the API server itself, once it may.
func TestSidecarOfAPodOfItsOwn(t *testing.T) {
	bindReader(t)
	o := newOperator(t)
	o.startSidecar(t, "--metrics-secure")
	url := "https://" + o.metrics + "/metrics"
	code, body, err := get(t.Context(), url, api.MustToken(t, operatorNamespace, readerAccount))
	if err != nil || code != http.StatusServiceUnavailable {
		t.Errorf("before it may ask, it answers %d %q, %v", code, body, err)
	}
	harness.Eventually(t, "the log says what to fix", func(context.Context) error {
		if !strings.Contains(o.sidecar.Output.String(), "the ServiceAccount needs the verb create on tokenreviews") {
			return errors.New("not yet")
		}
		return nil
	})
	bind(t, "sidecar-metrics-auth", "meeting-recording-metrics-auth", sidecarAccount)
	checkMetrics(t, url, "meetingrecording_webhooks_in_flight 0", http.StatusUnauthorized)
}

// bindReader makes the ServiceAccount of a Prometheus, with config's role for it.
func bindReader(t *testing.T) {
	t.Helper()
	create(t, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: readerAccount}})
	bind(t, readerAccount, "meeting-recording-metrics-reader", readerAccount)
}

// bind binds a ClusterRole to a ServiceAccount of the operator's namespace for as long as the test runs.
func bind(t *testing.T, name, role, account string) {
	t.Helper()
	create(t, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: operatorNamespace, Name: account}},
	})
}

// checkMetrics reads metrics as several readers: nobody, those who may not, and one who may, who finds a text in them. A token that is none
// is answered with the code.
func checkMetrics(t *testing.T, url, want string, invalid int) {
	t.Helper()
	for name, reader := range map[string]struct {
		token string
		code  int
		text  string
	}{
		"nobody":      {"", http.StatusUnauthorized, "Unauthorized"},
		"no token":    {"not-a-token", invalid, ""},
		"the sidecar": {api.MustToken(t, operatorNamespace, sidecarAccount), http.StatusForbidden, ""},
		"a reader":    {api.MustToken(t, operatorNamespace, readerAccount), http.StatusOK, want},
	} {
		harness.Eventually(t, name+" at "+url, func(ctx context.Context) error {
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
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
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
