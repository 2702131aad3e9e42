import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCatalogue } from '../../../../src/classify/catalogue.ts';
import type { RequestEvent } from '../../../../src/event/request-event.ts';
import { type Chunk, createSeriesReader, isOfTraffic } from '../../../../src/history/replay/chunk.ts';
import { replay } from '../../../../src/history/replay/replay.ts';

const BLOCK_MS = 7_200_000;
const START = Date.UTC(2026, 8, 1);
const STEP = 30_000;

const request = (timeMs: number, code = 200): RequestEvent => ({
  timeMs,
  provider: 'novita',
  model: 'm',
  stream: false,
  code,
  durationSeconds: 3,
  final: true,
});

async function* inOneBatch(events: readonly RequestEvent[]) {
  yield events;
}

async function replayed(events: readonly RequestEvent[]) {
  const read = createSeriesReader(isOfTraffic);
  const chunks: Pick<Chunk, 'startMs' | 'rows'>[] = [];
  const samples = new Map<string, [seconds: number, value: number][]>();
  await replay(inOneBatch(events), {
    catalogue: loadCatalogue(),
    settings: { providers: { novita: { models: ['m'] } }, modelLimit: 10 },
    intervalMs: STEP,
    sink: {
      async chunk(chunk) {
        chunks.push(chunk);
        for (const { series, values, first } of read(chunk)) {
          for (const [index, { name, labels }] of series.entries()) {
            const key = `${name} ${labels.map(([label, value]) => `${label}=${value}`).join(' ')}`;
            const points = samples.get(key) ?? [];
            samples.set(key, points);
            for (const [at, value] of (values[index] ?? []).entries()) {
              points.push([(chunk.startMs + (first + at) * STEP - START) / 1000, value]);
            }
          }
        }
      },
    },
  });
  return { chunks, samples };
}

const good = 'llm_requests_total provider=novita model=m code=200 cause=none stream=false';

test('a series is 0 one step before its first increment, and keeps its value to the end', async () => {
  const { samples } = await replayed([request(START + 1), request(START + 31_000), request(START + 89_000, 503)]);
  assert.deepEqual(samples.get(good), [
    [0, 0],
    [30, 1],
    [60, 2],
    [90, 2],
  ]);
  const bad = [...samples].find(([key]) => key.includes('code=503'));
  assert.deepEqual(bad?.[1], [
    [60, 0],
    [90, 1],
  ]);
});

test('an event on a step belongs to that step', async () => {
  const { samples } = await replayed([request(START + 30_000), request(START + 30_001)]);
  assert.deepEqual(samples.get(good), [
    [0, 0],
    [30, 1],
    [60, 2],
  ]);
});

test('series that never move are left out; of a histogram that moves all is there', async () => {
  const { samples } = await replayed([request(START + 1)]);
  const names = [...samples.keys()].filter((key) => !key.startsWith('llm_request_duration_seconds_bucket'));
  assert.deepEqual(names, [
    good,
    'llm_request_duration_seconds_sum provider=novita model=m stream=false outcome=success',
    'llm_request_duration_seconds_count provider=novita model=m stream=false outcome=success',
  ]);
  const buckets = [...samples].filter(([key]) => key.startsWith('llm_request_duration_seconds_bucket'));
  assert.equal(buckets.length, 17);
  assert.deepEqual(
    buckets.map(([, points]) => points.at(-1)?.[1]),
    [0, 0, 0, 0, 0, ...Array.from({ length: 12 }, () => 1)],
  );
});

test('chunks end at the borders of blocks; the 0 before a first increment may be in the chunk before', async () => {
  const border = START + BLOCK_MS;
  const { chunks, samples } = await replayed([request(START + 1), request(border, 503), request(border + STEP)]);
  assert.deepEqual(
    chunks.map(({ startMs, rows }) => [startMs - START, rows.length]),
    [
      [0, 240],
      [BLOCK_MS, 2],
    ],
  );
  const bad = [...samples].find(([key]) => key.includes('code=503'));
  assert.deepEqual(bad?.[1].slice(0, 2), [
    [7170, 0],
    [7200, 1],
  ]);
});

test('there are no samples where no log was for weeks, and no increment is lost behind that', async () => {
  const later = START + 20 * 86_400_000;
  const { samples } = await replayed([request(START + 1), request(later + 1)]);
  assert.deepEqual(samples.get(good), [
    [0, 0],
    [30, 1],
    [1_728_000, 1],
    [1_728_030, 2],
  ]);
});
