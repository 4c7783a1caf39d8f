// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/simulator"
)

const (
	// simulateLabel is what a namespace must have, with the value "allowed", before its sidecar is made to trust a key of a
	// simulator: whoever has that key can forge recordings.
	simulateLabel   = v1alpha1.GroupName + "/simulate"
	simulateAllowed = "allowed"

	simulatorSecret = "videosdk-simulator" //nolint:gosec // the name of a Secret
	simulatorMount  = "/etc/videosdk-simulator"
)

// rolloutTimeout is how long the sidecar may take to restart.
const rolloutTimeout = 2 * time.Minute

// trust has the cluster's sidecar trust the key, where --configure asks for it.
func (s *simulateOptions) trust(ctx context.Context, c client.Client, key *simulator.Key) error {
	if !s.configure {
		return nil
	}
	namespace := &corev1.Namespace{}
	if err := c.Get(ctx, client.ObjectKey{Name: s.operatorNamespace}, namespace); err != nil {
		return explain(err, "get", "namespaces", "")
	}
	if namespace.Labels[simulateLabel] != simulateAllowed {
		return fmt.Errorf("namespace %[1]q is not labelled for simulation: on a test cluster run kubectl label namespace %[1]s %[2]s=%[3]s",
			s.operatorNamespace, simulateLabel, simulateAllowed)
	}
	if err := s.storeKey(ctx, c, key); err != nil {
		return err
	}
	deployment, container, err := s.sidecarDeployment(ctx, c)
	if err != nil {
		return err
	}
	before := deployment.DeepCopy()
	mountKey(&deployment.Spec.Template, container)
	if err := c.Patch(ctx, deployment, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return explain(err, "patch", "deployments", s.operatorNamespace)
	}
	return s.rolledOut(ctx, c, deployment)
}

func (s *simulateOptions) storeKey(ctx context.Context, c client.Client, key *simulator.Key) error {
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.operatorNamespace, Name: simulatorSecret},
		Data:       map[string][]byte{simulator.PublicKeyFile: key.Public()},
	}
	err := c.Create(ctx, secret)
	if apierrors.IsAlreadyExists(err) {
		stored := &corev1.Secret{}
		if err := c.Get(ctx, client.ObjectKeyFromObject(secret), stored); err != nil {
			return explain(err, "get", "secrets", s.operatorNamespace)
		}
		if bytes.Equal(stored.Data[simulator.PublicKeyFile], key.Public()) {
			return nil
		}
		secret.ResourceVersion = stored.ResourceVersion
		return explain(c.Update(ctx, secret), "update", "secrets", s.operatorNamespace)
	}
	return explain(err, "create", "secrets", s.operatorNamespace)
}

// sidecarDeployment finds the Deployment that runs the sidecar.
func (s *simulateOptions) sidecarDeployment(ctx context.Context, c client.Client) (*appsv1.Deployment, string, error) {
	var deployments appsv1.DeploymentList
	if err := c.List(ctx, &deployments, client.InNamespace(s.operatorNamespace)); err != nil {
		return nil, "", explain(err, "list", "deployments", s.operatorNamespace)
	}
	for i := range deployments.Items {
		deployment := &deployments.Items[i]
		if findContainer(&deployment.Spec.Template.Spec, sidecarContainer) != nil {
			return deployment, sidecarContainer, nil
		}
	}
	return nil, "", fmt.Errorf("namespace %q has no Deployment with a container %q: name the operator's namespace with --operator-namespace", s.operatorNamespace, sidecarContainer)
}

func findContainer(spec *corev1.PodSpec, name string) *corev1.Container {
	for _, containers := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		if at := slices.IndexFunc(containers, func(c corev1.Container) bool { return c.Name == name }); at >= 0 {
			return &containers[at]
		}
	}
	return nil
}

// mountKey mounts the Secret and adds the flag, where they are missing.
func mountKey(template *corev1.PodTemplateSpec, name string) {
	container := findContainer(&template.Spec, name)
	// Keys from a file and from a URL exclude each other.
	container.Args = slices.DeleteFunc(container.Args, func(arg string) bool { return strings.HasPrefix(arg, "--public-key-url") })
	flag := "--public-key-file=" + simulatorMount + "/" + simulator.PublicKeyFile
	if !slices.Contains(container.Args, flag) {
		container.Args = append(container.Args, flag)
	}
	if !slices.ContainsFunc(container.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == simulatorSecret }) {
		container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{Name: simulatorSecret, MountPath: simulatorMount, ReadOnly: true})
	}
	if !slices.ContainsFunc(template.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == simulatorSecret }) {
		template.Spec.Volumes = append(template.Spec.Volumes, corev1.Volume{
			Name: simulatorSecret, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: simulatorSecret}},
		})
	}
}

// rolledOut waits until every replica runs the Deployment's current template.
func (s *simulateOptions) rolledOut(ctx context.Context, c client.Client, deployment *appsv1.Deployment) error {
	ctx, cancel := context.WithTimeout(ctx, rolloutTimeout)
	defer cancel()
	tick := time.NewTicker(refreshInterval)
	defer tick.Stop()
	for {
		current := &appsv1.Deployment{}
		if err := c.Get(ctx, client.ObjectKeyFromObject(deployment), current); err != nil {
			return explain(err, "get", "deployments", s.operatorNamespace)
		}
		wanted := int32(1)
		if current.Spec.Replicas != nil {
			wanted = *current.Spec.Replicas
		}
		if status := current.Status; status.ObservedGeneration >= current.Generation && status.UpdatedReplicas == wanted &&
			status.Replicas == wanted && status.AvailableReplicas == wanted {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return ctx.Err()
			}
			return fmt.Errorf("deployment %s did not become ready within %s: kubectl -n %s describe pods", deployment.Name, rolloutTimeout, s.operatorNamespace)
		}
	}
}
