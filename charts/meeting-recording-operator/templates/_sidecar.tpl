{{/* The sidecar's container, in the manager's Pod or in its own, which decides what differs. */}}
{{- define "operator.sidecar" -}}
name: sidecar
image: {{ include "operator.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
command: [/sidecar]
args:
  - --public-key-url={{ .Values.sidecar.publicKeyURL }}
  - --spool-dir=/var/spool/sidecar
  {{- if not .Values.cluster.enabled }}
  - --namespace={{ .Values.recordings.namespace }}
  {{- end }}
  {{- if .Values.split.enabled }}
  - --metrics-bind-address=:8443
  - --metrics-secure
  {{- end }}
  {{- if .Values.cluster.enabled }}
  - --routes-file=/etc/videosdk/routes/routes.yaml
  {{- end }}
  {{- if .Values.endpointToken.enabled }}
  - --endpoint-token-file=/etc/videosdk/endpoint/token
  {{- end }}
  {{- range .Values.sidecar.extraArgs }}
  - {{ . | quote }}
  {{- end }}
env:
  - name: POD_NAMESPACE
    valueFrom:
      fieldRef:
        fieldPath: metadata.namespace
  {{- with .Values.sidecar.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
ports:
  - name: webhooks
    containerPort: 8080
  - name: sidecar-health
    containerPort: 8081
  {{- if .Values.split.enabled }}
  - name: metrics
    containerPort: 8443
  {{- end }}
startupProbe:
  httpGet:
    path: /healthz
    port: sidecar-health
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet:
    path: /healthz
    port: sidecar-health
  periodSeconds: 20
readinessProbe:
  httpGet:
    path: /readyz
    port: sidecar-health
  periodSeconds: 5
resources:
  {{- toYaml .Values.sidecar.resources | nindent 2 }}
{{ include "operator.containerSecurityContext" . }}
volumeMounts:
  - name: spool
    mountPath: /var/spool/sidecar
  {{- if not .Values.split.enabled }}
  - name: sidecar-identity
    mountPath: /var/run/secrets/kubernetes.io/serviceaccount
    readOnly: true
  {{- end }}
  {{- if .Values.cluster.enabled }}
  - name: routes
    mountPath: /etc/videosdk/routes
    readOnly: true
  {{- end }}
  {{- if .Values.endpointToken.enabled }}
  - name: endpoint-token
    mountPath: /etc/videosdk/endpoint
    readOnly: true
  {{- end }}
  {{- with .Values.sidecar.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* The volumes that it mounts, its identity aside. */}}
{{- define "operator.sidecarVolumes" -}}
- name: spool
  {{- if .Values.spool.persistentVolumeClaim.enabled }}
  persistentVolumeClaim:
    claimName: meeting-recording-spool
  {{- else }}
  emptyDir:
    sizeLimit: {{ .Values.spool.sizeLimit }}
  {{- end }}
{{- if .Values.cluster.enabled }}
- name: routes
  secret:
    secretName: {{ .Values.cluster.routesSecret }}
{{- end }}
{{- if .Values.endpointToken.enabled }}
- name: endpoint-token
  secret:
    secretName: {{ .Values.endpointToken.secret }}
{{- end }}
{{- with .Values.sidecar.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
