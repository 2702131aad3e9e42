import type * as cog from '@grafana/grafana-foundation-sdk/cog';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { promql, type Query } from '../promql.ts';
import type { MixinSettings } from '../settings/settings.ts';
import { DATASOURCE } from './panels.ts';
import { scope, TARGET_SCOPE } from './scope.ts';

/** A row of panels under a title. */
export interface Row {
  readonly title: string;
  readonly panels: readonly cog.Builder<dashboard.Panel>[];
}

export interface Frame {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
}

const TAG = 'llm-exporter';

/** What every dashboard of the pack has in common: variables, annotations, links, and panels with ids of their own. */
export function buildDashboard(settings: MixinSettings, frame: Frame): dashboard.Dashboard {
  const builder = new dashboard.DashboardBuilder(frame.title)
    .uid(frame.uid)
    .description(frame.description)
    .tags([TAG])
    .readonly()
    .timezone('browser')
    .time({ from: 'now-3h', to: 'now' })
    .refresh('30s')
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .link(dashboardsLink())
    .variables(variables(settings));
  for (const annotation of annotations()) builder.annotation(annotation);
  for (const row of frame.rows) {
    builder.withRow(new dashboard.RowBuilder(row.title));
    for (const panel of row.panels) builder.withPanel(panel);
  }
  return finished(builder.build());
}

/**
 * Panel ids must differ; ours follow the order, so a link to a panel survives a change of others below. The SDK's
 * default placement would hide links and annotations in a menu.
 */
function finished(built: dashboard.Dashboard): dashboard.Dashboard {
  const panels = (built.panels ?? []).map((panel, index) => ({ ...panel, id: index + 1 }));
  const links = built.links?.map(({ placement: _, ...link }) => link);
  const list = built.annotations?.list?.map(({ placement: _, ...shown }) => shown);
  return { ...built, id: null, panels, ...(links && { links }), ...(list && { annotations: { list } }) };
}

function dashboardsLink(): dashboard.DashboardLinkBuilder {
  return new dashboard.DashboardLinkBuilder('LLM dashboards')
    .type(dashboard.DashboardLinkType.Dashboards)
    .tags([TAG])
    .asDropdown(true)
    .includeVars(true)
    .keepTime(true);
}

interface Variable {
  readonly name: string;
  readonly label: string;
  readonly query: string;
  /** `.+` for a label that every series has; `.*` where it may be missing. */
  readonly all: '.+' | '.*';
}

function variables({ selector }: MixinSettings): cog.Builder<dashboard.VariableModel>[] {
  const info = `llm_exporter_build_info${selector === '' ? '' : `{${selector}}`}`;
  const requests = (more: string): string => `llm_requests_total{${TARGET_SCOPE}${more}}`;
  const list: readonly Variable[] = [
    { name: 'cluster', label: 'cluster', query: values(info, 'cluster'), all: '.*' },
    { name: 'namespace', label: 'namespace', query: values(info, 'namespace'), all: '.*' },
    { name: 'job', label: 'job', query: values(info, 'job'), all: '.+' },
    {
      name: 'instance',
      label: 'instance',
      query: values('llm_exporter_build_info{job=~"$job"}', 'instance'),
      all: '.+',
    },
    { name: 'provider', label: 'provider', query: values(requests(''), 'provider'), all: '.+' },
    { name: 'model', label: 'model', query: values(requests(',provider=~"$provider"'), 'model'), all: '.+' },
    { name: 'code', label: 'code', query: values(requests(',model=~"$model"'), 'code'), all: '.+' },
    { name: 'cause', label: 'cause', query: values(requests(',code=~"$code"'), 'cause'), all: '.+' },
  ];
  return [
    new dashboard.DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
    ...list.map(queryVariable),
  ];
}

function values(series: string, label: string): string {
  return `label_values(${series}, ${label})`;
}

function queryVariable({ name, label, query, all }: Variable): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query({ query, refId: `variable-${name}` })
    .definition(query)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(all)
    .current({ text: ['All'], value: ['$__all'] });
}

/** Events drawn over every graph: what fired, and what was changed just before. */
function annotations(): dashboard.AnnotationQueryBuilder[] {
  const reload = scope.gauge('llm_exporter_config_last_reload_success_timestamp_seconds');
  const info = scope.gauge('llm_exporter_build_info');
  return [
    annotation({
      name: 'Alerts',
      color: 'red',
      query: scope.alerts('firing'),
      title: '{{alertname}}',
      text: '{{severity}} {{provider}} {{model}} {{code}}',
    }),
    annotation({
      name: 'Configuration reloads',
      color: 'blue',
      query: promql`changes(${reload}[$__rate_interval]) > 0`,
      title: 'Configuration loaded',
      text: '{{instance}}',
    }),
    annotation({
      name: 'Deploys and restarts',
      color: 'purple',
      query: promql`changes(${scope.processStart()}[$__rate_interval]) > 0 and on (job, instance) ${info}`,
      title: 'Exporter started',
      text: '{{instance}}',
    }),
  ];
}

interface Annotation {
  readonly name: string;
  readonly color: string;
  readonly query: Query;
  readonly title: string;
  readonly text: string;
}

function annotation({ name, color, query, title, text }: Annotation): dashboard.AnnotationQueryBuilder {
  return new dashboard.AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(color)
    .expr(query.text)
    .step('60s')
    .titleFormat(title)
    .textFormat(text);
}
