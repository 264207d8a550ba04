{{- define "bgpui.name" -}}
{{- if contains "bgpui" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-bgpui" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "bgpui.labels" -}}
app.kubernetes.io/name: bgpui
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "bgpui.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "bgpui.labels" .root | nindent 2 }}
  app.kubernetes.io/component: {{ .component }}
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
{{- end }}

{{- define "bgpui.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "bgpui.podSecurity" -}}
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- range $name, $value := .Values.podSecurity }}
{{- if not (kindIs "invalid" $value) }}
{{ $name }}: {{ int $value }}
{{- end }}
{{- end }}
{{- end }}

{{- define "bgpui.environment" -}}
{{- $name := include "bgpui.name" . }}
{{- if .Values.postgresql.enabled }}
- name: POSTGRES_PASSWORD
  valueFrom:
    secretKeyRef: { name: {{ .Values.existingSecret }}, key: POSTGRES_PASSWORD }
- name: BGPUI_DATABASE_URL
  value: postgres://bgpui:$(POSTGRES_PASSWORD)@{{ $name }}-postgresql:5432/bgpui
{{- end }}
{{- if .Values.redis.enabled }}
- name: REDIS_PASSWORD
  valueFrom:
    secretKeyRef: { name: {{ .Values.existingSecret }}, key: REDIS_PASSWORD }
- name: BGPUI_REDIS_URL
  value: redis://:$(REDIS_PASSWORD)@{{ $name }}-redis:6379/0
{{- end }}
- name: BGPUI_VAR_DIR
  value: /run/bgpui
- name: BGPUI_CLUSTERS
  value: {{ .Values.clusters | quote }}
- name: BGPUI_ALLOWED_HOSTS
  value: {{ join "," .Values.hosts | quote }}
- name: BGPUI_HTTPS
  value: {{ .Values.https | quote }}
{{- if not (or .Values.rbac.exec (hasKey .Values.settings "BGPUI_OBSERVE")) }}
- name: BGPUI_OBSERVE
  value: no-exec
{{- end }}
{{- range $key, $value := .Values.settings }}
- name: {{ $key }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{- define "bgpui.container" -}}
image: "{{ .root.Values.image.repository }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}"
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
command: {{ toJson .command }}
envFrom:
  - secretRef: { name: {{ .root.Values.existingSecret }} }
env:
  {{- include "bgpui.environment" .root | nindent 2 }}
  {{- if .env }}{{ toYaml .env | nindent 2 }}{{ end }}
  {{- if .alive }}
  - name: BGPUI_ALIVE
    value: /run/bgpui/alive
  {{- end }}
securityContext:
  {{- include "bgpui.containerSecurity" .root | nindent 2 }}
volumeMounts:
  - { name: run, mountPath: /run/bgpui }
  - { name: tmp, mountPath: /tmp }
  {{- if .kubeconfigs }}
  - { name: kubeconfigs, mountPath: /etc/bgpui/kubeconfigs, readOnly: true }
  {{- end }}
{{- end }}

{{/* A Deployment. root, component, account ("" = none), command, replicas, resources; alive: it keeps a file fresh;
once: never two at a time; migrate: it brings the database up to date before it starts. */}}
{{- define "bgpui.deployment" -}}
{{- $root := .root }}
{{- $kubeconfigs := "" }}
{{- if eq .account "web" }}{{ $kubeconfigs = $root.Values.kubeconfigs.web }}{{ end }}
{{- if eq .account "collector" }}{{ $kubeconfigs = $root.Values.kubeconfigs.collector }}{{ end }}
{{- $name := printf "%s-%s" (include "bgpui.name" $root) .component }}
{{- $before := list "/bin/sh" "-c" "until python manage.py migrate --check >/dev/null; do sleep 3; done" }}
{{- if .migrate }}{{ $before = list "/bin/sh" "-c" "until python manage.py migrate --no-input; do sleep 3; done" }}{{ end }}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "bgpui.metadata" (dict "root" $root "name" $name "component" .component) | nindent 2 }}
spec:
  replicas: {{ .replicas }}
  {{- if .once }}
  strategy: { type: Recreate }
  {{- end }}
  selector:
    matchLabels:
      {{- include "bgpui.labels" $root | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
  template:
    metadata:
      labels:
        {{- include "bgpui.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
        bgpui.io/process: "true"
    spec:
      {{- if .account }}
      serviceAccountName: {{ include "bgpui.name" $root }}-{{ .account }}
      {{- else }}
      automountServiceAccountToken: false
      {{- end }}
      enableServiceLinks: false
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets: {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- include "bgpui.podSecurity" $root | nindent 8 }}
      {{- with $root.Values.nodeSelector }}
      nodeSelector: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $root.Values.tolerations }}
      tolerations: {{- toYaml . | nindent 8 }}
      {{- end }}
      terminationGracePeriodSeconds: 30
      initContainers:
        - name: migrations
          {{- include "bgpui.container" (dict "root" $root "command" $before "kubeconfigs" $kubeconfigs) | nindent 10 }}
          resources: {{- toYaml .resources | nindent 12 }}
      containers:
        - name: {{ .component }}
          {{- include "bgpui.container" (dict "root" $root "command" .command "alive" .alive "env" .env "kubeconfigs" $kubeconfigs) | nindent 10 }}
          resources: {{- toYaml .resources | nindent 12 }}
          {{- if .alive }}
          # The file is fresh while the process turns its loop. While Redis is away a worker may wait for it: five
          # minutes; killing it then does no harm.
          livenessProbe:
            exec:
              command: [/bin/sh, -c, "test -n \"$(find /run/bgpui/alive -newermt '-60 seconds')\""]
            periodSeconds: 30
            failureThreshold: 10
            timeoutSeconds: 5
          {{- else }}
          ports:
            - { name: http, containerPort: 8000 }
          startupProbe:
            httpGet: { path: /healthz, port: http }
            periodSeconds: 2
            failureThreshold: 30
          livenessProbe:
            httpGet: { path: /healthz, port: http }
            periodSeconds: 10
            timeoutSeconds: 5
          readinessProbe:
            httpGet: { path: /readyz, port: http }
            periodSeconds: 5
            timeoutSeconds: 5
          {{- end }}
      volumes:
        - { name: run, emptyDir: {} }
        - { name: tmp, emptyDir: {} }
        {{- with $kubeconfigs }}
        - name: kubeconfigs
          secret: { secretName: {{ . }}, defaultMode: 0440 }
        {{- end }}
{{- end }}
