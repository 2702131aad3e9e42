import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { LookupAddress } from 'node:dns';
import { test } from 'node:test';
import { createNames } from '../../../../../src/input/proxy/upstream/names.ts';
import { createLog } from '../../../../../src/log.ts';
import { eventually } from '../../../../support/eventually.ts';
import { createManualClock } from '../../../../support/manual-clock.ts';
import { createSlowNameserver } from '../../../../support/names.ts';

const HOUR_MS = 60 * 60_000;

interface Question {
  /** The addresses or the error's code; undefined while there is no answer. */
  heard(): string | undefined;
  leave(): void;
}

function slowNames() {
  const clock = createManualClock();
  const server = createSlowNameserver();
  const logLines: string[] = [];
  const log = createLog({ write: (line) => logLines.push(line) });
  const names = createNames({ clock, log, system: server.lookup });
  const ask = (name: string, all = true): Question => {
    let heard: string | undefined;
    const leave = names.lookup(name, { all }, (error, found) => {
      heard = error?.code ?? [found].flat().map(textOf).join(' ');
    });
    return { heard: () => heard, leave };
  };
  /** Asked and answered once. */
  const known = (name: string, ...addresses: string[]): void => {
    ask(name);
    server.answer(name, addresses);
  };
  return { clock, server, logLines, ask, known };
}

function textOf(found: string | LookupAddress): string {
  return typeof found === 'string' ? found : found.address;
}

test('all who ask for a name while it is looked up share one lookup', () => {
  const { server, ask } = slowNames();
  const [first, second, other] = [ask('a.example'), ask('a.example'), ask('b.example')];
  assert.deepEqual(server.asked, ['a.example', 'b.example']);
  server.answer('a.example', ['192.0.2.1', '2001:db8::1']);
  assert.deepEqual(
    [first.heard(), second.heard(), other.heard()],
    Array(2).fill('192.0.2.1 2001:db8::1').concat(undefined),
  );
});

test('addresses that move are followed: each lookup after an answer is a new one', () => {
  const { server, ask, known } = slowNames();
  known('a.example', '192.0.2.1');
  const moved = ask('a.example');
  assert.deepEqual(server.asked, ['a.example', 'a.example']);
  server.answer('a.example', ['192.0.2.2']);
  assert.equal(moved.heard(), '192.0.2.2');
});

test('who wants one address gets the first', () => {
  const { server, ask } = slowNames();
  const one = ask('a.example', false);
  server.answer('a.example', ['192.0.2.1', '192.0.2.2']);
  assert.equal(one.heard(), '192.0.2.1');
});

test('a lookup that nobody waits for any more is not begun again while it hangs', () => {
  const { clock, server, ask } = slowNames();
  const gone = ask('a.example');
  gone.leave();
  clock.advance(HOUR_MS);
  const patient = ask('a.example');
  assert.deepEqual(server.asked, ['a.example']);
  server.answer('a.example', ['192.0.2.1']);
  assert.deepEqual([gone.heard(), patient.heard()], [undefined, '192.0.2.1']);
});

test('a name that was known is good without an answer after 2 s, and that is logged once', async () => {
  const { clock, server, logLines, ask, known } = slowNames();
  known('a.example', '192.0.2.1');
  const first = ask('a.example');
  clock.advance(1999);
  assert.equal(first.heard(), undefined);
  clock.advance(1);
  assert.equal(first.heard(), '192.0.2.1');
  const late = ask('a.example');
  assert.equal(late.heard(), undefined, 'net takes no answer before its question has returned');
  await eventually(() => assert.equal(late.heard(), '192.0.2.1'));
  assert.equal(logLines.length, 1);
  assert.match(logLines[0] ?? '', /level=warn .* its last addresses are used" name=a\.example why="no answer"/);
  assert.equal(server.asked.length, 2);

  server.answer('a.example', ['192.0.2.9']);
  assert.match(logLines[1] ?? '', /level=info .*answered again/);
  const after = ask('a.example');
  assert.equal(server.asked.length, 3);
  clock.advance(2000);
  assert.equal(after.heard(), '192.0.2.9');
});

test('that there is no such name is an answer, and forgets what was known', () => {
  const { clock, server, logLines, ask, known } = slowNames();
  known('a.example', '192.0.2.1');
  const gone = ask('a.example');
  server.answer('a.example', 'ENOTFOUND');
  assert.equal(gone.heard(), 'ENOTFOUND');
  const next = ask('a.example');
  clock.advance(10_000);
  assert.equal(next.heard(), undefined);
  server.answer('a.example', 'EAI_AGAIN');
  assert.equal(next.heard(), 'EAI_AGAIN');
  assert.deepEqual(logLines, []);
});

test('a lookup that ends without an answer leaves what was known, for a day', () => {
  const { clock, server, logLines, ask, known } = slowNames();
  known('a.example', '192.0.2.1');
  for (const hour of [0, 23]) {
    clock.advance(hour * HOUR_MS);
    const question = ask('a.example');
    server.answer('a.example', 'EAI_AGAIN');
    assert.equal(question.heard(), '192.0.2.1');
  }
  assert.equal(logLines.length, 1);
  clock.advance(HOUR_MS);
  const tooLate = ask('a.example');
  server.answer('a.example', 'EAI_AGAIN');
  assert.equal(tooLate.heard(), 'EAI_AGAIN');
});

test('a process without a free descriptor does not take that for the answer that there is no such name', {
  skip: process.platform === 'win32',
}, () => {
  const file = (path: string) => JSON.stringify(new URL(`../../../../../src/${path}`, import.meta.url).href);
  const script = `
    import { openSync } from 'node:fs';
    import { devNull } from 'node:os';
    import { systemClock } from ${file('clock.ts')};
    import { createNames } from ${file('input/proxy/upstream/names.ts')};
    const names = createNames({ clock: systemClock, log: { warn() {}, info() {} } });
    try { for (;;) openSync(devNull); } catch {}
    names.lookup('localhost', { all: true }, (error) => process._rawDebug(error?.code));`;
  const { stderr } = spawnSync(
    'sh',
    ['-c', 'ulimit -n 64; exec "$0" --input-type=module -e "$1"', process.execPath, script],
    {
      encoding: 'utf8',
    },
  );
  assert.equal(stderr.trim(), 'EMFILE');
});
