import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { RequestEvent } from '../../src/event/request-event.ts';
import type { RejectReason, RotationKind, SourceSink } from '../../src/event/sink.ts';
import { Follower, type FollowerOptions } from '../../src/input/log/follower.ts';
import { createLineParser } from '../../src/input/log/formats/line-parser.ts';
import { createLog } from '../../src/log.ts';
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
    read(bytes, lines) {
      recorded.bytes += bytes;
      recorded.lines += lines;
    },
    event: (event) => recorded.events.push(event),
    filtered() {
      recorded.filteredLines += 1;
    },
    reject: (reason) => recorded.rejected.push(reason),
    rotated: (kind) => recorded.rotations.push(kind),
    status(status) {
      recorded.last = status;
    },
    close() {},
    ids: () => recorded.events.map((event) => event.requestId ?? ''),
    assertBalanced() {
      assert.equal(recorded.lines, recorded.events.length + recorded.filteredLines + recorded.rejected.length);
    },
  };
  return recorded;
}

export interface FollowedLog {
  readonly dir: string;
  readonly path: string;
  readonly source: Follower;
  readonly sink: RecordedSource;
  readonly clock: ManualClock;
  /** What the source said in its log. */
  readonly said: string[];
  /** Polls until nothing more comes, then checks the balance; returns the ids of all events so far. */
  readAll(): string[];
}

/** A log file in a folder of its own, followed by hand: nothing happens until the test polls. `before` is its content at the start. */
export async function followLog(
  t: TestContext,
  { before, ...options }: { readonly before?: string } & Partial<FollowerOptions> = {},
): Promise<FollowedLog> {
  const dir = await tempDir(t);
  const path = join(dir, 'access.log');
  if (before !== undefined) appendFileSync(path, before);
  const clock = createManualClock();
  const sink = recordSource();
  const said: string[] = [];
  const source = new Follower({
    path,
    sink,
    parse: createLineParser({ format: 'nginx-json', provider: 'novita', clock }),
    clock,
    log: createLog({ level: 'debug', write: (line) => said.push(line) }),
    startAt: 'beginning',
    ...options,
  });
  t.after(() => source.close());
  return { dir, path, source, sink, clock, said, readAll: () => readAll(source, sink) };
}

function readAll(source: Follower, sink: RecordedSource): string[] {
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
