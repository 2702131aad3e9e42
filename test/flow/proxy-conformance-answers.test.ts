import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { ask, type Seen, startThreeWays, unordered, type Way } from '../support/wire-conformance.ts';

/** What one way shows of an answer, where that is not what a direct client sees, and why. */
type Difference = readonly [sees: readonly string[], why: string];

interface Case {
  /** What the upstream sends. */
  readonly answer: string;
  /** How its connection ends then; by default it stays. */
  readonly end?: 'end' | 'reset';
  readonly method?: string;
  /** Without it we show what a direct client sees: status, reason, body, trailers, the end, and every end-to-end field in its place. */
  readonly ours?: Difference;
  /** Without it nginx shows the same, but for the order of fields. */
  readonly nginx?: Difference;
  /** nginx is not asked. */
  readonly nginxHangs?: string;
  /** End-to-end fields that we change, or nginx. */
  readonly fields?: readonly [fields: readonly string[], why: string];
  readonly nginxFields?: string;
}

const OK = 'HTTP/1.1 200 OK\r\n';
const TWO = 'Content-Length: 2\r\n\r\nok';
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n';

const NO_ANSWER = 'a gateway says so where there was no answer (RFC 9110 section 15.6.3)';
const INFORMATION = 'nginx 1.22 takes a 1xx for the answer, and what follows for its body';
const TRAILERS = 'nginx 1.22 drops trailers, as it may (RFC 9110 section 6.5.2)';

