import { defaultSettings, type MixinSettings } from '../settings/settings.ts';
import { GENERATED } from '../yaml-file.ts';

/** More alerts than this in one message are counted, not listed. */
const MAX_LISTED = 5;
/** Slack cuts a text at 3,000 characters, and one alert may have 800. */
const MAX_LISTED_IN_SLACK = 3;

/**
 * `alerts/alertmanager/templates/llm.tmpl`: `llm.title` (one line), `llm.text` (model, code, cause, advice and links of
 * each alert), `llm.link`, and the text as Slack and e-mail want it. Alertmanager finds an undefined template only when it
 * sends, and then loses the page (alertmanager issue 2857); a test has it send each of these.
 */
export function renderTemplate({ identityLabels }: MixinSettings = defaultSettings): string {
  // Which environment belongs into the headline; `job`, which every alert has, is worth a line of the text only.
  const inTitle = identityLabels
    .filter((label) => label !== 'job')
    .map((label) => `{{- with .CommonLabels.${label} }} ${label}={{ . }}{{ end }}\n`);
  const inText = identityLabels.map((label) => `{{- with .Labels.${label} }}${label}: {{ . }}\n{{ end }}\n`);
  const inHtml = identityLabels.map((label) => `{{ with .Labels.${label} }}<li>${label}: {{ . }}</li>{{ end }}\n`);
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

{{/* Slack reads &, < and > as its own: a model's name must not begin a link or call a channel. */}}
{{ define "llm.slack.text" -}}
{{ range $index, $alert := .Alerts }}
{{- if lt $index ${MAX_LISTED_IN_SLACK} }}{{ template "llm.slack.alert" $alert }}{{ end }}
{{- end }}
{{- if gt (len .Alerts) ${MAX_LISTED_IN_SLACK} }}and more: {{ len .Alerts }} alerts in all, <{{ .ExternalURL }}|Alertmanager>
{{ end }}
{{- end }}

{{ define "llm.slack.escaped" -}}
{{ . | reReplaceAll "&" "&amp;" | reReplaceAll "<" "&lt;" | reReplaceAll ">" "&gt;" }}
{{- end }}

{{ define "llm.slack.alert" -}}
{{ if eq .Status "resolved" }}Resolved: {{ end }}{{ template "llm.slack.escaped" .Annotations.summary }}
{{ template "llm.slack.escaped" .Annotations.description }}
{{ with .Annotations.cause }}Cause: {{ template "llm.slack.escaped" . }}
{{ end }}
{{- with .Annotations.advice }}Do first: {{ template "llm.slack.escaped" . }}
{{ end -}}
<{{ .Annotations.runbook_url }}|Runbook> · <{{ .Annotations.dashboard_url }}|Dashboard>

{{ end }}

{{/* Alertmanager escapes what it puts into this one: html/template. */}}
{{ define "llm.email.html" -}}
<!DOCTYPE html>
<html><body>
<h2>{{ template "llm.title" . }}</h2>
{{ range $index, $alert := .Alerts }}{{ if lt $index ${MAX_LISTED} }}
<p><b>{{ if eq .Status "resolved" }}Resolved: {{ end }}{{ .Annotations.summary }}</b></p>
<p>{{ .Annotations.description }}</p>
<ul>
{{ with .Labels.model }}<li>Model: {{ . }}</li>{{ end }}
{{ with .Labels.code }}<li>Code: {{ . }}</li>{{ end }}
${inHtml.join('')}{{ with .Annotations.cause }}<li>Cause: {{ . }}</li>{{ end }}
{{ with .Annotations.advice }}<li>Do first: {{ . }}</li>{{ end }}
</ul>
<p><a href="{{ .Annotations.runbook_url }}">Runbook</a> · <a href="{{ .Annotations.dashboard_url }}">Dashboard</a></p>
{{ end }}{{ end }}
{{ if gt (len .Alerts) ${MAX_LISTED} }}<p>and more: {{ len .Alerts }} alerts in all, <a href="{{ .ExternalURL }}">Alertmanager</a></p>{{ end }}
</body></html>
{{- end }}

{{ define "llm.alert" -}}
{{ if eq .Status "resolved" }}Resolved: {{ end }}{{ .Annotations.summary }}
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
