import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { runCommand } from '../support/command.ts';
import { assertFound, threeIncidents } from '../support/past-incidents.ts';
import { writePastLog } from '../support/past-log.ts';
import { putOnPath } from '../support/past-programs.ts';
import { tempDir } from '../support/temp-dir.ts';

before(() => putOnPath('prometheus'));

const MINUTE_MS = 60_000;
const START = Date.UTC(2026, 7, 3, 10);

test('finds the incidents of past hours, when they began, and nothing else', async (t) => {
  const folder = await tempDir(t);
  const log = join(folder, 'llm.json');
  const incidents = threeIncidents([START + 40 * MINUTE_MS, START + 95 * MINUTE_MS, START + 160 * MINUTE_MS]);
  await writePastLog(log, { seed: 5, startMs: START, endMs: START + 220 * MINUTE_MS, requestsPerSecond: 3, incidents });
  const page = join(folder, 'past.html');
  const { code, stdout } = await runCommand(['backtest', log, '--provider', 'novita', '--json', '--html', page]);
  assert.equal(code, 0);
  const told = JSON.parse(stdout);
  assertFound(told.firings, incidents);
  assert.ok(told.not_judged.some(({ reason }: { reason: string }) => /needs live metrics/.test(reason)));
  assert.deepEqual(told.failed_rules, []);
  const html = await readFile(page, 'utf8');
  assert.match(html, /<svg .*<rect class="critical"/s);
  assert.doesNotMatch(html, /<script|https?:\/\/(?!www\.w3\.org)/);
});

/** One request a second to one model; from minute 20 on every third fails, for 10 minutes, and the model's name is an attack on a page. */
async function writeSmallLog(folder: string): Promise<string> {
  const file = join(folder, 'small.log');
  const lines = Array.from({ length: 3600 }, (_, second) => {
    const isBad = second >= 1200 && second < 1800 && second % 3 === 0;
    const time = new Date(START + second * 1000).toISOString();
    return JSON.stringify({ time, path: '/v1/chat/completions', status: isBad ? 503 : 200, model: '<b>"m"' });
  });
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

const RULES = `
groups:
  - name: of-the-user
    interval: 30s
    rules:
      - record: second
        expr: first / 2
      - record: first
        expr: sum by (model) (increase(llm_requests_total{code="503"}[2m])) / sum by (model) (increase(llm_requests_total[2m]))
      - record: usual
        expr: quantile_over_time(0.9, first[3h])
      - record: loop
        expr: loop offset 1h
      - alert: Fires
        expr: second > 0.1 and first > 0.1
        for: 1m
        keep_firing_for: 2m
        labels: {severity: critical, '<i>': '<u>'}
        annotations: {summary: "<script>alert(1)</script>"}
      - alert: TooHigh
        expr: second > 0.5
        labels: {severity: warning}
      - alert: TooLong
        expr: second > 0.1
        for: 1h
      - alert: Usual
        expr: usual > 2
      - alert: Held
        expr: first > 0.1 unless on () max_over_time(ALERTS{alertname="Fires",alertstate="firing"}[10m])
      - alert: Down
        expr: up == 0
      - alert: Wrong
        expr: sum(llm_requests_total
`;

test('judges any rule file: recordings that build on one another, near misses, thresholds, and what cannot be judged', async (t) => {
  const folder = await tempDir(t);
  const log = await writeSmallLog(folder);
  const rules = join(folder, 'rules.yml');
  await writeFile(rules, RULES);
  const page = join(folder, 'past.html');
  const args = ['backtest', log, '--rules', rules, '--pages-per-week', '0', '--html', page];
  const { code, stdout } = await runCommand([...args, '--json']);
  assert.equal(code, 0);
  const told = JSON.parse(stdout);
  assert.deepEqual(
    told.firings.map(({ alert, severity, labels }: Record<string, unknown>) => [alert, severity, labels]),
    [
      ['Held', 'none', { model: '<b>"m"' }],
      ['Fires', 'critical', { model: '<b>"m"' }],
    ],
  );
  const [held, { pending, firing, resolved, peak, firing_seconds }] = told.firings;
  assert.equal(held.resolved, firing);
  const after = (text: string) => (Date.parse(text) - START) / 1000;
  assert.ok(after(pending) > 1200 && after(pending) <= 1320, pending);
  assert.equal(after(firing) - after(pending), 60);
  assert.ok(after(resolved) > 1800 + 60 && after(resolved) <= 1800 + 270, resolved);
  assert.equal(after(resolved) - after(firing), firing_seconds);
  assert.ok(Math.abs(peak - 1 / 6) < 0.02, `${peak}`);
  const misses = told.quiet.map(({ alert, nearest_miss }: Record<string, { what?: string } | null>) => [
    alert,
    nearest_miss?.what,
  ]);
  assert.equal(misses[0][0], 'TooLong');
  assert.match(misses[0][1], /^pending for \d+ s of 3600 s$/);
  assert.equal(misses[1][0], 'TooHigh');
  assert.match(misses[1][1], /^0\.1[67]\d* where it takes > 0\.5$/);
  assert.equal(misses[2][0], 'Usual');
  const reasons = Object.fromEntries(
    told.not_judged.map(({ alert, reason }: Record<string, string>) => [alert, reason]),
  );
  assert.match(reasons.Down, /no series of up/);
  assert.match(reasons.Wrong, /parse error/);
  assert.deepEqual(told.failed_rules, [{ rule: 'loop', group: 'of-the-user', reason: 'it reads itself' }]);
  const [fires] = told.thresholds;
  assert.equal(fires.comparison, '> 0.1');
  assert.equal(fires.suggested.firings, 0);
  assert.ok(fires.suggested.threshold > 0.12 && fires.suggested.threshold < 0.2, `${fires.suggested.threshold}`);
  const html = await readFile(page, 'utf8');
  assert.doesNotMatch(html, /<b>|<i>|<u>|<script/);
  assert.match(html, /&lt;b&gt;/);
  const people = await runCommand(args, { columns: 100 });
  assert.match(
    people.stdout,
    /2 alerts would have fired 2 times.*FIRED.*NEAREST MISSES.*THRESHOLDS for 0 a week.*NOT JUDGED/s,
  );
});

test('judges from and up to a moment, with what was before it in mind', async (t) => {
  const log = await writeSmallLog(await tempDir(t));
  const at = (minute: number) => new Date(START + minute * MINUTE_MS).toISOString();
  const firings = async (...range: string[]) => {
    const { code, stdout } = await runCommand(['backtest', log, '--json', ...range]);
    assert.equal(code, 0);
    return JSON.parse(stdout).firings as { pending: string; resolved: string | null }[];
  };
  assert.deepEqual(await firings('--to', at(15)), []);
  const [late] = await firings('--from', at(25), '--to', at(28));
  assert.deepEqual([late?.pending, late?.resolved], [at(25), null]);
  assert.deepEqual(await firings('--from', at(50)), []);
});

test('refuses what it cannot work with', async (t) => {
  const folder = await tempDir(t);
  const log = await writeSmallLog(folder);
  const rules = join(folder, 'rules.yml');
  await writeFile(rules, 'groups:\n  - name: a\n    rules:\n      - record: b\n        expr: c\n');
  assert.equal((await runCommand(['backtest', log, '--rules', rules])).code, 1);
  assert.equal((await runCommand(['backtest', log, '--rules', join(folder, 'none.yml')])).code, 1);
  assert.equal((await runCommand(['backtest', log, '--from', 'yesterday'])).code, 2);
  assert.equal((await runCommand(['backtest', log, '--from', '2027-01-01'])).code, 1);
});
