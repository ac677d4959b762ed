{{- define "kanata.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- define "kanata.account" -}}
{{ .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "kanata.name" .) "default") }}
{{- end -}}

{{- define "kanata.selector" -}}
app.kubernetes.io/name: kanata
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "kanata.labels" -}}
{{ include "kanata.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "kanata.config" -}}
{{- $rest := dict "web" (dict "listen" "0.0.0.0:2934") -}}
{{- if not (or .Values.config.key_file .Values.config.key) -}}
{{- $_ := set $rest "key_file" "/etc/kanata/instatus.key" -}}
{{- end -}}
{{- mergeOverwrite $rest .Values.config | toYaml -}}
{{- end -}}

{{- define "kanata.rules" -}}
- apiGroups: [apps]
  resources: [deployments, statefulsets, daemonsets, replicasets]
  verbs: [list, watch]
- apiGroups: [batch]
  resources: [jobs, cronjobs]
  verbs: [list, watch]
{{- end -}}

{{- /* The namespaces that it watches, as a JSON list. */ -}}
{{- define "kanata.namespaces" -}}
{{- $given := .Values.rbac.namespaces | default .Values.config.ns | default .Release.Namespace -}}
{{- kindIs "string" $given | ternary (list $given) $given | toJson -}}
{{- end -}}
