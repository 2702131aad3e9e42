import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  bareHost,
  mayClimb,
  parseTarget,
  pathBehind,
  resolvePath,
} from '../../../../../src/input/proxy/routing/target.ts';

test('a target is a path, or a URL whose host counts; anything else is none', () => {
  assert.deepEqual(parseTarget('/a?b=/c?d'), { path: '/a', query: '?b=/c?d', host: undefined });
  assert.deepEqual(parseTarget('HTTP://h.example:80/a'), { path: '/a', query: '', host: 'h.example:80' });
  assert.deepEqual(parseTarget('http://h.example?x'), { path: '/', query: '?x', host: 'h.example' });
  for (const none of ['*', '', 'h.example:443', 'ftp://h/x', 'http:///x'])
    assert.equal(parseTarget(none), undefined, none);
});

test('hosts are compared without case, port, user and final dot', () => {
  for (const host of ['llm.internal', 'LLM.Internal:8503', 'llm.internal.', 'llm.internal.:80', 'u:p@llm.internal']) {
    assert.equal(bareHost(host), 'llm.internal', host);
  }
  assert.equal(bareHost('[::1]:8503'), '[::1]');
});

describe('dot segments', () => {
  for (const [path, resolved] of [
    ['/a/b', '/a/b'],
    ['/a/../b', '/b'],
    ['/a/./b/', '/a/b/'],
    ['/a/%2E%2e/b', '/b'],
    ['/../../b', '/b'],
    ['/a/..', '/'],
    ['/a/b/.', '/a/b/'],
    // No dot segments: nothing is touched.
    ['/a//b;c/%2F/...', '/a//b;c/%2F/...'],
    ['/models/meta%2Fllama-3..1/', '/models/meta%2Fllama-3..1/'],
  ] as const) {
    test(`${path} is ${resolved}`, () => assert.equal(resolvePath(path), resolved));
  }

  for (const path of [
    '/a//../b',
    '/a/..%2fb',
    '/a%2f../b',
    '/a/..\\b',
    '/a\\..\\b',
    '/a/..;x/b',
    '/a/..%00/b',
    '/a/..#/b',
  ]) {
    test(`${path} may mean two things`, () => assert.equal(resolvePath(path), undefined));
  }
});

test('a prefix is of whole segments, and what is encoded for no reason is the same', () => {
  for (const [path, behind] of [
    ['/openai', '/'],
    ['/openai/', '/'],
    ['/openai/v1/x', '/v1/x'],
    ['/openai//x', '//x'],
    ['/%6fpen%61i/x', '/x'],
    ['/openaix', undefined],
    ['/OpenAI/x', undefined],
    ['/openai%2Fx', undefined],
    ['//openai/x', undefined],
    ['/x/openai', undefined],
  ] as const) {
    assert.equal(pathBehind(path, '/openai'), behind, path);
  }
  assert.equal(pathBehind('/a/b/c', '/a/b'), '/c');
  assert.equal(pathBehind('/a', '/a/b'), undefined);
  assert.equal(pathBehind('/a/b', ''), '/a/b');
});

/** How servers read a path before they serve it; none does all of it, each does some. */
const READINGS: readonly ((path: string) => string)[] = [
  (path) => path,
  (path) => path.replace(/%2f/gi, '/'),
  (path) => path.replace(/\\|%5c/gi, '/'),
  (path) => path.replace(/\/{2,}/g, '/'),
  (path) => path.replace(/(?:;|%3b)[^/]*/gi, ''),
  (path) => path.replace(/(?:#|%23).*$/s, ''),
  (path) => path.replace(/%00.*$/s, ''),
  (path) =>
    decodeURIComponent(path)
      .replace(/\\/g, '/')
      .replace(/;[^/]*/g, '')
      .replace(/\/{2,}/g, '/'),
];

/** Where a server ends up that reads a path like this, as the folders from its root. */
function served(path: string, reading: (path: string) => string): string[] {
  const folders: string[] = [];
  const read = reading(path);
  const segments: readonly string[] = read.replace(/%2e/gi, '.').split('/').slice(1);
  for (const segment of segments) {
    if (segment === '..') folders.pop();
    else if (segment !== '.') folders.push(segment);
  }
  return folders;
}

const pieces = fc.constantFrom(
  'a',
  'openai',
  '..',
  '.',
  '%2e%2e',
  '%2e',
  '%2f',
  '%5c',
  '\\',
  '/',
  '//',
  ';',
  '..;x',
  '%3b',
  '#',
  '%00',
  '...',
);
const paths = fc.array(pieces, { maxLength: 8 }).map((parts) => `/${parts.join('')}`.replace(/#.*/, (rest) => rest));

test('however a server reads what is sent, it stays behind the base path', () => {
  fc.assert(
    fc.property(paths, fc.boolean(), (path, strips) => {
      const resolved = resolvePath(path);
      const sent = strips ? resolved && pathBehind(resolved, '/openai') : mayClimb(path) ? resolved : path;
      if (sent === undefined) return;
      for (const reading of READINGS) {
        const folders: readonly string[] = served(`/base/of/ours${sent}`, reading).filter((folder) => folder !== '');
        assert.deepEqual(folders.slice(0, 3), ['base', 'of', 'ours'], `${path} → ${sent}`);
      }
    }),
    { numRuns: 5000 },
  );
});
