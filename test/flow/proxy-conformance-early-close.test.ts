import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startNginx } from '../support/nginx.ts';
import { startProxy } from '../support/proxy.ts';
import { startWire, type WireConnection } from '../support/wire.ts';
import { ask, nginxBefore } from '../support/wire-conformance.ts';

/** A request and its answer in pieces; the upstream closes after so many of each. */
const REQUEST = ['POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n', 'hello', 'world'];
const ANSWERS = {
  length: ['HTTP/1.1 200 O', 'K\r\nContent-Length: 10\r\n\r\n', 'first', 'other'],
  chunks: ['HTTP/1.1 200 O', 'K\r\nTransfer-Encoding: chunked\r\n\r\n', '5\r\nfirst\r\n5\r\n', 'other\r\n0\r\n\r\n'],
  close: ['HTTP/1.1 200 O', 'K\r\nX: 1\r\n\r\n', 'first', 'other'],
} as const;

/** Where a direct client has no head, a gateway says so (RFC 9110 section 15.6.3); all else it passes as it is. */
const NO_HEAD = 2;

interface Plan {
  readonly read: number;
  readonly answer: readonly string[];
  readonly written: number;
  readonly end: 'end' | 'reset';
}

const plans: Plan[] = [];
for (const answer of Object.values(ANSWERS)) {
  // Not before the first byte of a body: the upstream is not asked earlier, and by nginx as it comes not before the last.
  for (let read = 2; read <= REQUEST.length; read += 1) {
    for (let written = 0; written <= answer.length; written += 1) {
      for (const end of ['end', 'reset'] as const) plans.push({ read, answer, written, end });
    }
  }
}

test('an upstream that closes at any point of an exchange', async (t) => {
  let plan: Plan = { read: 0, answer: [], written: 0, end: 'end' };
  const wire = await startWire(t, async ({ socket, has }: WireConnection) => {
    const { read, answer, written, end } = plan;
    // What is read is what has been sent: the client waits, too.
    const asked = REQUEST.slice(0, read)
      .join('')
      .replace(/^[\s\S]*\r\n\r\n/, '');
    await has(new RegExp(`\r\n\r\n${asked}$`));
    socket.write(answer.slice(0, written).join(''), () => (end === 'end' ? socket.end() : socket.resetAndDestroy()));
  });
  const proxy = await startProxy(t, wire.url);
  const nginx = await startNginx(t, nginxBefore(wire));
  const ports = { direct: wire.port, ours: proxy.port, nginx: Number(new URL(nginx.url).port) };

  async function see(t: TestContext, way: keyof typeof ports): Promise<readonly string[]> {
    const { answers } = await ask(t, ports[way], REQUEST.slice(0, plan.read).join(''), ['POST']);
    return answers;
  }

  for (const next of plans) {
    const { read, answer, written, end } = next;
    const kind = Object.entries(ANSWERS).find(([, pieces]) => pieces === answer)?.[0];
    await t.test(`${end} after ${read} pieces of the request and ${written} of an answer by ${kind}`, async (t) => {
      plan = next;
      const direct = await see(t, 'direct');
      const expected = written < NO_HEAD ? ['gateway 502'] : direct;
      assert.deepEqual(direct.length === 0 || direct[0] === 'nothing', written < NO_HEAD);
      assert.deepEqual(await see(t, 'ours'), expected);
      assert.deepEqual(await see(t, 'nginx'), expected, 'nginx');
    });
  }

  await t.test('each was counted once, and nothing is left', async () => {
    const events = await proxy.settled(plans.length);
    assert.ok(events.every(({ code, final }) => final && (code === 200 || code === 502)));
    await eventually(() => assert.equal(wire.open(), 0));
  });
});
