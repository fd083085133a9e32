{{/*
TOML of a tree of values. Helm's own toToml writes every number of a values file as a float (8080.0), which is none of the
program's integers. Texts, numbers and booleans are written alike in JSON and TOML.
*/}}

{{/* A table: what is no table first, then its tables. Takes (dict "path" "sources.acme" "table" …). */}}
{{- define "trunkline.table" -}}
{{- $path := .path -}}
{{- range $key, $value := .table }}
{{- if not (kindIs "map" $value) }}
{{ include "trunkline.key" $key }} = {{ include "trunkline.value" $value }}
{{- end }}
{{- end }}
{{- range $key, $value := .table }}
{{- if kindIs "map" $value }}
{{- $inner := include "trunkline.key" $key }}
{{- with $path }}{{ $inner = printf "%s.%s" . $inner }}{{ end }}

[{{ $inner }}]
{{- include "trunkline.table" (dict "path" $inner "table" $value) }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "trunkline.key" -}}
{{- if regexMatch "^[A-Za-z0-9_-]+$" . }}{{ . }}{{ else }}{{ toRawJson . }}{{ end -}}
{{- end -}}

{{/* A value within a line. */}}
{{- define "trunkline.value" -}}
{{- if kindIs "slice" . -}}
{{- $items := list -}}
{{- range . }}{{ $items = append $items (include "trunkline.value" .) }}{{ end -}}
[{{ join ", " $items }}]
{{- else if kindIs "map" . -}}
{{- $items := list -}}
{{- range $key, $value := . }}
{{- $items = append $items (printf "%s = %s" (include "trunkline.key" $key) (include "trunkline.value" $value)) }}
{{- end -}}
{ {{- join ", " $items -}} }
{{- else -}}
{{- toRawJson . -}}
{{- end -}}
{{- end -}}