/** Legal, if odd. */
const LEGAL: Readonly<Record<string, Case>> = {
  'a length': { answer: `${OK}Content-Length: 5\r\n\r\nhello` },
  'order, case and repetition of fields': {
    answer: `${OK}zeta: 1\r\nX-Odd-CASE: 2\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 0\r\n\r\n`,
  },
  'no space behind a colon, and many around a value': {
    answer: `${OK}A:1\r\nB: \t 2 \t\r\nC:\r\nContent-Length:2\r\n\r\nok`,
  },
  'bytes above 0x7f': { answer: 'HTTP/1.1 200 Th\u00e9\r\nX: caf\u00e9\u00ff\r\nContent-Length: 2\r\n\r\n\u00ff\0' },
  'an empty reason': { answer: `HTTP/1.1 200 \r\n${TWO}` },
  'no reason at all': { answer: `HTTP/1.1 200\r\n${TWO}` },
  'a status that nobody knows': { answer: `HTTP/1.1 799 Odd\r\n${TWO}` },
  'the 529 of Anthropic': { answer: `HTTP/1.1 529 Site is overloaded\r\n${TWO}` },
  chunks: { answer: `${OK}${CHUNKED}5\r\nhello\r\n0\r\n\r\n` },
  'chunks with extensions, capitals and zeros': {
    answer: `${OK}transfer-encoding: Chunked\r\n\r\n00005;a=b;c="d"\r\nhello\r\nA\r\n0123456789\r\n000\r\n\r\n`,
  },
  trailers: {
    answer: `${OK}Trailer: X-T\r\n${CHUNKED}2\r\nok\r\n0\r\nX-T: 1\r\n\r\n`,
    nginx: [['200 OK "ok"'], TRAILERS],
  },
  'an end by closing': { answer: `${OK}X: 1\r\n\r\nuntil the end`, end: 'end' },
  'an empty body that ends by closing': { answer: `${OK}\r\n`, end: 'end' },
  'an end by closing that is a reset': { answer: `${OK}X: 1\r\n\r\nuntil the reset`, end: 'reset' },
  'HTTP/1.0 until it closes': { answer: 'HTTP/1.0 200 OK\r\n\r\nold', end: 'end' },
  'HTTP/1.0 with a length': { answer: 'HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold' },
  'HTTP/1.0 in chunks': { answer: `HTTP/1.0 200 OK\r\n${CHUNKED}3\r\nold\r\n0\r\n\r\n`, end: 'end' },
  '204': { answer: 'HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n' },
  '204 with a length of 0': { answer: 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n' },
  '304 with the length that it would have': {
    answer: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\nETag: "x"\r\n\r\n',
  },
  '304 that would be in chunks': { answer: `HTTP/1.1 304 Not Modified\r\n${CHUNKED}` },
  '205': { answer: 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n' },
  'HEAD with a length': { method: 'HEAD', answer: `${OK}Content-Length: 77\r\n\r\n` },
  'HEAD of chunks': { method: 'HEAD', answer: `${OK}${CHUNKED}` },
  'HEAD without either': { method: 'HEAD', answer: `${OK}X: 1\r\n\r\n` },
  '100 that nobody asked for': { answer: `HTTP/1.1 100 Continue\r\n\r\n${OK}${TWO}` },
  '102 twice': { answer: `HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${OK}${TWO}` },
  '103 with a field': { answer: `HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n${OK}${TWO}` },
  'Connection: close': { answer: `${OK}Connection: close\r\n${TWO}`, end: 'end' },
  'fields that Connection names': {
    answer: `${OK}Connection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n${TWO}`,
    nginxFields: 'nginx passes fields on that Connection names; it must not (RFC 9110 section 7.6.1)',
  },
  'its own Date and Server': { answer: `${OK}Server: x\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n${TWO}` },
  'forty KiB of fields': {
    answer: `${OK}${Array.from({ length: 1000 }, (_, at) => `X-Pad-${at}: ${'a'.repeat(30)}\r\n`).join('')}${TWO}`,
  },
  'a coded body': { answer: `${OK}Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\u001f\u008b\0\u0001` },
  'an offer to change the protocol': { answer: `${OK}Upgrade: h2c\r\nConnection: Upgrade\r\n${TWO}` },
  'a body that ends too early': { answer: `${OK}Content-Length: 10\r\n\r\nhello`, end: 'end' },
  'a body that is reset': { answer: `${OK}Content-Length: 10\r\n\r\nhello`, end: 'reset' },
  'chunks without the last': { answer: `${OK}${CHUNKED}5\r\nhello\r\n`, end: 'end' },
  'a chunk that is not whole': { answer: `${OK}${CHUNKED}9\r\nhello`, end: 'end' },
  'chunks without their very end': { answer: `${OK}${CHUNKED}5\r\nhello\r\n0\r\n`, end: 'end' },
  'no answer': { answer: '', end: 'end', ours: [['gateway 502'], NO_ANSWER], nginx: [['gateway 502'], NO_ANSWER] },
  'no answer but a reset': {
    answer: '',
    end: 'reset',
    ours: [['gateway 502'], NO_ANSWER],
    nginx: [['gateway 502'], NO_ANSWER],
  },
  'half a head': {
    answer: 'HTTP/1.1 200 OK\r\nContent-',
    end: 'end',
    ours: [['gateway 502'], NO_ANSWER],
    nginx: [['gateway 502'], NO_ANSWER],
  },
  '1xx and nothing more': {
    answer: 'HTTP/1.1 103 Early Hints\r\n\r\n',
    end: 'end',
    ours: [['103 Early Hints ""', 'gateway 502'], NO_ANSWER],
    nginxHangs: INFORMATION,
  },
  'the same length twice': {
    answer: `${OK}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`,
    fields: [['Content-Length', '2'], 'it may not go on like that (RFC 9110 section 8.6)'],
    nginxFields: 'it says it once as we do',
  },
  'the same length as a list': {
    answer: `${OK}Content-Length: 2, 2\r\n\r\nok`,
    end: 'end',
    fields: [['Content-Length', '2'], 'it may not go on like that (RFC 9110 section 8.6)'],
    nginxFields: 'nginx reads no length, and waits for the end',
  },
};

/** nginx adds these where there are none. */
const ITS_OWN = ['date', 'server'];

const REFUSED = ['gateway 502'];
const TWO_WAYS =
  'what can be read in two ways is refused: a client might read it the other way (RFC 9112 section 11.2)';

/** What a client makes of these depends on the client; so all that counts is what we do, and that nginx does the same or worse. */
const ILLEGAL: Readonly<Record<string, Case & { readonly ours: Difference }>> = {
  'a length and chunks': {
    answer: `${OK}Content-Length: 5\r\n${CHUNKED}2\r\nok\r\n0\r\n\r\n`,
    end: 'end',
    ours: [REFUSED, `RFC 9112 section 6.3: ought to be an error; ${TWO_WAYS}`],
    nginx: [['200 OK "ok"'], 'it believes the chunks'],
  },
  'two lengths': {
    answer: `${OK}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!`,
    end: 'end',
    ours: [REFUSED, 'RFC 9112 section 6.3: a gateway must say 502'],
    nginx: [['200 OK "ok!"'], 'it believes the last'],
  },
  'a length that is none': {
    answer: `${OK}Content-Length: +2\r\n\r\nok`,
    end: 'end',
    ours: [REFUSED, 'RFC 9112 section 6.3: a gateway must say 502'],
    nginx: [['200 OK "ok"'], 'it waits for the end'],
  },
  'a coding in front of the chunks': {
    answer: `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    end: 'end',
    ours: [REFUSED, 'nobody asked for it with TE (RFC 9112 section 7.4)'],
    nginx: [['200 OK "ok"'], 'it forgets the coding'],
  },
  'a coding that is no more': {
    answer: `${OK}Transfer-Encoding: identity\r\n\r\nok`,
    end: 'end',
    ours: [REFUSED, "RFC 9112 section 7.3 took it away; what it means is anybody's guess"],
    nginx: [['200 OK "ok"'], 'it waits for the end'],
  },
  'bare LF in the head': {
    answer: 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok',
    ours: [REFUSED, `a recipient may take it, and need not (RFC 9112 section 2.2); ${TWO_WAYS}`],
    nginx: [['200 OK "ok"'], 'it takes it'],
  },
  'bare LF between chunks': {
    answer: `${OK}${CHUNKED}2\nok\n0\n\n`,
    end: 'end',
    ours: [['200 OK "" cut'], TWO_WAYS],
    nginx: [['200 OK "ok"'], 'it takes it'],
  },
  'a chunk size that is none': {
    answer: `${OK}${CHUNKED}ZZ\r\nok\r\n0\r\n\r\n`,
    end: 'end',
    ours: [['200 OK "" cut'], 'the head is on its way before the body is looked at'],
    nginx: [['nothing'], 'it closes without a word'],
  },
  'a chunk that is longer than it says': {
    answer: `${OK}${CHUNKED}1\r\nok\r\n0\r\n\r\n`,
    end: 'end',
    ours: [['200 OK "o" cut'], 'the head is on its way before the body is looked at'],
    nginx: [['nothing'], 'it closes without a word'],
  },
  'a folded field': {
    answer: `${OK}X: 1\r\n  2\r\n${TWO}`,
    ours: [REFUSED, 'RFC 9112 section 5.2 lets a gateway refuse it'],
    nginx: [REFUSED, 'the same'],
  },
  'a field without a colon': {
    answer: `${OK}X\r\n${TWO}`,
    ours: [REFUSED, 'no field line (RFC 9112 section 5)'],
    nginx: [['200 OK "ok"'], 'it makes a field of it'],
  },
  'a space before a colon': {
    answer: `${OK}Content-Length : 2\r\n\r\nok`,
    end: 'end',
    ours: [REFUSED, `RFC 9112 section 5.1 has it taken away; ${TWO_WAYS}`],
    nginx: [REFUSED, 'the same'],
  },
  'NUL in a field': {
    answer: `${OK}X: \0\r\n${TWO}`,
    ours: [REFUSED, 'RFC 9110 section 5.5: a recipient must refuse or replace it'],
    nginx: [REFUSED, 'the same'],
  },
  'a bare CR in a field': {
    answer: `${OK}X: 1\rY: 2\r\n${TWO}`,
    ours: [REFUSED, 'RFC 9112 section 2.2: a recipient must refuse or replace it'],
    nginx: [REFUSED, 'the same'],
  },
  'another protocol': {
    answer: 'SSH-2.0-OpenSSH_9.2\r\n',
    end: 'end',
    ours: [REFUSED, NO_ANSWER],
    nginxHangs: 'it takes it for HTTP/0.9, and shows it bare',
  },
  'a head of HTTP/2': {
    answer: `HTTP/2 200\r\n${TWO}`,
    end: 'end',
    ours: [REFUSED, NO_ANSWER],
    nginxHangs: 'it takes it for HTTP/0.9, and shows it bare',
  },
  'a status below 100': {
    answer: `HTTP/1.1 099 Low\r\n${TWO}`,
    end: 'end',
    ours: [REFUSED, 'RFC 9110 section 15: no status'],
    nginx: [['099 Low ""'], 'it passes it'],
  },
  'a second answer behind the first': {
    answer: `${OK}${TWO}HTTP/1.1 200 Mine\r\nContent-Length: 3\r\n\r\nbad`,
    ours: [['200 OK "ok"'], 'RFC 9112 section 9.3: it must not be taken for an answer'],
    nginx: [['200 OK "ok"'], 'the same'],
  },
  'another protocol that nobody asked for': {
    answer: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nhi',
    end: 'end',
    ours: [REFUSED, 'RFC 9110 section 15.2.2'],
    nginx: [['101 Switching Protocols ""'], 'it passes it'],
  },
  'more fields than we hold': {
    answer: `${OK}${'X-Pad: aaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(2200)}${TWO}`,
    ours: [REFUSED, 'a bound of ours'],
    nginx: [REFUSED, 'the same'],
  },
};

const ANSWERS = Object.values<Case>({ ...LEGAL, ...ILLEGAL });

test('what a client sees of an answer', async (t) => {
  const three = await startThreeWays(t, ({ start }, { socket }) => {
    const { answer = '', end } = ANSWERS[Number(/^\S+ \/(\d+)/.exec(start)?.[1])] ?? {};
    if (end === 'end') socket.end(answer, 'latin1');
    else socket.write(answer, 'latin1', () => end === 'reset' && socket.resetAndDestroy());
  });

  function see(t: TestContext, way: Way, sent: Case): Promise<Seen> {
    const { method = 'GET' } = sent;
    return ask(t, three.ports[way], `${method} /${ANSWERS.indexOf(sent)} HTTP/1.1\r\nHost: x\r\n\r\n`, [method]);
  }

  for (const [name, sent] of Object.entries(LEGAL)) {
    await t.test(`${name}: the same, whichever way`, async (t) => {
      const { ours, nginx, fields, nginxFields, nginxHangs } = sent;
      const [direct, through] = await Promise.all([see(t, 'direct', sent), see(t, 'ours', sent)]);
      assert.deepEqual(through.answers, ours?.[0] ?? direct.answers);
      if (ours === undefined) assert.deepEqual(through.fields, fields?.[0] ?? direct.fields);
      if (nginxHangs !== undefined) return;
      const third = await see(t, 'nginx', sent);
      assert.deepEqual(third.answers, nginx?.[0] ?? direct.answers);
      if (nginx !== undefined) return;
      const isSame = isDeepStrictEqual(unordered(third.fields, ITS_OWN), unordered(direct.fields, ITS_OWN));
      assert.equal(isSame, nginxFields === undefined, JSON.stringify(third.fields));
    });
  }

  for (const [name, sent] of Object.entries(ILLEGAL)) {
    await t.test(`${name}: ${sent.ours[0].join(', ')}`, async (t) => {
      assert.deepEqual((await see(t, 'ours', sent)).answers, sent.ours[0]);
      if (sent.nginxHangs === undefined) assert.deepEqual((await see(t, 'nginx', sent)).answers, sent.nginx?.[0]);
    });
  }

  await t.test('each was counted once', async () => {
    const { sink } = three.proxy;
    await three.proxy.settled(ANSWERS.length);
    assert.equal(sink.extraEnds(), 0);
  });
});
