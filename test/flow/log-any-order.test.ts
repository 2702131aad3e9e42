import assert from 'node:assert/strict';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type FollowedLog, followLog, ids, requestLine } from '../support/followed-log.ts';

/** What may happen to a log and its reader, in any order. */
const ACTS = [
  'append',
  'append much',
  'append half a line',
  'rename and make anew',
  'rename by date and make anew',
  'rename',
  'copy and cut',
  'pack',
  'poll once',
  'read all',
  'wait',
  'save',
  'kill',
  'stop',
  'start',
] as const;
type Act = (typeof ACTS)[number];

/**
 * A writer of numbered lines whose log is rotated by every known means, and a reader that is stopped and killed. Files are stamped by the
 * clock of the test, as they would be by one that really moves.
 */
class Story {
  readonly log: FollowedLog;
  /** Where the writer writes: it keeps a renamed file until there is a new one. */
  #target: string;
  #written = 0;
  #bytes = 0;
  #half = '';
  #generations = 0;
  #isUp = true;
  #saved: { state: string; events: number; bytes: number; lines: number };

  readonly #acts: Readonly<Record<Act, () => void>> = {
    append: () => this.#append(2),
    'append much': () => this.#append(40),
    'append half a line': () => this.#appendHalf(),
    'rename and make anew': () => this.#rename(true),
    'rename by date and make anew': () => {
      this.#generations += 1;
      this.#rename(true, `access-20260902${String(this.#generations).padStart(6, '0')}.log`);
    },
    rename: () => this.#rename(false),
    'copy and cut': () => this.#copyAndCut(),
    pack: () => this.#pack(),
    'poll once': () => this.#isUp && this.log.source.poll(),
    'read all': () => this.#isUp && this.log.readAll(),
    wait: () => this.log.clock.advance(6000),
    save: () => this.#save(),
    kill: () => {
      this.#isUp = false;
    },
    stop: () => {
      this.#save();
      this.#isUp = false;
    },
    start: () => this.#start(),
  };

  constructor(log: FollowedLog) {
    this.log = log;
    this.#target = log.path;
    log.source.open();
    this.#saved = this.#snapshot();
  }

  act(act: Act): void {
    this.log.clock.advance(20);
    this.#acts[act]();
  }

  /** Everything written is counted, once, whatever happened. */
  async end(): Promise<void> {
    this.#finishLine();
    this.#start();
    // A file that came and went unseen is looked for once there is a new one.
    if (this.#target !== this.log.path) this.#rename(true);
    await this.log.readUntil(ids(1, this.#written));
    assert.deepEqual(this.log.sink.rejected, []);
    assert.equal(this.log.sink.bytes, this.#bytes);
  }

  #save(): void {
    if (this.#isUp) this.#saved = this.#snapshot();
  }

  #snapshot() {
    const { sink } = this.log;
    return { state: this.log.save(), events: sink.events.length, bytes: sink.bytes, lines: sink.lines };
  }

  /** Begins again from what was saved: both how far was read and what was counted. */
  #start(): void {
    if (this.#isUp) return;
    const { sink } = this.log;
    sink.events.length = this.#saved.events;
    sink.bytes = this.#saved.bytes;
    sink.lines = this.#saved.lines;
    this.log.restart(this.#saved.state);
    this.#isUp = true;
  }

  #append(lines: number): void {
    this.#finishLine();
    const text = Array.from({ length: lines }, () => requestLine(++this.#written)).join('');
    this.#write(text);
  }

  #appendHalf(): void {
    this.#finishLine();
    const line = requestLine(++this.#written);
    // With the number of the line in its first half: one that begins like any other proves nothing.
    this.#half = line.slice(-20);
    this.#write(line.slice(0, -20));
  }

  #finishLine(): void {
    if (this.#half !== '') this.#write(this.#half);
    this.#half = '';
  }

  #write(text: string): void {
    appendFileSync(this.#target, text);
    this.#bytes += text.length;
    this.#stamp(this.#target);
  }

  #stamp(path: string, seconds = this.log.clock.nowMs() / 1000): void {
    utimesSync(path, seconds, seconds);
  }

  #rename(isMadeAnew: boolean, name = 'access.log.1'): void {
    // A half line is finished in the file in which it was begun: the writer reopens after it.
    this.#finishLine();
    if (existsSync(this.log.path)) {
      this.#shift();
      const moved = join(this.log.dir, name);
      renameSync(this.log.path, moved);
      if (this.#target === this.log.path) this.#target = moved;
    }
    if (!isMadeAnew) return;
    writeFileSync(this.log.path, '');
    this.#stamp(this.log.path);
    this.#target = this.log.path;
  }

  #copyAndCut(): void {
    if (!existsSync(this.log.path) || this.#target !== this.log.path) return;
    this.#finishLine();
    this.#shift();
    copyFileSync(this.log.path, join(this.log.dir, 'access.log.1'));
    this.#stamp(join(this.log.dir, 'access.log.1'));
    truncateSync(this.log.path);
    this.#stamp(this.log.path);
  }

  /** access.log.1 becomes access.log.2 and so on, packed or not. */
  #shift(): void {
    for (let number = 60; number >= 1; number -= 1) {
      for (const suffix of ['', '.gz']) {
        const from = join(this.log.dir, `access.log.${number}${suffix}`);
        const to = join(this.log.dir, `access.log.${number + 1}${suffix}`);
        if (!existsSync(from)) continue;
        renameSync(from, to);
        if (this.#target === from) this.#target = to;
      }
    }
  }

  /** Packs the newest numbered file that nobody writes to, as gzip does: the time of the last change stays. */
  #pack(): void {
    for (let number = 1; number <= 60; number += 1) {
      const path = join(this.log.dir, `access.log.${number}`);
      if (!existsSync(path) || path === this.#target) continue;
      const { mtimeMs } = statSync(path);
      writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
      this.#stamp(`${path}.gz`, mtimeMs / 1000);
      unlinkSync(path);
      return;
    }
  }
}

async function tell(t: TestContext, acts: readonly Act[]): Promise<void> {
  const story = new Story(await followLog(t, { bytesPerPoll: 1500 }));
  for (const act of acts) story.act(act);
  await story.end();
  story.log.source.close();
}

test('every line is counted once, whatever rotation does and whenever the reader is stopped or killed', async (t) => {
  const runs = Number(process.env.LOG_STORIES ?? 150);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...ACTS), { maxLength: 40 }), (acts) => tell(t, acts)),
    { numRuns: runs, endOnFailure: false },
  );
});
