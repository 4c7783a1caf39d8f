// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/meetingops/meeting-recording-operator/test/harness/controlplane"
)

// AddNamespace makes a namespace, in which an account of the operator's name has the rights that config/rbac gives the sidecar and the
// manager, and returns the kubeconfig of the account. So what whoever uses it costs the API server is what the operator does.
func (c *ControlPlane) AddNamespace(ctx context.Context, namespace string) (kubeconfig string, err error) {
	var rules []rbacv1.PolicyRule
	for _, file := range []string{"sidecar_role.yaml", "manager_role.yaml"} {
		more, err := readRules(filepath.Join(c.root, "config", "rbac", file))
		if err != nil {
			return "", err
		}
		rules = append(rules, more...)
	}
	meta := metav1.ObjectMeta{Name: "meeting-recording-operator", Namespace: namespace}
	account := rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Name: meta.Name, Namespace: namespace}
	_, errNamespace := c.Clients.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	_, errAccount := c.Clients.CoreV1().ServiceAccounts(namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta}, metav1.CreateOptions{})
	_, errRole := c.Clients.RbacV1().Roles(namespace).Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{})
	_, errBinding := c.Clients.RbacV1().RoleBindings(namespace).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: meta.Name}, Subjects: []rbacv1.Subject{account},
	}, metav1.CreateOptions{})
	if err := errors.Join(errNamespace, errAccount, errRole, errBinding); err != nil {
		return "", fmt.Errorf("set up namespace %s: %w", namespace, err)
	}
	token, err := controlplane.Token(ctx, c.Config, namespace, meta.Name)
	if err != nil {
		return "", err
	}
	kubeconfig = filepath.Join(c.folder, namespace+".kubeconfig")
	return kubeconfig, controlplane.WriteKubeconfig(kubeconfig, c.Config.Host, token)
}

// readRules returns the rules of all roles in a file.
func readRules(file string) ([]rbacv1.PolicyRule, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var rules []rbacv1.PolicyRule
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
	for {
		var role rbacv1.Role // a ClusterRole has its rules at the same place
		err := decoder.Decode(&role)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		rules = append(rules, role.Rules...)
	}
	if len(rules) == 0 {
		return nil, fmt.Errorf("%s has no rules: make manifests", file)
	}
	return rules, nil
}
