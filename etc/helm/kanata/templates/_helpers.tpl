{{- define "kanata.name" -}}
{{- $chart := .Values.nameOverride | default .Chart.Name -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $chart .Release.Name -}}
{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name $chart | trunc 63 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- define "kanata.account" -}}
{{ .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "kanata.name" .) "default") }}
{{- end -}}

{{- define "kanata.selector" -}}
app.kubernetes.io/name: {{ .Values.nameOverride | default .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "kanata.labels" -}}
{{ include "kanata.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "kanata.listen" -}}
{{ dig "web" "listen" "0.0.0.0:2934" .Values.config }}
{{- end -}}

{{- define "kanata.port" -}}
{{ include "kanata.listen" . | regexFind "[0-9]+$" }}
{{- end -}}

{{- /* What clients call the Service by: a name that is not in server_names gets 421. */ -}}
{{- define "kanata.server_names" -}}
{{- $name := include "kanata.name" . -}}
{{- $in := printf "%s.%s" $name .Release.Namespace -}}
{{- $given := dig "web" "server_names" list .Values.config -}}
{{- concat (list $name $in (print $in ".svc") (print $in ".svc.cluster.local")) $given | uniq | toJson -}}
{{- end -}}

{{- define "kanata.config" -}}
{{- $rest := dict "web" (dict "listen" (include "kanata.listen" .)) -}}
{{- if not (or .Values.config.key_file .Values.config.key) -}}
{{- $_ := set $rest "key_file" "/etc/kanata/instatus.key" -}}
{{- end -}}
{{- if gt (int .Values.replicaCount) 1 -}}
{{- $_ := set $rest "replicas" (int .Values.replicaCount) -}}
{{- end -}}
{{- $conf := mergeOverwrite $rest (deepCopy .Values.config) -}}
{{- if not $conf.web.tls -}}
{{- $_ := set $conf.web "server_names" (include "kanata.server_names" . | fromJsonArray) -}}
{{- end -}}
{{- $conf | toYaml -}}
{{- end -}}

{{- /* How the kubelet and Prometheus ask: "" or HTTPS. */ -}}
{{- define "kanata.scheme" -}}
{{- if dig "web" "tls" "" .Values.config }}HTTPS{{ end -}}
{{- end -}}

{{- /* Ports that it may connect to: those given and those of etcd, as a JSON list. */ -}}
{{- define "kanata.egress" -}}
{{- $ports := list -}}
{{- range .Values.networkPolicy.ports -}}
{{- $ports = append $ports (int .) -}}
{{- end -}}
{{- range dig "etcd" "nodes" list .Values.config -}}
{{- $ports = append $ports (regexFind "[0-9]+$" . | default "2379" | int) -}}
{{- end -}}
{{- $ports | uniq | toJson -}}
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
