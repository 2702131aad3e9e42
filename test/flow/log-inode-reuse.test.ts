import assert from 'node:assert/strict';
import { rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { followLog, ids, requestLines } from '../support/followed-log.ts';

test('a new log under the number of the former one is read from its beginning, although it is longer', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 3) });
  log.readAll();
  const saved = log.save();
  log.source.close();
  rmSync(log.path);
  writeFileSync(log.path, requestLines(4, 20));
  const { dev, ino, birthtimeNs } = statSync(log.path, { bigint: true });
  const reused = saved
    .replace(/"dev":"\d+"/, `"dev":"${dev}"`)
    .replace(/"ino":"\d+"/, `"ino":"${ino}"`)
    .replace(/"birth":"\d+"/, `"birth":"${birthtimeNs}"`);
  log.restart(reused);
  assert.deepEqual(log.readAll(), ids(1, 20));
});

test('a hundred logs that follow one another, most of them under one number, are each read from the beginning', async (t) => {
  const log = await followLog(t, { before: requestLines(1, 2) });
  for (let turn = 1; turn < 100; turn += 1) {
    log.readAll();
    unlinkSync(log.path);
    log.readAll();
    log.clock.advance(6000);
    log.readAll();
    writeFileSync(log.path, requestLines(2 * turn + 1, 2 * turn + 2));
    if (turn % 10 === 0) log.restart();
  }
  assert.deepEqual(log.readAll(), ids(1, 200));
});
