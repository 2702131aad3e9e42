import { defaultSettings, type MixinSettings } from '../settings/settings.ts';
import { GENERATED } from '../yaml-file.ts';

/** More alerts than this in one message are counted, not listed: Slack cuts a text at 3,000 characters. */
const MAX_LISTED = 5;

/**
 * `alerts/alertmanager/templates/llm.tmpl`: `llm.title` (one line), `llm.text` (model, code, cause, advice and links of
 * each alert) and `llm.link`. Alertmanager finds an undefined template only when it sends, and then loses the page
 * (alertmanager issue 2857); a test renders each of these.
 */
export function renderTemplate({ identityLabels }: MixinSettings = defaultSettings): string {
  // Which environment belongs into the headline; `job`, which every alert has, is worth a line of the text only.
  const inTitle = identityLabels
    .filter((label) => label !== 'job')
    .map((label) => `{{- with .CommonLabels.${label} }} ${label}={{ . }}{{ end }}\n`);
  const inText = identityLabels.map((label) => `{{- with .Labels.${label} }}${label}: {{ . }}\n{{ end }}\n`);
  return `{{/* ${GENERATED} */}}
{{ define "llm.title" -}}
[{{ .Status | toUpper }}{{ if eq .Status "firing" }} {{ .Alerts.Firing | len }}{{ end }}] {{ .CommonLabels.alertname }}
{{- with .CommonLabels.provider }} {{ . }}{{ end }}
{{- with .CommonLabels.model }} {{ . }}{{ end }}
{{- with .CommonLabels.code }} {{ . }}{{ end }}
${inTitle.join('')}{{- with .CommonAnnotations.cause }}: {{ . }}{{ end }}
{{- end }}

{{ define "llm.link" -}}
{{ with .CommonAnnotations.runbook_url }}{{ . }}{{ else }}{{ .ExternalURL }}{{ end }}
{{- end }}

{{ define "llm.text" -}}
{{ range $index, $alert := .Alerts }}
{{- if lt $index ${MAX_LISTED} }}{{ template "llm.alert" $alert }}{{ end }}
{{- end }}
{{- if gt (len .Alerts) ${MAX_LISTED} }}and more: {{ len .Alerts }} alerts in all, {{ .ExternalURL }}
{{ end }}
{{- end }}

{{ define "llm.alert" -}}
{{ .Annotations.summary }}
{{ .Annotations.description }}
{{ with .Labels.model }}Model: {{ . }}
{{ end }}
{{- with .Labels.code }}Code: {{ . }}
{{ end }}
${inText.join('')}{{- with .Annotations.cause }}Cause: {{ . }}
{{ end }}
{{- with .Annotations.advice }}Do first: {{ . }}
{{ end -}}
Runbook: {{ .Annotations.runbook_url }}
Dashboard: {{ .Annotations.dashboard_url }}

{{ end }}
`;
}
