import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parser } from '@prometheus-io/lezer-promql';
import { renderPack } from '../../../src/mixin/pack.ts';
import { defaultSettings } from '../../../src/mixin/settings/settings.ts';
import {
  type DashboardJson,
  dashboardQueries,
  expandVariables,
  type PanelJson,
  parseDashboard,
  variableQueries,
} from '../../support/dashboard-queries.ts';

const files = await renderPack(defaultSettings);
const dashboards = [...files]
  .filter(([path]) => /^dashboards\/llm-\w+\.json$/.test(path))
  .map(([path, text]) => ({ path, text, dashboard: parseDashboard(text) }));

/** Ids of Grafana's value formats that we use; a misspelt one shows as text beside the number. */
const UNITS = ['none', 'short', 'percentunit', 'reqps', 'cps', 's', 'bytes'];
const VARIABLES = ['datasource', 'cluster', 'namespace', 'job', 'instance', 'provider', 'model', 'code', 'cause'];

const panelsOf = ({ panels }: DashboardJson): readonly PanelJson[] => panels.filter(({ type }) => type !== 'row');

function everyDashboard(check: (dashboard: DashboardJson, text: string) => void): () => void {
  return () => {
    assert.deepEqual(dashboards.map(({ path }) => path).sort(), [
      'dashboards/llm-overview.json',
      'dashboards/llm-provider.json',
    ]);
    for (const { dashboard, text } of dashboards) check(dashboard, text);
  };
}

function everyPanel(check: (panel: PanelJson, dashboard: DashboardJson) => void): () => void {
  return everyDashboard((dashboard) => {
    assert.ok(panelsOf(dashboard).length >= 10 && panelsOf(dashboard).length < 25);
    for (const panel of panelsOf(dashboard)) check(panel, dashboard);
  });
}

describe('each dashboard', () => {
  test(
    'has a stable uid, no id, tags, a schema that provisioning takes, and cannot be edited in place',
    everyDashboard((dashboard) => {
      assert.match(dashboard.uid, /^llm-[a-z-]{1,36}$/);
      assert.equal(dashboard.id, null);
      assert.deepEqual(dashboard.tags, ['llm-exporter']);
      assert.ok(dashboard.schemaVersion <= 42);
      assert.equal(dashboard.editable, false);
      assert.match(dashboard.timezone, /^(browser|utc)$/);
      assert.equal(dashboard.refresh, '30s');
      assert.equal(dashboard.graphTooltip, 1);
    }),
  );

  test(
    'takes its data from its one datasource variable, nowhere else',
    everyDashboard((dashboard, text) => {
      const { list } = dashboard.templating;
      assert.deepEqual(
        list.filter(({ type }) => type === 'datasource').map(({ name, query }) => [name, query]),
        [['datasource', 'prometheus']],
      );
      assert.equal(list[0]?.current, undefined);
      assert.doesNotMatch(text, /__inputs|DS_PROMETHEUS/);
      const uids = [...text.matchAll(/"uid": "([^"]*)"/g)].map(([, uid]) => uid).filter((uid) => uid !== dashboard.uid);
      assert.deepEqual([...new Set(uids)], ['$datasource']);
    }),
  );

  test(
    'has the variables of the pack: many values, "All", filled anew when the time range changes',
    everyDashboard((dashboard) => {
      assert.deepEqual(
        dashboard.templating.list.map(({ name }) => name),
        VARIABLES,
      );
      for (const variable of dashboard.templating.list.slice(1)) {
        assert.equal(variable.multi, true);
        assert.equal(variable.includeAll, true);
        assert.equal(variable.refresh, 2);
        assert.equal(variable.allValue, ['cluster', 'namespace'].includes(variable.name) ? '.*' : '.+', variable.name);
        assert.deepEqual(variable.current?.value, ['$__all']);
      }
      const queried = variableQueries(dashboard);
      assert.deepEqual(
        queried.map(({ variable, label }) => [variable, label]),
        VARIABLES.slice(1).map((name) => [name, name]),
      );
    }),
  );

  test(
    'uses each of its variables, and none that it lacks',
    everyDashboard((_, text) => {
      const used = new Set([...text.matchAll(/\$\{?(?!__)([a-z]+)/g)].map(([, name]) => name));
      assert.deepEqual([...used].sort(), [...VARIABLES].sort());
    }),
  );

  test(
    'draws alerts, reloads and restarts over its graphs',
    everyDashboard(({ annotations: { list } }) => {
      assert.deepEqual(
        list.map(({ name }) => name),
        ['Alerts', 'Configuration reloads', 'Deploys and restarts'],
      );
      assert.match(list[0]?.expr ?? '', /^ALERTS\{alertstate="firing",component=~"llm-\.\+"\}$/);
    }),
  );

  test(
    'links to the others, with variables and time',
    everyDashboard(({ links }) => {
      assert.equal(links.length, 1);
      const { asDropdown, includeVars, keepTime, tags, placement } = links[0] ?? {};
      assert.deepEqual(
        { asDropdown, includeVars, keepTime, tags, placement },
        { asDropdown: true, includeVars: true, keepTime: true, tags: ['llm-exporter'], placement: undefined },
      );
    }),
  );

  test(
    'has panels with ids that differ, inside the grid, none over another',
    everyDashboard(({ panels }) => {
      assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
      const cells = new Set<string>();
      for (const { title, gridPos } of panels) {
        assert.ok(gridPos.x >= 0 && gridPos.x + gridPos.w <= 24, title);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
            assert.ok(!cells.has(`${x},${y}`), `${title} lies over another panel`);
            cells.add(`${x},${y}`);
          }
        }
      }
    }),
  );

  test(
    'has titles that differ',
    everyDashboard(({ panels }) => {
      assert.equal(new Set(panels.map(({ title }) => title)).size, panels.length);
    }),
  );
});

