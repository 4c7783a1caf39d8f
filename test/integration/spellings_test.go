// Copyright 2026 The Meeting Recording Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/meetingops/meeting-recording-operator/api/v1alpha1"
	"github.com/meetingops/meeting-recording-operator/internal/jobs"
)

// Who refuses what a pipeline asks for, first to last. The last two are the API server's answers to the manager's dry run of the Job, which makes the
// pipeline Stalled, and to the Job controller.
const (
	byNobody = "nobody"
	byPolicy = "the policy pipelines"
	bySchema = "the schema of RecordingPipelines"
	byJob    = "the validation of Jobs"
	byLevel  = "the restricted level of the namespace"
)

// TestSpellingsOfPipelines: whatever a tenant writes into a template, no Pod in the namespace of recordings has the operator's token, the node's files,
// network or processes, or more rights than the restricted level gives. Each spelling is tried at the API server, as the tenant, the manager and the
// Job controller do.
func TestSpellingsOfPipelines(t *testing.T) {
	archive := &v1alpha1.RecordingPipeline{}
	if err := api.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: pipelineName}, archive); err != nil {
		t.Fatal(err)
	}
	mount := func(source corev1.VolumeSource, mount corev1.VolumeMount) func(*corev1.PodSpec) {
		return func(p *corev1.PodSpec) {
			mount.Name, mount.MountPath = "tried", "/tried"
			p.Volumes = append(p.Volumes, corev1.Volume{Name: "tried", VolumeSource: source})
			p.Containers[0].VolumeMounts = append(p.Containers[0].VolumeMounts, mount)
		}
	}
	secured := func(change func(*corev1.SecurityContext)) func(*corev1.PodSpec) {
		return func(p *corev1.PodSpec) {
			if p.Containers[0].SecurityContext == nil {
				p.Containers[0].SecurityContext = &corev1.SecurityContext{}
			}
			change(p.Containers[0].SecurityContext)
		}
	}
	directory := corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}
	token := corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
		{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Audience: "https://kubernetes.default.svc", Path: "token"}},
	}}}
	for name, test := range map[string]struct {
		change func(*corev1.PodSpec)
		by     string
	}{
		"as it is": {func(*corev1.PodSpec) {}, byNobody},

		// Tokens: a Pod gets none but of an account of its own namespace, which is not the operator's.
		"the operator's account":            {func(p *corev1.PodSpec) { p.ServiceAccountName = managerAccount }, byPolicy},
		"the operator's account, old field": {func(p *corev1.PodSpec) { p.DeprecatedServiceAccount = managerAccount }, byPolicy},
		"both fields, one of them innocent": {func(p *corev1.PodSpec) {
			p.ServiceAccountName, p.DeprecatedServiceAccount = "default", sidecarAccount
		}, byPolicy},
		"an account of another namespace": {func(p *corev1.PodSpec) {
			p.ServiceAccountName = operatorNamespace + "/" + managerAccount
		}, byJob},
		"an account by its user name": {func(p *corev1.PodSpec) {
			p.ServiceAccountName = "system:serviceaccount:" + operatorNamespace + ":" + managerAccount
		}, byJob},
		"the token of its own account":          {mount(token, corev1.VolumeMount{}), byNobody},
		"the operator's, and its token":         {func(p *corev1.PodSpec) { p.ServiceAccountName = managerAccount; mount(token, corev1.VolumeMount{})(p) }, byPolicy},
		"a Secret of its namespace":             {mount(corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "bucket"}}, corev1.VolumeMount{}), byNobody},
		"a file outside of the Secret's volume": {mount(secretFile("../../token"), corev1.VolumeMount{}), byJob},

		// The node.
		"hostPath":    {mount(corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}, corev1.VolumeMount{ReadOnly: true}), byLevel},
		"hostNetwork": {func(p *corev1.PodSpec) { p.HostNetwork = true }, byLevel},
		"hostPID":     {func(p *corev1.PodSpec) { p.HostPID = true }, byLevel},
		"hostIPC":     {func(p *corev1.PodSpec) { p.HostIPC = true }, byLevel},
		"hostPort": {func(p *corev1.PodSpec) {
			p.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: 80, HostPort: 80}}
		}, byLevel},
		"hostPort of probe": {probeHost, byLevel},
		"a volume type that only administrators offer": {mount(corev1.VolumeSource{NFS: &corev1.NFSVolumeSource{Server: "10.0.0.1", Path: "/"}},
			corev1.VolumeMount{}), byLevel},
		"host process of Windows": {func(p *corev1.PodSpec) {
			p.SecurityContext = &corev1.PodSecurityContext{WindowsOptions: &corev1.WindowsSecurityContextOptions{HostProcess: ptr.To(true)}}
			p.HostNetwork = true
		}, byLevel},
		"sysctl": {func(p *corev1.PodSpec) {
			p.SecurityContext = &corev1.PodSecurityContext{Sysctls: []corev1.Sysctl{{Name: "kernel.msgmax", Value: "1"}}}
		}, byLevel},

		// Paths below a volume.
		"subPath upwards":            {mount(directory, corev1.VolumeMount{SubPath: "../../etc"}), byJob},
		"subPath from the root":      {mount(directory, corev1.VolumeMount{SubPath: "/etc"}), byJob},
		"subPathExpr upwards":        {mount(directory, corev1.VolumeMount{SubPathExpr: "../$(HOSTNAME)"}), byJob},
		"subPath below":              {mount(directory, corev1.VolumeMount{SubPath: "a/b"}), byNobody},
		"mounts that reach the node": {mount(directory, corev1.VolumeMount{MountPropagation: ptr.To(corev1.MountPropagationBidirectional)}), byJob},

		// Rights of the process.
		"privileged":               {secured(func(s *corev1.SecurityContext) { s.Privileged, s.AllowPrivilegeEscalation = ptr.To(true), ptr.To(true) }), byLevel},
		"allowPrivilegeEscalation": {secured(func(s *corev1.SecurityContext) { s.AllowPrivilegeEscalation = ptr.To(true) }), byLevel},
		"a capability":             {secured(func(s *corev1.SecurityContext) { s.Capabilities.Add = []corev1.Capability{"SYS_ADMIN"} }), byLevel},
		"the default capabilities": {secured(func(s *corev1.SecurityContext) { s.Capabilities = nil }), byLevel},
		"procMount":                {secured(func(s *corev1.SecurityContext) { s.ProcMount = ptr.To(corev1.UnmaskedProcMount) }), byJob},
		"procMount in namespaces of users": {func(p *corev1.PodSpec) {
			p.HostUsers = ptr.To(false)
			secured(func(s *corev1.SecurityContext) { s.ProcMount = ptr.To(corev1.UnmaskedProcMount) })(p)
		}, byLevel},
		"root": {secured(func(s *corev1.SecurityContext) { s.RunAsUser = ptr.To(int64(0)) }), byLevel},
		"seccomp Unconfined": {secured(func(s *corev1.SecurityContext) {
			s.SeccompProfile = &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeUnconfined}
		}), byLevel},
		"AppArmor Unconfined": {secured(func(s *corev1.SecurityContext) {
			s.AppArmorProfile = &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeUnconfined}
		}), byLevel},
		"SELinux user": {secured(func(s *corev1.SecurityContext) { s.SELinuxOptions = &corev1.SELinuxOptions{User: "system_u"} }), byLevel},
		"an init container": {func(p *corev1.PodSpec) {
			p.InitContainers = append(p.InitContainers, *p.Containers[0].DeepCopy())
			p.InitContainers[0].Name = "first"
			p.InitContainers[0].SecurityContext = &corev1.SecurityContext{Privileged: ptr.To(true)}
		}, byLevel},
		"an ephemeral container": {func(p *corev1.PodSpec) {
			p.EphemeralContainers = []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon{
				Name: "debug", Image: "busybox", SecurityContext: &corev1.SecurityContext{Privileged: ptr.To(true)},
			}}}
		}, bySchema},
	} {
		t.Run(name, func(t *testing.T) {
			pipeline := &v1alpha1.RecordingPipeline{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "spelling"}, Spec: *archive.Spec.DeepCopy()}
			template := &pipeline.Spec.Steps[0].Template.Spec.Template.Spec
			template.Containers[0].Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: apiresource.MustParse("64Mi")}
			test.change(template)
			if by, err := whoRefuses(t, pipeline); by != test.by {
				t.Errorf("refused by %s, want %s: %v", by, test.by, err)
			}
		})
	}
}

