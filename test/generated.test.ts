import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { renderPack } from '../src/mixin/pack.ts';
import { defaultSettings } from '../src/mixin/settings/settings.ts';
import { runCli } from './support/exporter.ts';

test('alerts/, dashboards/ and docs/ are what generate writes', async (t) => {
  const run = runCli(t, ['generate', '--docs', '--check']);
  assert.equal(await run.exit, 0, run.stderr());
});

test('nothing lies in alerts/ and dashboards/ that generate does not write', async () => {
  const written = new Set((await renderPack(defaultSettings)).keys());
  const strays = globSync('{alerts,dashboards}/**/*.*').filter((path) => !written.has(path));
  assert.deepEqual(strays, []);
});
