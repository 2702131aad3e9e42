import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openSocket, readToEnd, startProxy } from '../support/proxy.ts';
import { startUpstream } from '../support/upstream.ts';

/** Sizes of what is written in one turn; among them what is copied with its framing, and what is not. */
const turn = fc.array(fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constantFrom(9_000, 16_385, 70_000)), {
  minLength: 1,
  maxLength: 4,
});
interface Plan {
  readonly turns: readonly (readonly number[])[];
  readonly hasLength: boolean;
  readonly hasTrailer: boolean;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  turns: fc.array(turn, { maxLength: 5 }),
  hasLength: fc.boolean(),
  hasTrailer: fc.boolean(),
});

const ASK = 'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n';

test('however its pieces come, an answer is framed anew to the same bytes, with another behind it', async (t) => {
  let planned: Plan = { turns: [], hasLength: false, hasTrailer: false };
  const upstream = await startUpstream(t, async (request, response) => {
    const { turns, hasLength, hasTrailer } = planned;
    request.resume();
    const sizes = turns.flat();
    if (hasLength)
      response.setHeader(
        'Content-Length',
        sizes.reduce((sum, size) => sum + size, 0),
      );
    else if (hasTrailer) response.setHeader('Trailer', 'x-sum').addTrailers({ 'x-sum': String(sizes.length) });
    response.writeHead(200, { 'content-type': 'audio/x' });
    for (const [at, pieces] of turns.entries()) {
      for (const size of pieces) response.write(Buffer.alloc(size, 97 + at));
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  });
  const { port, settled } = await startProxy(t, upstream.url);
  let requests = 0;
  await fc.assert(
    fc.asyncProperty(plan, async (next) => {
      planned = next;
      const socket = await openSocket(t, port);
      socket.write(`${ASK}\r\n{}${ASK}Connection: close\r\n\r\n{}`);
      const first = cut(await readToEnd(socket));
      const second = cut(first.rest);
      const expected = next.turns.map((sizes, at) =>
        String.fromCharCode(97 + at).repeat(sizes.reduce((a, b) => a + b)),
      );
      assert.deepEqual([first.body, second.body, second.rest], [expected.join(''), expected.join(''), '']);
      const hasTrailer = next.hasTrailer && !next.hasLength;
      assert.equal(first.trailers, hasTrailer ? `x-sum: ${next.turns.flat().length}\r\n` : '');
      requests += 2;
      await settled(requests);
    }),
    { numRuns: 60 },
  );
});

/** The first answer of a text, and what comes behind it; throws where the framing is not what it says. */
function cut(text: string): { body: string; trailers: string; rest: string } {
  const head = /^HTTP\/1\.1 200 OK\r\n[\s\S]*?\r\n\r\n/.exec(text)?.[0] ?? '';
  assert.notEqual(head, '', text.slice(0, 200));
  const length = /content-length: (\d+)/i.exec(head)?.[1];
  if (length !== undefined) {
    const end = head.length + Number(length);
    return { body: text.slice(head.length, end), trailers: '', rest: text.slice(end) };
  }
  let body = '';
  for (let at = head.length; ; ) {
    const [line = '', size = ''] = /^([\da-f]+)\r\n/.exec(text.slice(at, at + 20)) ?? [];
    at += line.length;
    if (size === '0') {
      const end = text.indexOf('\r\n', at) === at ? at : text.indexOf('\r\n\r\n', at) + 2;
      return { body, trailers: text.slice(at, end), rest: text.slice(end + 2) };
    }
    const end = at + Number.parseInt(size, 16);
    assert.equal(text.slice(end, end + 2), '\r\n', 'a chunk is as long as it says');
    body += text.slice(at, end);
    at = end + 2;
  }
}