func secretFile(path string) corev1.VolumeSource {
	return corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "bucket", Items: []corev1.KeyToPath{{Key: "key", Path: path}}}}
}

// probeHost has the kubelet, which is in the node's network, send a request to another address.
func probeHost(p *corev1.PodSpec) {
	p.Containers[0].LivenessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Host: "169.254.169.254"}}}
	p.Containers[0].LivenessProbe.TCPSocket.Port.IntVal = 80
}

// whoRefuses tries the pipeline at the API server as a tenant, its Job as the manager and its Pod as the Job controller, until one is refused.
func whoRefuses(t *testing.T, pipeline *v1alpha1.RecordingPipeline) (string, error) {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(pipeline)
	if err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{Object: content}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("RecordingPipeline"))
	unstructured.RemoveNestedField(object.Object, "status")
	err = api.Client.Create(t.Context(), object, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
	if err != nil && strings.Contains(err.Error(), "ValidatingAdmissionPolicy 'meeting-recording-pipelines'") {
		return byPolicy, err
	} else if err != nil {
		return bySchema, err
	}
	job := jobs.Build(jobs.Run{Recording: newRecording("spelling"), Pipeline: pipeline.Name, Step: pipeline.Spec.Steps[0], Attempt: 1})
	if err := api.Client.Create(t.Context(), job.DeepCopy(), client.DryRunAll); err != nil {
		return byJob, err
	}
	pod := &corev1.Pod{ObjectMeta: *job.Spec.Template.ObjectMeta.DeepCopy(), Spec: job.Spec.Template.Spec}
	pod.Namespace, pod.Name = namespace, "spelling"
	if pod.Spec.ServiceAccountName == "" {
		pod.Spec.ServiceAccountName = "default" // set in a cluster by the admission plugin of that name
	}
	err = api.Client.Create(t.Context(), pod, client.DryRunAll)
	if err != nil && strings.Contains(err.Error(), `violates PodSecurity "restricted`) {
		return byLevel, err
	} else if err != nil {
		t.Fatalf("the Pod is refused by another: %v", err)
	}
	return byNobody, nil
}