describe('each panel', () => {
  test(
    'has a title, a description that says something, a data source and a query',
    everyPanel(({ title, description = '', datasource, targets = [] }) => {
      assert.ok(title.length > 0);
      assert.ok(description.length > 60, `${title}: ${description}`);
      assert.equal(datasource?.uid, '$datasource');
      assert.ok(targets.length > 0, title);
      assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length);
      for (const target of targets) assert.equal(target.datasource.uid, '$datasource');
    }),
  );

  test(
    'has a unit that exists, a minimum, and a maximum of 1 when it shows a state',
    everyPanel(({ title, type, fieldConfig }) => {
      const { unit, min } = fieldConfig?.defaults ?? {};
      assert.ok(UNITS.includes(unit ?? ''), `${title}: ${unit}`);
      assert.equal(min, 0, title);
      assert.ok(['timeseries', 'stat', 'table'].includes(type));
    }),
  );

  test(
    'says what its emptiness means',
    everyPanel(({ title, fieldConfig }) => {
      assert.ok((fieldConfig?.defaults.noValue ?? '').length > 10, title);
    }),
  );

  test(
    'has a minimum step equal to the scrape interval: Grafana assumes 15 s',
    everyPanel(({ title, interval }) => {
      assert.equal(interval, '30s', title);
    }),
  );

  test(
    'rates counters over $__rate_interval or the range shown, never over a fixed window',
    everyPanel(({ title, targets = [] }) => {
      for (const { expr } of targets) {
        const windows = [...expr.matchAll(/(\w+)\([^()]*\[([^\]]+)\]/g)].map(([, name, window]) => [name, window]);
        for (const [name, window = ''] of windows) {
          if (name === 'last_over_time') continue; // A memory, not a rate.
          assert.ok(['$__rate_interval', '$__range'].includes(window), `${title}: ${window}`);
        }
        assert.doesNotMatch(expr, /vector\(0\)|_total\{[^}]*\}(?!\[)/, `${title}: ${expr}`);
      }
    }),
  );

  test(
    'filters scraped series by all of cluster, namespace, job and instance',
    everyPanel(({ title, targets = [] }) => {
      for (const { expr } of targets) {
        for (const [, name = '', matchers = ''] of expr.matchAll(/([a-zA-Z_:][\w:]*)\{([^}]*)\}/g)) {
          // Alert state belongs to Prometheus; recording rules have summed the instances up.
          if (name === 'ALERTS') continue;
          const labels = name.includes(':')
            ? ['cluster', 'namespace', 'job']
            : ['cluster', 'namespace', 'job', 'instance'];
          for (const label of labels)
            assert.ok(matchers.includes(`${label}=~"$${label}"`), `${title}: ${name} lacks ${label}`);
        }
      }
    }),
  );

  test(
    'names its lines by labels that its query keeps',
    everyDashboard((dashboard) => {
      for (const { panel, expr, legend } of dashboardQueries(dashboard)) {
        const kept = keptLabels(expandVariables(dashboard, expr, { rateInterval: '2m', range: '1h' }));
        for (const [, label = ''] of legend.matchAll(/\{\{(\w+)\}\}/g))
          assert.ok(kept.includes(label), `${panel}: ${label} of ${kept}`);
      }
    }),
  );

  test(
    'tells a model of one provider from that of another by its lines',
    everyPanel(({ title, targets = [] }) => {
      for (const { legendFormat } of targets)
        if (legendFormat.includes('{{model}}')) assert.ok(legendFormat.includes('{{provider}}'), title);
    }),
  );

  test(
    'has thresholds of its own, never the default of 80',
    everyPanel(({ title, fieldConfig }) => {
      const steps = fieldConfig?.defaults.thresholds?.steps ?? [];
      assert.equal(steps[0]?.value, null, title);
      assert.ok(steps.every(({ value }) => value !== 80));
      assert.deepEqual(
        steps.map(({ value }) => value ?? 0),
        steps.map(({ value }) => value ?? 0).sort((a, b) => a - b),
      );
    }),
  );

  test(
    'that is a graph has a table legend with last and max',
    everyPanel(({ title, type, options }) => {
      if (type !== 'timeseries') return;
      assert.equal(options?.legend?.displayMode, 'table', title);
      assert.deepEqual(options?.legend?.calcs, ['lastNotNull', 'max'], title);
    }),
  );

  test(
    'that is a graph gives a status code the same colour everywhere',
    everyPanel(({ title, type, fieldConfig }) => {
      if (type !== 'timeseries') return;
      const of503 = fieldConfig?.overrides.find(({ matcher }) => matcher.options === '503');
      assert.deepEqual(of503?.properties, [{ id: 'color', value: { mode: 'fixed', fixedColor: '#C4162A' } }], title);
    }),
  );
});

