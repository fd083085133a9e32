{{/* The pod of a workload. Takes (dict "root" $ "role" "ingest"). */}}
{{- define "trunkline.pod" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
{{- $role := index $values.roles .role -}}
{{- $http := $values.config.http -}}
{{- $stateful := eq (include "trunkline.kind" .) "StatefulSet" -}}
{{- $takesCallbacks := eq .role (include "trunkline.callbacks" $root) -}}
metadata:
  annotations:
    # The configuration is read at start only. (Secrets are not in here: they are read again while running.)
    checksum/config: {{ include "trunkline.toml" $root | sha256sum }}
    {{- with $values.pod.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  # Not the chart's version: a new dashboard is no reason to replace pods.
  labels:
    {{- include "trunkline.selector" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
    {{- with merge dict $values.pod.labels $values.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "trunkline.serviceAccount" $root }}
  # trunkline never talks to the API server.
  automountServiceAccountToken: false
  enableServiceLinks: false
  {{- with $values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "trunkline.podSecurity" $root | nindent 4 }}
  # The program drains by itself, so there is no preStop hook: not ready, drain_delay_ms, requests under way at most
  # drain_timeout_ms, then at most 23 s for the poller, the spool, what they wrote and dedup's last commit, and a margin.
  terminationGracePeriodSeconds: {{ add (div (add $http.drain_delay_ms $http.drain_timeout_ms 999) 1000) 25 }}
  containers:
    - name: trunkline
      image: {{ include "trunkline.image" $root | quote }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      args:
        - serve
        - --config=/etc/trunkline/trunkline.toml
        {{- if ne .role "all" }}
        - --role={{ .role }}
        {{- end }}
      {{- $instance := and $stateful (or (eq .role "dedup") (eq .role "all")) }}
      {{- if or $instance $values.pod.env }}
      env:
        {{- if $instance }}
        - name: TRUNKLINE__DEDUP__INSTANCE
          valueFrom: {fieldRef: {fieldPath: metadata.name}}
        {{- end }}
        {{- with $values.pod.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
      ports:
        {{- if $takesCallbacks }}
        - {name: callbacks, containerPort: {{ include "trunkline.port" $http.listen }}}
        {{- end }}
        - {name: admin, containerPort: {{ include "trunkline.port" $values.config.admin.listen }}}
      # Alive needs no Kafka: a restart would not bring it back. Ready asks for it.
      startupProbe:
        httpGet: {path: /livez, port: admin}
        {{- toYaml $values.probes.startup | nindent 8 }}
      livenessProbe:
        httpGet: {path: /livez, port: admin}
        {{- toYaml $values.probes.liveness | nindent 8 }}
      readinessProbe:
        httpGet: {path: /readyz, port: admin}
        {{- toYaml $values.probes.readiness | nindent 8 }}
      resources:
        {{- toYaml $role.resources | nindent 8 }}
      securityContext:
        {{- include "trunkline.containerSecurity" $root | nindent 8 }}
      volumeMounts:
        {{- include "trunkline.mounts" $root | nindent 8 }}
        {{- if $takesCallbacks }}
        {{- if $values.tls.secretName }}
        - {name: tls, mountPath: /run/tls, readOnly: true}
        {{- end }}
        {{- if $values.spool.enabled }}
        - {name: spool, mountPath: /var/spool/trunkline}
        {{- end }}
        {{- end }}
  volumes:
    {{- include "trunkline.volumes" $root | nindent 4 }}
    {{- if $takesCallbacks }}
    {{- with $values.tls.secretName }}
    - name: tls
      secret: {secretName: {{ . }}, defaultMode: 288}
    {{- end }}
    {{- if and $values.spool.enabled (not $values.spool.persistent) }}
    - name: spool
      emptyDir: {sizeLimit: {{ $values.spool.size }}}
    {{- end }}
    {{- end }}
  {{- with $values.topologySpread }}
  topologySpreadConstraints:
    {{- range . }}
    - {{ toYaml . | nindent 6 | trim }}
      labelSelector:
        matchLabels:
          {{- include "trunkline.selector" $root | nindent 10 }}
          app.kubernetes.io/component: {{ $.role }}
    {{- end }}
  {{- end }}
  {{- with $values.pod.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.pod.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.pod.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.pod.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
{{- end -}}
