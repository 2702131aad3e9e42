import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { eachEvent } from '../../src/event/event-batch.ts';
import type { RequestEvent } from '../../src/event/request-event.ts';
import type { RejectReason, RotationKind, SourceSink } from '../../src/event/sink.ts';
import { createLineParser } from '../../src/input/log/formats/line-parser.ts';
import { LogGroup, type LogGroupOptions } from '../../src/input/log/log-group.ts';
import { Positions, type SavedPositions } from '../../src/input/log/positions/positions.ts';
import { createLog } from '../../src/log.ts';
import { eventually } from './eventually.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';
import { tempDir } from './temp-dir.ts';

/** A sink that remembers all it was told. */
export interface RecordedSource extends SourceSink {
  bytes: number;
  lines: number;
  readonly events: RequestEvent[];
  filteredLines: number;
  readonly rejected: RejectReason[];
  readonly rotations: RotationKind[];
  last: { readonly up: boolean; readonly lagBytes: number } | undefined;
  /** Open files, as last told. */
  files: number | undefined;
  /** Request ids of the events, in order: what the tests number their lines with. */
  ids(): string[];
  /** The promise every source keeps: lines = events + filtered + rejected. */
  assertBalanced(): void;
}

export function recordSource(): RecordedSource {
  const recorded: RecordedSource = {
    bytes: 0,
    lines: 0,
    events: [],
    filteredLines: 0,
    rejected: [],
    rotations: [],
    last: undefined,
    files: undefined,
    read(bytes, lines) {
      recorded.bytes += bytes;
      recorded.lines += lines;
    },
    // Copied: readers may use one object for all of their events.
    event: (event) => recorded.events.push(structuredClone(event)),
    batch: (batch) => eachEvent(batch, recorded.event),
    filtered() {
      recorded.filteredLines += 1;
    },
    reject: (reason) => recorded.rejected.push(reason),
    rotated: (kind) => recorded.rotations.push(kind),
    lost: () => assert.fail('a file loses nothing that its source could tell'),
    status({ up, lagBytes, files }) {
      recorded.last = { up, lagBytes };
      recorded.files = files;
    },
    close() {},
    ids: () => recorded.events.map((event) => event.requestId ?? ''),
    assertBalanced() {
      assert.equal(recorded.lines, recorded.events.length + recorded.filteredLines + recorded.rejected.length);
    },
  };
  return recorded;
}

/** What one step by hand did. */
interface Step {
  readonly bytesRead: number;
  readonly more: boolean;
  readonly lagBytes: number;
  readonly heldBytes: number;
}

export interface FollowedLog {
  readonly dir: string;
  readonly path: string;
  readonly source: { open(): void; poll(): Step; close(): void };
  readonly sink: RecordedSource;
  readonly clock: ManualClock;
  /** What the source said in its log. */
  readonly said: string[];
  /** Polls until nothing more comes, then checks the balance; returns the ids of all events so far. */
  readAll(): string[];
  /** The same for what comes from packed files, which are unpacked beside the polls: polls until `ids` are the ids, in any order. */
  readUntil(ids: readonly string[]): Promise<void>;
  /** What a state on disk would hold now. */
  save(): string;
  /** Ends as if killed and begins again from a saved state, by default the one of now. What was counted is left to the caller. */
  restart(saved?: string): void;
}

export interface FollowLogOptions {
  /** Content of the file at the start. */
  readonly before?: string;
  readonly path?: string;
  readonly startAt?: LogGroupOptions['startAt'];
  readonly maxLineBytes?: number;
  readonly bytesPerPoll?: number;
  readonly mounts?: ReadonlySet<string>;
  readonly saved?: string;
}

/** A log file in a folder of its own, followed by hand: nothing happens until the test polls. */
export async function followLog(t: TestContext, options: FollowLogOptions = {}): Promise<FollowedLog> {
  const dir = await tempDir(t);
  const { path = join(dir, 'access.log'), before, maxLineBytes, bytesPerPoll, mounts, startAt = 'beginning' } = options;
  if (before !== undefined) appendFileSync(path, before);
  // Times of files are compared with the clock.
  const clock = createManualClock(Date.now());
  const sink = recordSource();
  const said: string[] = [];
  const log = createLog({ level: 'debug', write: (line) => said.push(line) });
  const parse = createLineParser({ format: 'nginx-json', provider: 'novita', clock });
  const buffer = Buffer.allocUnsafe(256 * 1024);

  function begin(saved: string | undefined) {
    const positions = new Positions({ clock, saved: saved === undefined ? undefined : JSON.parse(saved) });
    const group = new LogGroup({
      ...{
        file: path,
        intake: { sink, parserFor: () => parse, maxLineBytes },
        startAt,
        positions: positions.log(path),
      },
      ...{ clock, log, buffer, mounts, bytesPerStep: bytesPerPoll },
    });
    return { positions, group, isOpen: false };
  }

  let run = begin(options.saved);
  const source = {
    open() {
      if (!run.isOpen) run.group.open();
      run.isOpen = true;
    },
    poll() {
      source.open();
      const { bytesRead, more } = run.group.step();
      return { bytesRead, more, lagBytes: sink.last?.lagBytes ?? 0, heldBytes: run.group.heldBytes };
    },
    close: () => run.group.close(),
  };
  t.after(() => source.close());
  const save = () => JSON.stringify(run.positions.save() satisfies SavedPositions);
  const followed: FollowedLog = {
    ...{ dir, path, source, sink, clock, said, save },
    readAll: () => readAll(source, sink),
    readUntil: (expected) =>
      eventually(() => {
        followed.readAll();
        // Asked again and again until all is there: thousands are not compared one by one before that.
        assert.equal(sink.events.length, expected.length);
        assert.deepEqual(sink.ids().sort(byNumber), [...expected].sort(byNumber));
      }),
    restart(saved = save()) {
      source.close();
      run = begin(saved);
    },
  };
  return followed;
}

function byNumber(a: string, b: string): number {
  return Number(a) - Number(b);
}

function readAll(source: FollowedLog['source'], sink: RecordedSource): string[] {
  while (source.poll().bytesRead > 0) {
    // Each poll is bounded, so a test that never gets to the end is one that reads the same bytes again: it fails on its counts.
    assert.ok(sink.bytes < 1e9, 'reads without end');
  }
  sink.assertBalanced();
  return sink.ids();
}

/** One nginx access line of the request with this id, with its newline. */
export function requestLine(id: number | string, status = 200): string {
  const line = {
    time_iso8601: '2026-09-02T00:31:44+00:00',
    request_id: String(id),
    status,
    request_time: 1.25,
    request_uri: '/v1/chat/completions',
    model: 'deepseek/deepseek-v3',
    upstream_status: String(status),
  };
  return `${JSON.stringify(line)}\n`;
}

/** The lines of the requests `from` up to and including `to`. */
export function requestLines(from: number, to: number): string {
  return ids(from, to)
    .map((id) => requestLine(id))
    .join('');
}

export function ids(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
}
