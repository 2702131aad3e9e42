/** What tests read of a dashboard's JSON. */
export interface DashboardJson {
  readonly id: unknown;
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
  readonly schemaVersion: number;
  readonly editable: boolean;
  readonly refresh: string;
  readonly timezone: string;
  readonly graphTooltip: number;
  readonly panels: readonly PanelJson[];
  readonly templating: { readonly list: readonly VariableJson[] };
  readonly annotations: { readonly list: readonly AnnotationJson[] };
  readonly links: readonly { readonly [key: string]: unknown }[];
}

export interface PanelJson {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly interval?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly links?: readonly { readonly url: string }[];
  readonly targets?: readonly TargetJson[];
  readonly options?: { readonly legend?: { readonly displayMode: string; readonly calcs: readonly string[] } };
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly min?: number;
      readonly max?: number;
      readonly noValue?: string;
      readonly thresholds?: { readonly steps: readonly { readonly value: number | null; readonly color: string }[] };
    };
    readonly overrides: readonly {
      readonly matcher: { readonly options: unknown };
      readonly properties: readonly { readonly id: string; readonly value: unknown }[];
    }[];
  };
}

export interface TargetJson {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  readonly datasource: { readonly uid: string };
}

export interface VariableJson {
  readonly name: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
  readonly datasource?: { readonly uid: string };
  readonly refresh?: number;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly allValue?: string;
  readonly current?: { readonly value: unknown };
}

export interface AnnotationJson {
  readonly name: string;
  readonly expr: string;
  readonly datasource: { readonly uid: string };
}

export interface DashboardQuery {
  /** Title of the panel. */
  readonly panel: string;
  readonly expr: string;
  readonly legend: string;
}

/** The queries of all panels, as Grafana would send them but for its variables. */
export function dashboardQueries(dashboard: DashboardJson): readonly DashboardQuery[] {
  return dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({ panel: title, expr, legend: legendFormat })),
  );
}

export interface VariableQuery {
  readonly variable: string;
  /** Series selector whose values of `label` are offered: `GET /api/v1/label/<label>/values?match[]=<series>`. */
  readonly series: string;
  readonly label: string;
}

/** The queries that fill the variables: `label_values(series, label)` and nothing else. */
export function variableQueries(dashboard: DashboardJson): readonly VariableQuery[] {
  return dashboard.templating.list.flatMap(({ name, query }) => {
    const parts = /^label_values\((?<series>.+), (?<label>\w+)\)$/.exec(
      typeof query === 'string' ? query : query.query,
    );
    return parts?.groups === undefined
      ? []
      : [{ variable: name, series: parts.groups.series ?? '', label: parts.groups.label ?? '' }];
  });
}

/** Replaces Grafana's variables: every selection is "All", ranges are those given. */
export function expandVariables(
  dashboard: DashboardJson,
  expr: string,
  { rateInterval, range }: { readonly rateInterval: string; readonly range: string },
): string {
  const all = dashboard.templating.list.map(({ name, allValue = '' }) => [name, allValue] as const);
  const values = new Map<string, string>([['__rate_interval', rateInterval], ['__range', range], ...all]);
  return expr.replace(/\$(\w+)/g, (text, name: string) => values.get(name) ?? text);
}

/** A dashboard from its file. */
export function parseDashboard(text: string): DashboardJson {
  // The structural test of the dashboards finds what does not have this shape.
  return JSON.parse(text) as DashboardJson;
}
