import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { createStore } from '../../../../src/metrics/store.ts';
import { decodeJournal } from '../../../../src/state/journal/decode.ts';
import { createJournal } from '../../../../src/state/journal/journal.ts';
import { takeSnapshot } from '../../../../src/state/snapshot.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { type Content, contentOf, readContent } from '../../../support/saved-state.ts';
import { tempDir } from '../../../support/temp-dir.ts';

/** A journal of three writes, and what each of them left in it. */
async function writeJournal(t: TestContext): Promise<{ readonly bytes: Buffer; readonly writes: readonly Content[] }> {
  const store = createStore({ clock: createManualClock() });
  const path = join(await tempDir(t), 'state.journal');
  const journal = createJournal({ path, prepare: async () => {} });
  const writes: Content[] = [];
  for (const model of ['m1', 'm\u00fc "2"', 'm1']) {
    store.add('llm_tokens_total', { provider: 'p', model, token_type: 'input' }, 17);
    store.observe('llm_time_to_first_token_seconds', { provider: 'p', model }, 0.3);
    const snapshot = takeSnapshot(store, { logs: { save: () => ({ offset: 100 * writes.length }) } });
    await journal.write(snapshot);
    writes.push(contentOf(snapshot));
  }
  await journal.close();
  return { bytes: await readFile(path), writes };
}

const NOTHING: Content = { families: [], parts: {} };

/** How many of the writes a read journal has; it must be one of them exactly, or nothing. */
function countWrites({ families, parts }: Content, writes: readonly Content[]): number {
  const found = [NOTHING, ...writes].findIndex((content) => {
    try {
      assert.deepEqual({ families, parts }, content);
      return true;
    } catch {
      return false;
    }
  });
  assert.notEqual(found, -1, 'neither nothing nor what any write left');
  return found;
}

describe('reading a journal', () => {
  test('cut at any length it gives the last write that is whole, and that is no damage once there is one', async (t) => {
    const { bytes, writes } = await writeJournal(t);
    let before = 0;
    for (let length = 0; length <= bytes.length; length += 1) {
      const read = readContent(bytes.subarray(0, length));
      const now = countWrites(read, writes);
      assert.ok(now >= before, `${length} bytes`);
      assert.equal(read.damage === undefined, now > 0, `${length} bytes: ${read.damage}`);
      before = now;
    }
    assert.equal(before, writes.length);
  });

  test('a change of any one byte is noticed or changes nothing', async (t) => {
    const { bytes, writes } = await writeJournal(t);
    for (let at = 0; at < bytes.length; at += 1) {
      const original = bytes[at] ?? 0;
      for (const value of [original ^ 1, original ^ 0x80, 0, 0x0a, 0x20, 0x7d]) {
        if (value === original) continue;
        bytes[at] = value;
        const read = readContent(bytes);
        const now = countWrites(read, writes);
        assert.ok(read.damage !== undefined || now === writes.length, `byte ${at} as ${value}`);
      }
      bytes[at] = original;
    }
  });

  test('a stretch of NULs that a power failure left at the end is no damage', async (t) => {
    const { bytes, writes } = await writeJournal(t);
    const read = readContent(Buffer.concat([bytes, Buffer.alloc(4096)]));
    assert.deepEqual(read, { ...writes.at(-1), damage: undefined });
  });

  test('says what is wrong with a file that is not ours', () => {
    const strangers: readonly (readonly [content: string, damage: RegExp])[] = [
      ['', /^the file is empty$/],
      ['\0'.repeat(5000), /nothing but NUL/],
      ['{"llm-exporter":"state","version":2}\n{}\n', /^it has version 2, this llm-exporter reads version 1$/],
      ['hello\n', /^it is no state of llm-exporter$/],
      ['{"llm-exporter":"state","version":1}\n', /^no write is complete$/],
    ];
    for (const [content, damage] of strangers) {
      const read = decodeJournal(Buffer.from(content));
      assert.deepEqual({ ...read, damage: undefined }, { ...NOTHING, damage: undefined });
      assert.match(read.damage ?? '', damage);
    }
  });
});
