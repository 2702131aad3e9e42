import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { ClientRequest } from '../../../../../src/input/proxy/client/client-request.ts';
import { Upload, type UploadBody } from '../../../../../src/input/proxy/client/upload.ts';
import { parseRequestHead } from '../../../../../src/input/proxy/http/request-head.ts';

const MAX_WAITING_BYTES = 64 * 1024;

function startUpload(fields: string, { heldBytes = 0 }: { heldBytes?: number } = {}) {
  const request = new ClientRequest(parseRequestHead(`POST / HTTP/1.1${fields}`), new Socket());
  const sent: UploadBody[] = [];
  let watched = '';
  const watch = (chunk: Buffer): void => {
    watched += chunk.toString();
  };
  const upload = new Upload(request, watch, heldBytes);
  return { request, upload, sent, watched: () => watched, send: (body: UploadBody) => void sent.push(body) };
}

const readableOf = ([body]: readonly UploadBody[]): Readable => {
  assert.ok(body instanceof Readable);
  return body;
};

describe('what goes up', () => {
  test('is nothing, at once, where there is no body', () => {
    const { upload, sent, send } = startUpload('');
    upload.begin(send);
    assert.deepEqual(sent, [undefined]);
  });

  test('is one piece where the body came in one', () => {
    const { upload, request, sent, send, watched } = startUpload('\r\nContent-Length: 5');
    upload.begin(send);
    assert.deepEqual(sent, []);
    const body = Buffer.from('hello');
    request.takes(body);
    request.ends([]);
    assert.deepEqual(sent, [body]);
    assert.equal(watched(), 'hello');
  });

  for (const [what, fields] of [
    ['several pieces', '\r\nContent-Length: 10'],
    ['chunks', '\r\nTransfer-Encoding: chunked'],
  ] as const)
    test(`is a stream where the body comes in ${what}`, async () => {
      const { upload, request, sent, send, watched } = startUpload(fields);
      upload.begin(send);
      request.takes(Buffer.from('hello'));
      assert.equal(sent.length, 1);
      request.takes(Buffer.from('world'));
      request.ends([]);
      assert.equal((await readableOf(sent).toArray()).join(''), 'helloworld');
      assert.deepEqual([sent.length, watched()], [1, 'helloworld']);
    });

  test('is nothing where a chunked body is empty', () => {
    const { upload, request, sent, send } = startUpload('\r\nTransfer-Encoding: chunked');
    upload.begin(send);
    assert.deepEqual(sent, []);
    request.ends([]);
    assert.deepEqual(sent, [undefined]);
  });
});

describe('an upstream that is slow to take it', () => {
  for (const [what, fields, heldBytes, bound] of [
    ['a body', '\r\nTransfer-Encoding: chunked', 0, MAX_WAITING_BYTES],
    ['a body that is held anyway', '\r\nContent-Length: 200000', 200_000, 200_000],
    ['a body that is too long to be held', '\r\nContent-Length: 200001', 200_000, MAX_WAITING_BYTES],
  ] as const)
    test(`makes the client of ${what} wait at ${bound} bytes, and lets it go on`, async () => {
      const { upload, request, sent, send } = startUpload(fields, { heldBytes });
      upload.begin(send);
      request.takes(Buffer.alloc(bound - 1));
      assert.equal(request.isPaused, false);
      request.takes(Buffer.alloc(1));
      assert.equal(request.isPaused, true);
      const body = readableOf(sent);
      body.resume();
      await once(body, 'data');
      assert.equal(request.isPaused, false);
    });
});

describe('what is not sent', () => {
  test('is read all the same, be it nothing yet', () => {
    const { upload, request, watched } = startUpload('\r\nContent-Length: 5');
    upload.discard();
    request.takes(Buffer.from('hello'));
    assert.equal(watched(), 'hello');
    assert.equal(request.isPaused, false);
  });

  test('is the rest, when the upstream has heard enough, and the client may go on', async () => {
    const { upload, request, sent, send, watched } = startUpload('\r\nTransfer-Encoding: chunked');
    upload.begin(send);
    request.takes(Buffer.alloc(MAX_WAITING_BYTES, 'a'));
    assert.equal(request.isPaused, true);
    upload.discard();
    assert.equal(request.isPaused, false);
    request.takes(Buffer.from('b'));
    request.ends([]);
    assert.equal(watched().length, MAX_WAITING_BYTES + 1);
    assert.equal(readableOf(sent).destroyed, true);
  });

  test('is the rest, when the client will send no more', () => {
    const { upload, request, sent, send } = startUpload('\r\nContent-Length: 10');
    upload.begin(send);
    request.takes(Buffer.from('a'));
    upload.abort();
    assert.equal(readableOf(sent).destroyed, true);
  });
});
