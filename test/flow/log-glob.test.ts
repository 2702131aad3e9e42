import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ids, requestLine, requestLines } from '../support/followed-log.ts';
import { startLogSources } from '../support/log-sources.ts';
import { tempDir } from '../support/temp-dir.ts';

const fromStart = { start_at: 'beginning' as const };

async function inFolder(t: TestContext) {
  const dir = await tempDir(t);
  return { dir, at: (name: string) => join(dir, name), logs: startLogSources(t) };
}

test('all files that match a pattern are one source, named by the pattern', async (t) => {
  const { at, logs } = await inFolder(t);
  mkdirSync(at('b/c'), { recursive: true });
  writeFileSync(at('a.log'), requestLine(1));
  writeFileSync(at('b/c/d.log'), requestLine(2));
  writeFileSync(at('b/other.txt'), requestLine(99));
  logs.reload({ file: at('**/*.log'), ...fromStart });
  await logs.until(() => assert.deepEqual(logs.ids().sort(), ids(1, 2)));
  assert.deepEqual(
    logs.opened.map(({ name }) => name),
    [at('**/*.log')],
  );
  assert.equal(logs.opened[0]?.sink.files, 2);
  assert.deepEqual(logs.opened[0]?.sink.last, { up: true, lagBytes: 0 });
});

test('what is there at the first search is started where start_at says, what comes later at its beginning', async (t) => {
  const { at, logs } = await inFolder(t);
  writeFileSync(at('old.log'), requestLine(1));
  logs.reload({ file: at('*.log') });
  await logs.until(() => assert.equal(logs.opened[0]?.sink.files, 1));
  writeFileSync(at('new.log'), requestLine(2));
  appendFileSync(at('old.log'), requestLine(3));
  await logs.until(() => assert.deepEqual(logs.ids().sort(), ids(2, 3)));
});

test('a file that matches two patterns is counted once', async (t) => {
  const { at, logs } = await inFolder(t);
  writeFileSync(at('a.log'), requestLine(1));
  logs.reload(
    { file: at('*.log'), ...fromStart },
    { file: at('a*'), ...fromStart },
    { file: at('a.log'), ...fromStart },
  );
  await logs.until(() => assert.ok(logs.opened.every(({ sink }) => sink.last?.up === true)));
  assert.deepEqual(logs.ids(), ['1']);
});

test('a pattern that takes in rotated files counts none of them twice, packed or not, and not after a restart', async (t) => {
  const { at, logs } = await inFolder(t);
  const config = { file: at('access.log*'), ...fromStart };
  writeFileSync(at('access.log'), requestLines(1, 20));
  writeFileSync(at('access.log.2.gz'), gzipSync(requestLines(21, 40)));
  logs.reload(config);
  await logs.until(() => assert.equal(logs.ids().length, 40));
  renameSync(at('access.log'), at('access.log.1'));
  writeFileSync(at('access.log'), requestLine(41));
  await logs.until(() => assert.equal(logs.ids().length, 41));
  // Past the time for which a renamed file is held, so that it is found under its new name, and then packed.
  for (let turn = 0; turn < 10; turn += 1) logs.settle();
  await logs.until(() => assert.equal(logs.opened[0]?.sink.files, 2));
  writeFileSync(at('access.log.1.gz'), gzipSync(requestLines(1, 20)));
  rmSync(at('access.log.1'));
  appendFileSync(at('access.log'), requestLine(42));
  await logs.until(() => assert.equal(logs.opened[0]?.sink.files, 1));
  assert.deepEqual(
    logs.ids().sort((a, b) => Number(a) - Number(b)),
    ids(1, 42),
  );
  const saved = logs.save();
  logs.close();
  const next = startLogSources(t, { saved });
  next.reload(config);
  appendFileSync(at('access.log'), requestLine(43));
  await next.until(() => assert.deepEqual(next.ids(), ['43']));
});

test('files that came, grew, were rotated or vanished while we were down are each counted once', async (t) => {
  const { at, logs } = await inFolder(t);
  const config = { file: at('*.log'), ...fromStart };
  for (const [index, name] of ['stays', 'rotates', 'vanishes'].entries())
    writeFileSync(at(`${name}.log`), requestLine(index + 1));
  logs.reload(config);
  await logs.until(() => assert.equal(logs.ids().length, 3));
  const saved = logs.save();
  logs.close();
  appendFileSync(at('stays.log'), requestLine(4));
  appendFileSync(at('rotates.log'), requestLine(5));
  renameSync(at('rotates.log'), at('rotates.log.1'));
  rmSync(at('vanishes.log'));
  writeFileSync(at('comes.log'), requestLine(6));
  const next = startLogSources(t, { saved });
  next.reload(config);
  await next.until(() => assert.deepEqual(next.ids().sort(), ids(4, 6)));
  assert.equal(next.opened[0]?.sink.last?.up, true, 'a file that is gone is no trouble');
});

test('a pattern that matches nothing is told of once, and is down until there is a file', async (t) => {
  const { at, logs } = await inFolder(t);
  logs.reload({ file: at('none/*.log') });
  await logs.until(() => assert.match(logs.said.join(''), /no file matches/));
  assert.equal(logs.opened[0]?.sink.last?.up, false);
  mkdirSync(at('none'));
  writeFileSync(at('none/a.log'), requestLine(1));
  await logs.until(() => assert.deepEqual(logs.ids(), ['1']));
  assert.equal(logs.opened[0]?.sink.last?.up, true);
  assert.equal(logs.said.filter((line) => line.includes('no file matches')).length, 1);
});

test('a file that no longer matches is let go', async (t) => {
  const { at, logs } = await inFolder(t);
  for (const name of ['a.log', 'b.log']) writeFileSync(at(name), requestLine(name));
  logs.reload({ file: at('*.log'), ...fromStart });
  await logs.until(() => assert.equal(logs.opened[0]?.sink.files, 2));
  rmSync(at('a.log'));
  await logs.until(() => assert.equal(logs.opened[0]?.sink.files, 1));
  assert.equal(logs.opened[0]?.sink.last?.up, true);
});

test('what a container runtime cut is joined within its own file, however the files are read in turn', async (t) => {
  const { at, logs } = await inFolder(t);
  const cut = (id: number) => {
    const line = requestLine(id).trimEnd();
    const [first, rest] = [line.slice(0, 60), line.slice(60)];
    return [`2026-09-02T00:31:44Z stdout P ${first}\n`, `2026-09-02T00:31:44Z stdout F ${rest}\n`] as const;
  };
  const [a, b] = [cut(1), cut(2)];
  for (const [name, piece] of [
    ['a.log', a[0]],
    ['b.log', b[0]],
  ] as const)
    writeFileSync(at(name), piece);
  logs.reload({ file: at('*.log'), ...fromStart });
  await logs.until(() => assert.equal(logs.opened[0]?.sink.filteredLines, 2));
  appendFileSync(at('a.log'), a[1]);
  await logs.until(() => assert.deepEqual(logs.ids(), ['1']));
  appendFileSync(at('b.log'), b[1]);
  await logs.until(() => assert.deepEqual(logs.ids(), ids(1, 2)));
});
