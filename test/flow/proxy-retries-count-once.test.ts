import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import fc from 'fast-check';
import { eventually } from '../support/eventually.ts';
import { bodyOf, headOf, openRequest } from '../support/proxy.ts';
import { startRetrying } from '../support/retrying-proxy.ts';
import { chatFrame, DONE_FRAME, openStream, startUpstream } from '../support/upstream.ts';

/** What one try meets. */
const OUTCOMES = {
  fine: (response: ServerResponse) => void response.end('fine'),
  stream: (response: ServerResponse) => void openStream(response).end(chatFrame('a') + DONE_FRAME),
  cutStream: (response: ServerResponse, request: IncomingMessage) =>
    void openStream(response).write(chatFrame('a'), () => request.socket.destroy()),
  overloaded: (response: ServerResponse) => void response.writeHead(503).end('{"message":"overloaded"}'),
  limited: (response: ServerResponse) => void response.writeHead(429, { 'retry-after': '0' }).end('{"message":"slow"}'),
  longLimit: (response: ServerResponse) => void response.writeHead(429, { 'retry-after': '999' }).end(),
  told: (response: ServerResponse) => void response.writeHead(503, { 'x-should-retry': 'false' }).end(),
  invalid: (response: ServerResponse) => void response.writeHead(400).end('{"message":"no"}'),
  long: (response: ServerResponse) => void response.writeHead(503).end('x'.repeat(100_000)),
  reset: (_response: ServerResponse, request: IncomingMessage) => request.socket.resetAndDestroy(),
  half: (response: ServerResponse, request: IncomingMessage) =>
    void response.writeHead(503, { 'content-length': '9' }).write('x', () => request.socket.destroy()),
} as const;
type Outcome = keyof typeof OUTCOMES;
/** The keys of a literal object are its keys. */
const NAMES = Object.keys(OUTCOMES) as Outcome[];

/** Outcomes after which a try with a body at hand is followed by another one, as long as one is left. */
const FOLLOWED: ReadonlySet<Outcome> = new Set(['overloaded', 'limited', 'reset', 'half']);
/** Outcomes that the policy has nothing to say about. */
const UNDISPUTED: ReadonlySet<Outcome> = new Set(['fine', 'stream', 'cutStream', 'invalid']);

const plan = fc.record({
  outcomes: fc.array(fc.constantFrom(...NAMES), { minLength: 3, maxLength: 3 }),
  isChunked: fc.boolean(),
});

test('whatever its tries meet, a request is counted once, and so is each try and each decision', async (t) => {
  let outcomes: readonly Outcome[] = [];
  let tries = 0;
  const bodies: Buffer[][] = [];
  const upstream = await startUpstream(t, (request, response) => {
    const outcome = outcomes[tries] ?? 'fine';
    tries += 1;
    const body: Buffer[] = [];
    bodies.push(body);
    request.on('data', (chunk: Buffer) => body.push(chunk)).on('error', () => undefined);
    request.once('end', () => OUTCOMES[outcome](response, request));
  });
  // Each request may have both of its retries: what the budget says is tried elsewhere.
  const { port, settled, events, decisions, sum, logLines } = await startRetrying(t, upstream.url, { budgetRatio: 2 });
  let requests = 0;
  let allTries = 0;
  await fc.assert(
    fc.asyncProperty(plan, async ({ outcomes: planned, isChunked }) => {
      [outcomes, tries, bodies.length] = [planned, 0, 0];
      const [firstEvent, firstDecision] = [events.length, decisions.length];
      const opened = openRequest(port);
      const body = '{"model":"m","messages":[]}';
      if (isChunked) opened.write(body.slice(0, 9));
      opened.end(isChunked ? body.slice(9) : body);
      await bodyOf(await headOf(opened)).catch(() => undefined);
      requests += 1;
      await settled(requests);

      const last = planned.findIndex((outcome, at) => at === 2 || !FOLLOWED.has(outcome));
      const own = events.slice(firstEvent);
      assert.deepEqual(
        own.map(({ attempt, final }) => [attempt, final]),
        Array.from({ length: last + 1 }, (_, at) => [at + 1, at === last]),
      );
      const [lastOutcome = 'fine'] = planned.slice(last);
      const expected = Array.from({ length: last }, () => 'retried');
      const made = decisions.slice(firstDecision).map(([, decision]) => decision);
      assert.equal(made.length, last + (UNDISPUTED.has(lastOutcome) ? 0 : 1), `${planned}: ${made}`);
      assert.deepEqual(made.slice(0, last), expected);
      assert.equal(tries, last + 1);
      assert.deepEqual(new Set(bodies.map((each) => String(Buffer.concat(each)))), new Set([body]));
      allTries += tries;
      const sums = [sum('llm_requests_total'), sum('llm_attempts_total'), sum('llm_retries_total')];
      assert.deepEqual(sums, [requests, allTries, decisions.length]);
    }),
    { numRuns: 150 },
  );
  assert.deepEqual(logLines, []);
  await eventually(() => assert.ok(upstream.sockets.size <= 1, 'no connection is left in use'));
});
