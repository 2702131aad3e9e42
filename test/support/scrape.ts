import assert from 'node:assert/strict';
import { DEADLINE_MS } from './eventually.ts';

/** One line of an exposition. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A scrape as tests ask questions of it. */
export interface Scrape {
  readonly text: string;
  readonly samples: readonly Sample[];
  /** Sum over the series of `name` whose labels include all of `labels`. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number;
  /** Sums of a family by some labels, zeros left out: `{'m1 503': 4}`. */
  by(name: string, labels: readonly string[]): Readonly<Record<string, number>>;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/s;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/gy;
const UNESCAPED: Readonly<Record<string, string>> = { '\\\\': '\\', '\\"': '"', '\\n': '\n' };

/** Reads the text format 0.0.4 strictly: a line that is not exactly right fails the test. */
export function parseExposition(text: string): Scrape {
  assert.ok(text.endsWith('\n'), 'the last line has no end');
  const samples = text.split('\n').flatMap((line) => (line === '' || line.startsWith('#') ? [] : [parseLine(line)]));
  const matching = (name: string, labels: Readonly<Record<string, string>>) =>
    samples.filter(
      (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    );
  return {
    text,
    samples,
    sum: (name, labels = {}) => matching(name, labels).reduce((total, { value }) => total + value, 0),
    by(name, labels) {
      const sums: Record<string, number> = {};
      for (const sample of matching(name, {})) {
        if (sample.value === 0) continue;
        const key = labels.map((label) => sample.labels[label] ?? '').join(' ');
        sums[key] = (sums[key] ?? 0) + sample.value;
      }
      return sums;
    },
  };
}

function parseLine(line: string): Sample {
  const [, name, body = '', digits] = LINE.exec(line) ?? [];
  assert.ok(name !== undefined && digits !== undefined, `not a sample: ${line}`);
  const labels: Record<string, string> = {};
  let end = 0;
  LABEL.lastIndex = 0;
  for (const match of body.matchAll(LABEL)) {
    const [whole, key = '', value = ''] = match;
    assert.ok(!(key in labels), `label ${key} twice: ${line}`);
    labels[key] = value.replace(/\\["\\n]/g, (pair) => UNESCAPED[pair] ?? '');
    end += whole.length;
  }
  assert.equal(end, body.length, `labels not well formed: ${line}`);
  const value = Number(digits.replace('Inf', 'Infinity'));
  assert.ok(!Number.isNaN(value) || digits === 'NaN', `not a number: ${line}`);
  return { name, labels, value };
}

/** Fetches and reads `/metrics` of an exporter. */
export async function scrape(webUrl: string, headers: Readonly<Record<string, string>> = {}): Promise<Scrape> {
  const response = await fetch(`${webUrl}/metrics`, { headers, signal: AbortSignal.timeout(DEADLINE_MS) });
  assert.equal(response.status, 200);
  return parseExposition(await response.text());
}
