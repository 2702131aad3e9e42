import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { eventually } from '../support/eventually.ts';
import { headOf, openRequest } from '../support/proxy.ts';
import { startSlots, startThrottled } from '../support/throttled-proxy.ts';

const CODINGS = {
  gzip: zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync,
};

for (const [coding, encode] of Object.entries(CODINGS)) {
  for (const [how, bytes] of [
    ['in one piece', 100],
    ['in many pieces', 100_000],
  ] as const) {
    test(`a body in ${coding}, ${how}, waits in the line of its model, is counted as it, and passes untouched`, async (t) => {
      const api = await startSlots(t, 10);
      const { port, queued, settled } = await startThrottled(t, api.url, { throttle: { per: 'model' } });
      const messages = [randomBytes(bytes).toString('base64')];
      const bodies = new Map<string, Buffer>();
      const ask = (model: string, name: string) => {
        const body = encode(Buffer.from(JSON.stringify({ messages, model, stream: true })));
        bodies.set(name, body);
        const isChunked = bytes > 1000;
        const headers = { 'x-name': name, 'content-encoding': coding };
        const request = openRequest(port, {
          headers: isChunked ? headers : { ...headers, 'content-length': body.length },
        });
        const half = isChunked ? body.length >> 1 : 0;
        if (half > 0) request.write(body.subarray(0, half));
        request.end(body.subarray(half));
        return headOf(request);
      };
      const answers = [ask('a', 'a1')];
      await api.busy(1);
      answers.push(ask('a', 'a2'));
      await queued(1);
      answers.push(ask('b', 'b1'));
      await api.busy(2);
      assert.deepEqual(api.names(), ['a1', 'b1']);
      api.release();
      await eventually(() => assert.deepEqual(api.names(), ['a1', 'b1', 'a2']));
      api.release();
      api.release();
      for (const answer of answers) assert.equal((await answer).statusCode, 200);
      const models = (await settled(3)).map(({ model, stream }) => [model, stream]);
      assert.deepEqual(models.sort(), [
        ['a', true],
        ['a', true],
        ['b', true],
      ]);
      for (const { name, body } of api.seen) assert.deepEqual(body, bodies.get(name), name);
    });
  }
}