describe('numbers and links', () => {
  const find = (title: string) =>
    dashboards.flatMap(({ dashboard }) => panelsOf(dashboard)).find((panel) => panel.title === title);
  const { thresholds, slo } = defaultSettings;

  test('the lines drawn are the thresholds of the alerts', () => {
    const { LLMApi503Spike, LLMApi503SpikeSevere, LLMApi504Spike } = thresholds;
    const expected = [
      LLMApi503Spike.warning,
      LLMApi503SpikeSevere.critical,
      LLMApi504Spike.warning,
      LLMApi504Spike.critical,
    ]
      .map(({ share }) => share)
      .sort((a, b) => a - b);
    for (const title of ['Share of alerted codes by model', 'Share of alerted codes and usual level']) {
      assert.deepEqual(
        find(title)
          ?.fieldConfig?.defaults.thresholds?.steps.slice(1)
          .map(({ value }) => value),
        expected,
        title,
      );
    }
    assert.equal(find('Availability, last 1h')?.fieldConfig?.defaults.thresholds?.steps[1]?.value, slo.objective);
  });

  test('every panel link leads to a runbook that exists', () => {
    const urls = dashboards
      .flatMap(({ dashboard }) => panelsOf(dashboard))
      .flatMap(({ links = [] }) => links.map(({ url }) => url));
    assert.ok(urls.length >= 7);
    for (const url of urls) {
      assert.ok(url.startsWith(`${defaultSettings.runbookBaseUrl}/`));
      assert.ok(files.has(`alerts/runbooks/${url.split('/').at(-1)}`), url);
    }
  });

  test('a click on a model opens the drill-down, with its variables', () => {
    for (const title of ['Alerts firing', 'What failed most']) {
      const override = find(title)?.fieldConfig?.overrides.find(({ matcher }) => matcher.options === 'model');
      assert.match(JSON.stringify(override), /\/d\/llm-provider\?.*var-model=\$\{__data\.fields\.model\}/);
    }
  });
});

/** Labels of the result of a query: those of its outermost aggregation, else of the recorded name. */
function keptLabels(expr: string): readonly string[] {
  const kept: string[] = [];
  parser.parse(expr).iterate({
    enter({ name, node }) {
      if (name === 'AggregateModifier') {
        for (const label of node.getChild('GroupingLabels')?.getChildren('LabelName') ?? [])
          kept.push(expr.slice(label.from, label.to));
        return false;
      }
      return true;
    },
  });
  const level = /^([a-z_]+):/.exec(expr)?.[1];
  return level === undefined ? kept : level.split('_');
}
