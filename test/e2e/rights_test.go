// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	authenticationv1 "k8s.io/api/authentication/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/test/harness"
)

// TestMissingRole takes the sidecar's RoleBinding away: webhooks are kept and answered 202, the log says what is missing, and once the role is
// applied again everything is written, without having been sent again.
func TestMissingRole(t *testing.T) {
	cluster.install(t, standard)
	pod := only(t, deployment)
	role := &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "meeting-recording-sidecar"}}
	if err := cluster.client.Delete(t.Context(), role); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // also when the test fails here
		if _, err := cluster.tryKubectl(context.Background(), "apply", "-k", cluster.overlay(standard)); err != nil {
			t.Error(err)
		}
	})
	coming := startStream(t)
	harness.Within(t, time.Minute, "webhooks are spooled", func(context.Context) error {
		for _, d := range coming.deliveries() {
			if d.answer.Status == http.StatusAccepted && d.answer.Result == "spooled" {
				return nil
			}
		}
		return fmt.Errorf("the answers are %s", coming.summary())
	})
	harness.Within(t, time.Minute, "the log says what is missing", func(ctx context.Context) error {
		log, err := cluster.tryKubectl(ctx, "-n", system, "logs", pod, "-c", "sidecar")
		if err != nil {
			return err
		}
		for line := range strings.SplitSeq(log, "\n") {
			if strings.Contains(line, "spool") && strings.Contains(line, "forbidden") && strings.Contains(line, "system:serviceaccount:"+system+":meeting-recording-sidecar") {
				t.Log("the sidecar's log: ", line)
				return nil
			}
		}
		return errors.New("no line has it")
	})
	coming.awaitMore(t, 20)
	cluster.kubectlOutput(t, "apply", "-k", cluster.overlay(standard))
	coming.awaitMore(t, 20)
	coming.audit(t)
	for _, d := range coming.unacknowledged() {
		t.Errorf("%s was answered %+v, %v", d.webhook.Type, d.answer, d.err)
	}
	if now := only(t, deployment); now != pod {
		t.Errorf("Pod %s was replaced by %s", pod, now)
	}
}

// TestSidecarToken takes the token that the sidecar's process has in its real Pod, and tries with it what the sidecar must not do. In the Pod, whose
// seccomp profile is the container runtime's, the sidecar has given up opening ports.
func TestSidecarToken(t *testing.T) {
	cluster.install(t, standard)
	r := newRecording(newMeeting())
	sender.mustSend(t, r.webhooks[:1]...)
	pod := only(t, deployment)
	if log := cluster.kubectlOutput(t, "-n", system, "logs", pod, "-c", "sidecar"); strings.Contains(log, "Cannot forbid opening ports") {
		t.Errorf("the sidecar can take the manager's ports:\n%s", log)
	}
	sidecar := clientWith(t, sidecarToken(t, pod))

	review := &authenticationv1.SelfSubjectReview{}
	if err := sidecar.Create(t.Context(), review); err != nil {
		t.Fatal(err)
	}
	if want := "system:serviceaccount:" + system + ":meeting-recording-sidecar"; review.Status.UserInfo.Username != want {
		t.Errorf("the token is %s's, want %s's", review.Status.UserInfo.Username, want)
	}
	mine := &v1alpha1.MeetingRecording{}
	if err := sidecar.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: r.name}, mine); err != nil {
		t.Errorf("it may not read the recording that it made: %v", err)
	}
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "not-allowed"},
		Spec:       batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: restrictedPod("none")}},
	}
	job.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyNever
	processed := client.RawPatch(types.JSONPatchType, []byte(`[{"op":"replace","path":"/status/processing/state","value":"Succeeded"}]`))
	for what, err := range map[string]error{
		"create a Job":                   sidecar.Create(t.Context(), job),
		"list Secrets":                   sidecar.List(t.Context(), &corev1.SecretList{}, client.InNamespace(namespace)),
		"read its own Secret":            sidecar.Get(t.Context(), client.ObjectKey{Namespace: system, Name: "meeting-recording-sidecar-token"}, &corev1.Secret{}),
		"list recordings":                sidecar.List(t.Context(), &v1alpha1.MeetingRecordingList{}, client.InNamespace(namespace)),
		"delete a recording":             sidecar.Delete(t.Context(), mine.DeepCopy()),
		"hold a recording":               sidecar.Patch(t.Context(), mine.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(`{"spec":{"suspend":true}}`))),
		"write what became of recording": sidecar.Status().Patch(t.Context(), mine.DeepCopy(), processed),
	} {
		if !apierrors.IsForbidden(err) {
			t.Errorf("with the sidecar's token one may %s: %v", what, err)
		}
	}
}

// sidecarToken reads the token that the sidecar's process sees, by a container beside it that shares its view of files. That container
// also finds that the manager's token is not there.
func sidecarToken(t *testing.T, pod string) string {
	t.Helper()
	var p corev1.Pod
	if err := cluster.client.Get(t.Context(), client.ObjectKey{Namespace: system, Name: pod}, &p); err != nil {
		t.Fatal(err)
	}
	looker := restrictedPod("look").Containers[0]
	looker.Command = []string{"sh", "-c", "trap 'exit 0' TERM; sleep 120 & wait"}
	p.Spec.EphemeralContainers = append(p.Spec.EphemeralContainers, corev1.EphemeralContainer{
		TargetContainerName: "sidecar",
		EphemeralContainerCommon: corev1.EphemeralContainerCommon{
			Name: "look", Image: looker.Image, ImagePullPolicy: looker.ImagePullPolicy, Command: looker.Command, SecurityContext: looker.SecurityContext,
		},
	})
	if err := cluster.client.SubResource("ephemeralcontainers").Update(t.Context(), &p); err != nil {
		t.Fatal(err)
	}
	var token string
	harness.Within(t, time.Minute, "a container looks at the sidecar's files", func(ctx context.Context) error {
		var err error
		token, err = cluster.tryKubectl(ctx, "-n", system, "exec", pod, "-c", "look", "--",
			"sh", "-c", `for p in /proc/[0-9]*; do if [ "$(tr '\0' ' ' <$p/cmdline | cut -d' ' -f1)" = /sidecar ]; then cat $p/root/var/run/secrets/kubernetes.io/serviceaccount/token; fi; done`)
		if err == nil && token == "" {
			err = errors.New("it finds no token")
		}
		return err
	})
	return token
}

// clientWith returns a client with a token and no other right.
func clientWith(t *testing.T, token string) client.Client {
	t.Helper()
	config := rest.AnonymousClientConfig(cluster.config)
	config.BearerToken = strings.TrimSpace(token)
	c, err := client.New(config, client.Options{Scheme: cluster.client.Scheme(), Mapper: cluster.client.RESTMapper()})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
