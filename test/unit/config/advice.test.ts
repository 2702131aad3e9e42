import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCatalogue } from '../../../src/classify/catalogue.ts';
import { adviceOn } from '../../../src/config/proxy/advice.ts';
import { configSchema } from '../../../src/config/schema.ts';

const CATALOGUE = loadCatalogue();

/** The settings that are warned of, by what is configured. */
function warned(timeouts: object, providers: object = {}): readonly string[] {
  const config = configSchema.parse({ proxy: { upstream: 'https://api.novita.ai', timeouts }, providers });
  return adviceOn(config, CATALOGUE).map(({ setting, message }) => `${setting}: ${message}`);
}

test('the defaults need no warning, and nor does a configuration without a proxy', () => {
  assert.deepEqual(warned({}), []);
  assert.deepEqual(adviceOn(configSchema.parse({}), CATALOGUE), []);
});

test('timeouts on the way to a first byte below 60 s are warned of, that of the connection is not', () => {
  assert.deepEqual(warned({ headers: '60s', idle: '60s', total: '60s', connect: '1s' }), []);
  const all = warned({ headers: '30s', idle: '59s', total: '500ms', connect: '1s' });
  assert.deepEqual(
    all.map((text) =>
      text
        .split(':', 2)
        .join(':')
        .replace(/ is .*/, ''),
    ),
    ['proxy.timeouts.headers: 30s', 'proxy.timeouts.idle: 59s', 'proxy.timeouts.total: 0.5s'],
  );
  assert.ok(all.every((text) => text.includes('below 60s') && text.endsWith('set it above 60s')));
});

test('more connections than there may be open files for are warned of, in each process', () => {
  const told = (limits: object, openFiles: number | undefined) => {
    const config = configSchema.parse({ proxy: { upstream: 'https://api.novita.ai', ...limits } });
    return adviceOn(config, CATALOGUE, () => openFiles).map(({ setting, message }) => `${setting}: ${message}`);
  };
  assert.deepEqual(told({}, 64), []);
  assert.deepEqual(told({ max_connections: 420 }, 1024), []);
  assert.deepEqual(told({ max_connections: 1_000_000 }, undefined), []);
  const [one, ...others] = told({ max_connections: 421 }, 1024);
  assert.match(
    one ?? '',
    /^proxy\.max_connections: 421 is more than the limit of 1024 open files leaves room for, which is 420: .* \(ulimit -n/,
  );
  assert.deepEqual(others, []);
  assert.deepEqual(told({ max_connections: 840, workers: 2 }, 1024), []);
  assert.match(told({ max_connections: 841, workers: 2 }, 1024)[0] ?? '', /1024 open files a process .* which is 840/);
});

test('a gateway that waits longer than we do is warned of, if it is behind this proxy', () => {
  const providers = { novita: { gateway_timeout: '300s' }, elsewhere: { gateway_timeout: '1h' } };
  assert.deepEqual(warned({ headers: '300s' }, providers), []);
  const [only, ...others] = warned({ headers: '120s' }, providers);
  assert.match(only ?? '', /^providers\.novita\.gateway_timeout: 300s is above proxy\.timeouts\.headers, 120s/);
  assert.deepEqual(others, []);
});
