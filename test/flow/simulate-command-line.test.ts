import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type CliRun, runCli } from '../support/exporter.ts';
import { startSimulator } from '../support/simulator.ts';

async function addressOf(run: CliRun): Promise<string> {
  return eventually(() => {
    assert.equal(run.child.exitCode, null, run.stderr());
    const found = /address=(http:\S+)/.exec(run.stderr())?.[1];
    assert.ok(found, run.stderr());
    return found;
  });
}

async function startCommand(t: TestContext, args: readonly string[]) {
  const run = runCli(t, [...args, '--listen-address=127.0.0.1:0']);
  return { ...run, url: await addressOf(run) };
}

test('simulate fails as its flags say, and ends at SIGTERM with code 0', async (t) => {
  const faults = ['--fault', 'cause=surge_protection,model=sick', '--fault=rate_limit_tpm,stream=true'];
  const run = await startCommand(t, ['simulate', ...faults, '--models=sick,well', '--require-key']);
  const status = async (body: unknown, headers: Record<string, string> = { 'x-api-key': 'k' }) => {
    const response = await fetch(`${run.url}/chat/completions`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    await response.arrayBuffer();
    return response.status;
  };
  assert.equal(await status({ model: 'sick' }), 503);
  assert.equal(await status({ model: 'well' }), 200);
  assert.equal(await status({ model: 'well', stream: true }), 429);
  assert.equal(await status({ model: 'other' }), 404);
  assert.equal(await status({ model: 'well' }, {}), 401);
  run.child.kill('SIGTERM');
  assert.equal(await run.exit, 0);
});

test('simulate --drive sends a load to the address it is given', async (t) => {
  const target = await startSimulator(t, { models: ['x'] });
  const run = await startCommand(t, ['simulate', `--drive=${target.url}/`, '--models=x']);
  await eventually(() => assert.ok(target.requests() > 3));
  run.child.kill('SIGINT');
  assert.equal(await run.exit, 0);
});

for (const [args, message] of [
  [['--fault', 'cause=gremlins'], /'--fault <fault>' argument 'cause=gremlins' is invalid\..*none of the causes/],
  [['--fault', 'surge_protection,rate=2'], /'--fault <fault>'.*fault\.rate/],
  [['--latency', 'soon'], /soon is no duration such as 50ms/],
  [['--tokens-per-second', '-1'], /-1 is no number that is 0 or more/],
  [['--listen-address', '8504'], /8504 is not host:port/],
  [['--drive', 'localhost'], /localhost is no http:/],
  [['--colour'], /unknown option '--colour'/],
] as const) {
  test(`simulate ${args.join(' ')} is a clear usage error`, async (t) => {
    const run = runCli(t, ['simulate', ...args]);
    assert.equal(await run.exit, 2);
    assert.match(run.stderr(), message);
  });
}

test('an address in use is a problem, not a crash', async (t) => {
  const { url } = await startSimulator(t);
  for (const command of ['simulate', 'notifications']) {
    const run = runCli(t, [command, `--listen-address=${new URL(url).host}`]);
    assert.equal(await run.exit, 1);
    assert.match(run.stderr(), /cannot listen on 127\.0\.0\.1:\d+: another program listens there already/);
  }
});

test('notifications prints what is posted, refuses what is none, and goes on', async (t) => {
  const run = await startCommand(t, ['notifications']);
  const post = (body: string) => fetch(run.url, { method: 'POST', body });
  for (const nonsense of ['{', '{}', '[1]', '']) {
    const answer = await post(nonsense);
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), /^no notification of Alertmanager: /);
  }
  const alert = {
    status: 'firing',
    labels: { alertname: 'LLMApi503Spike', severity: 'warning', model: 'm', code: '503' },
    annotations: { cause: 'surge_protection' },
    startsAt: '2026-01-01T00:00:00Z',
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: 'http://prometheus',
    fingerprint: '0',
  };
  const answer = await post(
    JSON.stringify({
      version: '4',
      groupKey: '{}',
      truncatedAlerts: 0,
      status: 'firing',
      receiver: 'r',
      groupLabels: {},
      commonLabels: {},
      commonAnnotations: {},
      externalURL: '',
      alerts: [alert, { ...alert, status: 'resolved' }],
    }),
  );
  assert.equal(answer.status, 200);
  const facts = '  model     m\n  code      503\n  cause     surge_protection\n';
  await eventually(() =>
    assert.equal(
      run.stdout(),
      `FIRING    LLMApi503Spike warning\n${facts}\nRESOLVED  LLMApi503Spike warning\n${facts}\n`,
    ),
  );
  run.child.kill('SIGTERM');
  assert.equal(await run.exit, 0);
});
