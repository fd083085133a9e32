{{- define "trunkline.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What never changes while a release lives: selectors of workloads are immutable. */}}
{{- define "trunkline.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "trunkline.labels" -}}
{{ include "trunkline.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "trunkline.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "trunkline.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "trunkline.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository ($image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* The workloads there are, by name of their role. */}}
{{- define "trunkline.roles" -}}
{{- ternary "ingest dedup poll" "all" .Values.roles.split -}}
{{- end -}}

{{/* The workload that takes callbacks. */}}
{{- define "trunkline.callbacks" -}}
{{- ternary "ingest" "all" .Values.roles.split -}}
{{- end -}}

{{/* A workload's name. Takes (dict "root" $ "role" "ingest"). */}}
{{- define "trunkline.workload" -}}
{{- $name := include "trunkline.fullname" .root -}}
{{- if eq .role "all" }}{{ $name }}{{ else }}{{ printf "%s-%s" $name .role }}{{ end -}}
{{- end -}}

{{/*
A StatefulSet where a pod comes back as itself: dedup then takes its partitions back at once (dedup.instance), and a
persistent spool keeps its volume. Otherwise a Deployment, which puts new pods beside the old ones before it stops them.
Takes (dict "root" $ "role" "ingest").
*/}}
{{- define "trunkline.kind" -}}
{{- $spool := .root.Values.spool -}}
{{- $keeps := and $spool.enabled $spool.persistent (eq .role (include "trunkline.callbacks" .root)) -}}
{{- ternary "StatefulSet" "Deployment" (or $keeps (eq .role "dedup")) -}}
{{- end -}}

{{/* The port at the end of a listener's address. */}}
{{- define "trunkline.port" -}}
{{- . | splitList ":" | last -}}
{{- end -}}

{{/* Where vendors call, without a slash at the end; empty when nobody said. */}}
{{- define "trunkline.publicUrl" -}}
{{- $ingress := .Values.ingress -}}
{{- if .Values.config.http.public_url -}}
{{- .Values.config.http.public_url | trimSuffix "/" -}}
{{- else if and $ingress.enabled $ingress.hosts -}}
{{- printf "%s://%s" (ternary "https" "http" (ne $ingress.tlsSecretName "")) (first $ingress.hosts) -}}
{{- else if and .Values.gateway.enabled .Values.gateway.hostnames -}}
{{- printf "https://%s" (first .Values.gateway.hostnames) -}}
{{- end -}}
{{- end -}}

{{/* The program's configuration: the values, and what the chart itself decides. */}}
{{- define "trunkline.toml" -}}
{{- $config := deepCopy .Values.config -}}
{{- with include "trunkline.publicUrl" . }}{{ $_ := set $config.http "public_url" . }}{{ end -}}
{{- if .Values.tls.secretName -}}
{{- $files := dict "cert_file" "/run/tls/tls.crt" "key_file" "/run/tls/tls.key" -}}
{{- $_ := set $config.http "tls" (mergeOverwrite (default dict $config.http.tls) $files) -}}
{{- end -}}
{{- if .Values.spool.enabled -}}
{{- $_ := set $config "spool" (mergeOverwrite (default dict $config.spool) (dict "dir" "/var/spool/trunkline")) -}}
{{- end -}}
{{- include "trunkline.table" (dict "table" $config) -}}
{{- end -}}

{{/* Volumes and mounts every pod has, the one of `helm test` too. Mode 288 is 0440: only the pod's group reads secrets. */}}
{{- define "trunkline.volumes" -}}
- name: config
  configMap:
    name: {{ include "trunkline.fullname" . }}
{{- if .Values.secrets.files }}
- name: secrets
  secret:
    secretName: {{ include "trunkline.fullname" . }}
    defaultMode: 288
{{- end }}
{{- range $index, $name := .Values.secrets.existing }}
- name: secret-{{ $index }}
  secret:
    secretName: {{ $name }}
    defaultMode: 288
{{- end }}
{{- end -}}

{{/* Whole folders: the kubelet never updates a mount with a sub-path, so a rotated secret would not arrive. */}}
{{- define "trunkline.mounts" -}}
- {name: config, mountPath: /etc/trunkline, readOnly: true}
{{- if .Values.secrets.files }}
- {name: secrets, mountPath: /run/secrets/trunkline, readOnly: true}
{{- end }}
{{- range $index, $name := .Values.secrets.existing }}
- {name: secret-{{ $index }}, mountPath: /run/secrets/{{ $name }}, readOnly: true}
{{- end }}
{{- end -}}

{{/* What the restricted Pod Security Standard asks for. */}}
{{- define "trunkline.podSecurity" -}}
{{- toYaml (merge (dict "runAsNonRoot" true "seccompProfile" (dict "type" "RuntimeDefault")) .Values.pod.securityContext) -}}
{{- end -}}

{{- define "trunkline.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}
