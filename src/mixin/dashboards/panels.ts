import * as common from '@grafana/grafana-foundation-sdk/common';
import {
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as GraphBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { Query } from '../promql.ts';

/** The one data source of a dashboard: whatever its first variable says. */
export const DATASOURCE = { type: 'prometheus', uid: '$datasource' } as const;

/** A query and what its lines are called. */
export interface Target {
  readonly expr: string;
  readonly legend: string;
}

/** Lines named by some of the labels that the query keeps; another label does not compile. */
export function byLabels<L extends string>(query: Query<L>, labels: readonly L[], prefix = ''): Target {
  return { expr: query.text, legend: prefix + labels.map((label) => `{{${label}}}`).join(' ') };
}

/** One line with a fixed name. */
export function named(query: Query, legend: string): Target {
  return { expr: query.text, legend };
}

/** A level from which on a value is drawn in another colour. */
export interface Step {
  readonly from: number;
  readonly color: string;
}

export interface PanelOptions {
  readonly title: string;
  /** What it shows, why it matters, what to do. */
  readonly description: string;
  /** A unit of Grafana's value formats: `reqps`, `s`, `percentunit`. */
  readonly unit: string;
  /** Of 24 columns. */
  readonly width: number;
  readonly height?: number;
  readonly targets: readonly Target[];
  /** Shown when there is nothing to show; says whether that is idle or broken. */
  readonly noValue: string;
  readonly steps?: readonly Step[];
  readonly base?: string;
  readonly max?: number;
  readonly decimals?: number;
  readonly mappings?: readonly dashboard.ValueMapping[];
  readonly links?: readonly Link[];
}

export interface Link {
  readonly title: string;
  readonly url: string;
}

/** A status code has the same colour in every panel: 5xx warm, limits yellow, the caller's own faults blue, 2xx green. */
const CODE_COLORS: Readonly<Record<string, string>> = {
  '200': '#56A64B',
  '400': '#8AB8FF',
  '401': '#5794F2',
  '403': '#3274D9',
  '404': '#1F60C4',
  '429': '#F2CC0C',
  '499': '#8E8E8E',
  '500': '#E02F44',
  '502': '#FF780A',
  '503': '#C4162A',
  '504': '#A352CC',
  '524': '#8F3BB8',
};

/** The height of most panels, in rows of Grafana's grid. */
const HEIGHT = 8;

/** The kinds of panel, all drawn in the same manner. */
export interface Panels {
  /** Lines over time, with a line at each threshold. */
  graph(options: PanelOptions & { readonly stacked?: boolean }): GraphBuilder;
  /** One number for now. */
  stat(options: PanelOptions): StatBuilder;
  /** Rows for now, one per series. */
  table(options: TableOptions): TableBuilder;
}

export interface TableOptions extends PanelOptions {
  /** The labels shown, in their order, before the value. */
  readonly columns: readonly string[];
  readonly valueName: string;
  /** Where a click on a model leads. */
  readonly modelLink?: string;
}

/** `minStep`: the scrape interval, which Grafana cannot know and takes for 15 s; graphs of slower scrapes stay empty. */
export function createPanels({ minStep }: { readonly minStep: string }): Panels {
  return {
    graph: (options) => graph(options).interval(minStep),
    stat: (options) => stat(options).interval(minStep),
    table: (options) => table(options).interval(minStep),
  };
}

type CommonBuilder = GraphBuilder | StatBuilder | TableBuilder;

function fill<B extends CommonBuilder>(builder: B, options: PanelOptions): B {
  const { base = 'green', steps = [], height = HEIGHT, decimals, max } = options;
  builder
    .title(options.title)
    .description(options.description)
    .datasource(DATASOURCE)
    .unit(options.unit)
    .span(options.width)
    .height(height)
    .min(0)
    .noValue(options.noValue)
    .links((options.links ?? []).map(panelLink))
    .thresholds(
      new dashboard.ThresholdsConfigBuilder()
        .mode(dashboard.ThresholdsMode.Absolute)
        .steps([{ value: null, color: base }, ...steps.map(({ from, color }) => ({ value: from, color }))]),
    );
  if (max !== undefined) builder.max(max);
  if (decimals !== undefined) builder.decimals(decimals);
  if (options.mappings !== undefined) builder.mappings([...options.mappings]);
  return builder;
}

function panelLink({ title, url }: Link): dashboard.DashboardLinkBuilder {
  return new dashboard.DashboardLinkBuilder(title).url(url).targetBlank(true);
}

function query({ expr, legend }: Target, index: number): DataqueryBuilder {
  const refId = String.fromCharCode('A'.charCodeAt(0) + index);
  return new DataqueryBuilder().datasource(DATASOURCE).refId(refId).expr(expr).legendFormat(legend);
}

function graph(options: PanelOptions & { readonly stacked?: boolean }): GraphBuilder {
  const builder = fill(new GraphBuilder(), options)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.Table)
        .placement(common.LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['lastNotNull', 'max']),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending))
    .lineWidth(1)
    .fillOpacity(options.stacked === true ? 40 : 8)
    .showPoints(common.VisibilityMode.Never)
    // A gap is a gap: joining it would draw health where nothing was measured.
    .spanNulls(false);
  if (options.stacked === true) builder.stacking(new StackingConfigBuilder().mode(common.StackingMode.Normal));
  if (options.steps !== undefined) {
    builder.thresholdsStyle(
      new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed),
    );
  }
  for (const [index, target] of options.targets.entries()) builder.withTarget(query(target, index).range());
  for (const [code, color] of Object.entries(CODE_COLORS)) {
    builder.overrideByName(code, [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }]);
  }
  return builder;
}

function stat(options: PanelOptions): StatBuilder {
  const builder = fill(new StatBuilder(), options)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
    .colorMode(options.steps === undefined ? common.BigValueColorMode.None : common.BigValueColorMode.Background)
    .graphMode(common.BigValueGraphMode.None);
  for (const [index, target] of options.targets.entries()) builder.withTarget(query(target, index).instant());
  return builder;
}

function table(options: TableOptions): TableBuilder {
  const builder = fill(new TableBuilder(), options).withTransformation({
    id: 'organize',
    options: {
      excludeByName: { Time: true },
      indexByName: Object.fromEntries([...options.columns, 'Value'].map((column, index) => [column, index])),
      renameByName: { Value: options.valueName },
    },
  });
  for (const [index, target] of options.targets.entries()) {
    builder.withTarget(query(target, index).instant().format(PromQueryFormat.Table));
  }
  if (options.modelLink !== undefined) {
    const link = { title: 'Open the model', url: options.modelLink };
    builder.overrideByName('model', [{ id: 'links', value: [link] }]);
  }
  return builder;
}
