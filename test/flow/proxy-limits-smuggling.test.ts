import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCounting } from '../support/counting-proxy.ts';
import { openSocket, readToEnd, upstreamAt } from '../support/proxy.ts';
import { readBody, startUpstream } from '../support/upstream.ts';

const HEAD = 'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n';
const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n';

/** Requests that two servers in a row might cut in different places (RFC 9112 section 11.2). */
const AMBIGUOUS: Readonly<Record<string, string>> = {
  'Content-Length and Transfer-Encoding': `${HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  'Transfer-Encoding and Content-Length': `${HEAD}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${HIDDEN}`,
  'two lengths': `${HEAD}Content-Length: 0\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
  'a list of lengths': `${HEAD}Content-Length: 0, ${HIDDEN.length}\r\n\r\n${HIDDEN}`,
  'a signed length': `${HEAD}Content-Length: +${HIDDEN.length}\r\n\r\n${HIDDEN}`,
  'a length in hex': `${HEAD}Content-Length: 0x1\r\n\r\n${HIDDEN}`,
  'a coding that is not chunked': `${HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  'chunked that is not last': `${HEAD}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n${HIDDEN}`,
  'a space before the colon': `${HEAD}Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${HIDDEN}`,
  'a folded line': `${HEAD}Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${HIDDEN}`,
  'a chunk size with rubbish': `${HEAD}Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n${HIDDEN}`,
  'a negative chunk size': `${HEAD}Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n${HIDDEN}`,
  'a chunk size beyond 64 bits': `${HEAD}Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n${HIDDEN}`,
  'a chunk longer than its size': `${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n${HIDDEN}`,
  'a line that ends with CR only': `${HEAD}X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
  'a NUL in a header': `${HEAD}X: \0\r\nContent-Length: 0\r\n\r\n${HIDDEN}`,
};

for (const [name, bytes] of Object.entries(AMBIGUOUS)) {
  test(`${name}: refused, and nothing behind it is taken for a request`, async (t) => {
    const asked: string[] = [];
    const upstream = await startUpstream(t, async (request, response) => {
      asked.push(request.url ?? '');
      await readBody(request);
      response.end();
    });
    const { port, settled } = await startCounting(t, { upstreams: [upstreamAt(upstream.url)] });
    const socket = await openSocket(t, port);
    const answer = readToEnd(socket);
    socket.write(bytes, 'latin1');
    assert.match(await answer, /^HTTP\/1\.1 (?:400|501) .*"cause":"invalid_request"/s);
    assert.equal((await answer).match(/HTTP\/1\.1 /g)?.length, 1);
    assert.ok(!asked.includes('/hidden'));
    const [event] = await settled(1);
    assert.equal(event?.origin, 'client');
  });
}

test('a Content-Length that Connection names goes along: without it the body would be the next request', async (t) => {
  const asked: string[] = [];
  const upstream = await startUpstream(t, async (request, response) => {
    const body = await readBody(request);
    asked.push(`${request.url} ${body}`);
    response.writeHead(200, { connection: 'content-length', 'content-length': '2' }).end('ok');
  });
  const { port, settled } = await startCounting(t, { upstreams: [upstreamAt(upstream.url)] });
  const socket = await openSocket(t, port);
  socket.write(`${HEAD}Connection: close, Content-Length\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`);
  assert.match(await readToEnd(socket), /^HTTP\/1\.1 200 OK\r\ncontent-length: 2\r\n/);
  assert.deepEqual(asked, [`/v1/chat/completions ${HIDDEN}`]);
  await settled(1);
});
