{{/* Labels of every object besides app.kubernetes.io/name and -component, which selectors use and which are those of config/. */}}
{{- define "operator.labels" -}}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | quote }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "operator.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The labels that select the Pods of a component: a dict of root and component. */}}
{{- define "operator.selector" -}}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/name: meeting-recording-operator
{{- end }}

{{/* A Pod's labels, with those of values. */}}
{{- define "operator.podLabels" -}}
{{ include "operator.selector" . }}
{{- with .root.Values.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What says where a Pod may run, and as whom: noGroup where it has no volume to write to. */}}
{{- define "operator.pod" -}}
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  {{- if .Values.fixedIDs }}
  runAsUser: 65532
  runAsGroup: 65532
  {{- if not .noGroup }}
  fsGroup: 65532
  {{- end }}
  {{- end }}
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Pods of a component on several nodes and in several zones. */}}
{{- define "operator.spread" -}}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "operator.selector" $ | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}

{{- define "operator.containerSecurityContext" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* Refuses values that exclude one another: a schema's message would not explain why. */}}
{{- define "operator.check" -}}
{{- if eq .Values.recordings.namespace .Release.Namespace }}
{{- fail (printf "recordings.namespace is %s, the release's own namespace, which has the operator's tokens and keys: no pipeline may run Jobs there. Name another one." .Release.Namespace) }}
{{- end }}
{{- if and .Values.cluster.enabled .Values.endpointToken.enabled }}
{{- fail "cluster.enabled and endpointToken.enabled exclude one another: with cluster each route of the Secret has its own token. Set one of them to false." }}
{{- end }}
{{- if and .Values.spool.persistentVolumeClaim.enabled .Values.ha.enabled }}
{{- fail "spool.persistentVolumeClaim.enabled and ha.enabled exclude one another: one Pod at a time has the volume. Set one of them to false." }}
{{- end }}
{{- if and .Values.spool.persistentVolumeClaim.enabled .Values.split.enabled }}
{{- fail "spool.persistentVolumeClaim.enabled and split.enabled exclude one another: one Pod at a time has the volume, and the receiver has several. Set one of them to false." }}
{{- end }}
{{- if and .Values.monitors.enabled .Values.split.enabled }}
{{- fail "monitors.enabled and split.enabled exclude one another: the ServiceMonitor reads the sidecar's metrics from the manager's Pod, and with split the sidecar is not there. Set monitors.enabled to false, and create your own for the Services meeting-recording-metrics and meeting-recording-receiver-metrics." }}
{{- end }}
{{- if gt (int .Values.split.minReplicas) (int .Values.split.maxReplicas) }}
{{- fail (printf "split.minReplicas is %d, which is more than split.maxReplicas, %d." (int .Values.split.minReplicas) (int .Values.split.maxReplicas)) }}
{{- end }}
{{- end }}
