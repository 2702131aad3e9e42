import assert from 'node:assert/strict';
import { parseExposition, type Sample } from './scrape.ts';

/** An exposition in OpenMetrics 1.0, as far as we write it. */
export interface OpenMetrics {
  readonly samples: readonly Sample[];
  /** By name as in TYPE lines: a counter's without `_total`. */
  readonly types: ReadonlyMap<string, string>;
  readonly exemplars: readonly (Sample & { readonly exemplar: Exemplar })[];
}

interface Exemplar {
  readonly requestId: string;
  readonly value: number;
  readonly timeSeconds: number;
}

/** The suffixes of the lines of a family, by its type. */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [''],
  unknown: [''],
  histogram: ['_bucket', '_sum', '_count', '_created'],
  summary: ['', '_sum', '_count', '_created'],
};
/** Never part of a label's value: there a quote has a backslash before it. */
const EXEMPLAR = / # \{request_id="([^"\\]*)"\} (\S+) (\S+)$/;

/** Reads OpenMetrics strictly: a line that is not exactly right, or not in its family, fails the test. */
export function parseOpenMetrics(text: string): OpenMetrics {
  assert.ok(text.endsWith('\n# EOF\n'), 'the end is missing');
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  const exemplars: (Sample & { readonly exemplar: Exemplar })[] = [];
  let family = '';
  for (const line of text.slice(0, -'# EOF\n'.length).split('\n').slice(0, -1)) {
    const [, keyword, name = '', rest = ''] = /^# (\w+) (\S+) (.*)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      assert.doesNotMatch(rest.replace(/\\["\\n]/g, ''), /["\\]/, `not escaped: ${line}`);
    } else if (keyword === 'TYPE') {
      assert.ok(!types.has(name), `${name} twice`);
      types.set(name, rest);
      family = name;
    } else {
      const found = EXEMPLAR.exec(line);
      const [sample] = parseExposition(`${found === null ? line : line.slice(0, found.index)}\n`).samples;
      assert.ok(sample !== undefined, line);
      samples.push(sample);
      const suffix = sample.name.slice(family.length);
      assert.ok(sample.name.startsWith(family) && SUFFIXES[types.get(family) ?? '']?.includes(suffix), line);
      if (found === null) continue;
      assert.ok(['_total', '_bucket'].includes(suffix), line);
      const [, requestId = '', value, time] = found;
      assert.ok('request_id'.length + requestId.length <= 128, line);
      exemplars.push({ ...sample, exemplar: { requestId, value: Number(value), timeSeconds: Number(time) } });
    }
  }
  return { samples, types, exemplars };
}
