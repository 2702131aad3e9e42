import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteSpec } from '../../../../../src/input/proxy/routing/route.ts';
import { createRouter, type RoutedRequest } from '../../../../../src/input/proxy/routing/router.ts';
import { createGuard } from '../../../../../src/input/proxy/tap/guard.ts';
import { DEFAULT_TIMEOUTS } from '../../../../../src/input/proxy/upstream/upstream.ts';
import { createLog } from '../../../../../src/log.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';
import { systemNames } from '../../../../support/names.ts';
import { createRecordingSink } from '../../../../support/recording-sink.ts';

const log = createLog({ write: () => undefined });
const context = () => ({
  ...{ timeouts: DEFAULT_TIMEOUTS, maxHeaderBytes: 65_536, clock: createManualClock(), log },
  ...{ sink: createRecordingSink(), guard: createGuard(log), names: systemNames() },
});

const spec = (name: string, others: Partial<RouteSpec> = {}, url = `http://${name}.example`): RouteSpec => ({
  name,
  target: { url, provider: name },
  ...others,
});

const request = (url: string, headers: Readonly<Record<string, string>> = {}): RoutedRequest => ({
  url,
  headers: Object.entries({ host: 'localhost:8503', ...headers }).flat(),
});

/** Who gets a request, and what it is then asked for; or our own answer. */
function ask(specs: readonly RouteSpec[], ...asked: Parameters<typeof request>): string {
  const { route, path, refusal } = createRouter(specs, context()).find(request(...asked));
  return refusal === undefined ? `${route.name} ${route.basePath}${path}` : `${refusal.status} ${refusal.code}`;
}

test('the first that fits takes a request; all that it names must fit', () => {
  const specs = [
    spec('team', { match: { pathPrefix: '/openai', header: { name: 'X-Team', value: 'Search' } } }),
    spec('openai', { match: { pathPrefix: '/openai/' } }),
    spec('internal', { match: { host: 'LLM.internal' } }),
    spec('any'),
  ];
  assert.equal(ask(specs, '/openai/v1/x?y', { 'x-team': 'Search' }), 'team /openai/v1/x?y');
  assert.equal(ask(specs, '/openai/v1/x', { 'x-team': 'search' }), 'openai /openai/v1/x');
  assert.equal(ask(specs, '/openai', {}), 'openai /openai');
  assert.equal(ask(specs, '/v1', { host: 'llm.INTERNAL:80' }), 'internal /v1');
  assert.equal(
    ask(specs, 'http://llm.internal/v1', { host: 'other' }),
    'internal /v1',
    'an absolute target names the host',
  );
  assert.equal(ask(specs, '/v1', {}), 'any /v1');
});

test('without a match it is our 404, which names what there is and no secret', () => {
  const specs = [
    spec('a', { match: { pathPrefix: '/a', header: { name: 'Authorization', value: 'Bearer sk-secret' } } }),
    spec('b', { match: { host: 'b.internal' } }),
  ];
  const { route, refusal } = createRouter(specs, context()).find(request('/c'));
  assert.equal(refusal?.status, 404);
  assert.match(refusal?.message ?? '', /path \/a with header Authorization, host b\.internal$/);
  assert.equal(route.provider, 'unknown', 'there are several');
  assert.equal(ask([spec('a', { match: { pathPrefix: '/a' } })], '*'), '400 invalid_request_target');
});

test('a prefix is taken off where it is asked for, and the base path of the upstream goes in front', () => {
  const base = 'http://up.example/base/';
  const stripping = [spec('a', { match: { pathPrefix: '/a' }, stripPrefix: true }, base)];
  assert.equal(ask(stripping, '/a/v1/x?q=%2F..'), 'a /base/v1/x?q=%2F..');
  assert.equal(ask(stripping, '/a?q'), 'a /base/?q');
  assert.equal(ask(stripping, '/%61//x'), 'a /base//x');
  const keeping = [spec('a', { match: { pathPrefix: '/a' } }, base)];
  assert.equal(ask(keeping, '/a/v1/x'), 'a /base/a/v1/x');
});

test('dot segments lead out of no prefix and no base path', () => {
  const specs = [
    spec('a', { match: { pathPrefix: '/a' }, stripPrefix: true }, 'http://up.example/base'),
    spec('b', { match: { pathPrefix: '/b' } }, 'http://up.example/base'),
  ];
  assert.equal(ask(specs, '/a/../b/x'), 'b /base/a/../b/x', 'matched as the upstream reads it');
  assert.equal(ask(specs, '/a/../../x'), '404 no_upstream');
  assert.equal(ask(specs, '/b/../../a/x'), 'a /base/x');
  assert.equal(ask(specs, '/a/..%2fx'), '400 ambiguous_path');
  assert.equal(ask(specs, '/a//../b'), '400 ambiguous_path');
  assert.equal(ask(specs, '/a/meta%2Fllama'), 'a /base/meta%2Fllama');

  const single = [spec('s', {}, 'http://up.example/base')];
  assert.equal(ask(single, '/v1/../x//;y'), 's /base/v1/../x//;y', 'it stays behind the base path: byte for byte');
  assert.equal(ask(single, '/../admin'), 's /base/admin');
  assert.equal(ask(single, '/..%2fadmin'), '400 ambiguous_path');
  assert.equal(ask([spec('s')], '/..%2fadmin'), 's /..%2fadmin', 'there is nothing to lead out of');
});

test('a reload keeps the connections of upstreams that lead to the same place', () => {
  const router = createRouter([spec('a'), spec('b')], context());
  const find = (name: string) => router.find(request(`/${name}`)).route;
  const before = find('a');
  router.reconfigure([
    spec('a', {
      match: { pathPrefix: '/a' },
      retry: undefined,
      target: { url: 'http://a.example', provider: 'other' },
    }),
    spec('b', { match: { pathPrefix: '/b' } }, 'http://elsewhere.example'),
  ]);
  assert.equal(find('a').send, before.send, 'the same connections');
  assert.equal(find('a').provider, 'other', 'under another label');
  assert.notEqual(find('b').send, before.send);
  assert.equal(find('b').host, 'elsewhere.example');
});

test('a budget of retries outlives a reload', () => {
  const retry = {
    ...{ maxRetries: 1, statuses: new Set([503]), baseDelayMs: 1, maxDelayMs: 1, maxRetryAfterMs: 1, deadlineMs: 1 },
    ...{ budgetRatio: 0.2, maxHeldBodyBytes: 1 },
  };
  const router = createRouter([spec('a', { retry })], context());
  const budget = () => router.find(request('/')).retries?.budget;
  const before = budget();
  assert.ok(before);
  router.reconfigure([spec('a', { retry: { ...retry, budgetRatio: 0.5 } }, 'http://elsewhere.example')]);
  assert.equal(budget(), before);
});
