import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { table } from '../../src/cli/terminal/layout.ts';
import { type Bench, compare } from './measure.ts';

/**
 * `npm run bench [-- NAME...]`: every bench of this folder, or those named. Machines differ: read the ratios. A bench
 * exports its cases, or measures whole processes and prints by itself.
 */
const NOT_A_BENCH = new Set(['run', 'measure', 'upstream']);
const names = globSync('test/bench/*.ts')
  .map((path) => basename(path, '.ts'))
  .filter((name) => !NOT_A_BENCH.has(name));
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) throw new Error(`no such bench: ${unknown.join(', ')}; there are ${names.join(', ')}`);

for (const name of wanted.length > 0 ? wanted : names) {
  const { bench }: { readonly bench?: Bench } = await import(`./${name}.ts`);
  if (bench !== undefined) process.stdout.write(`${format(bench)}\n\n`);
}

function format({ title, peer, cases }: Bench): string {
  const rows = cases.map(({ name, limitNs, ...tasks }) => {
    const { medianNs, p95Ns, peerMedianNs } = compare(tasks);
    const ratio = `${(medianNs / peerMedianNs).toFixed(2)} x`;
    return [name, time(medianNs), time(p95Ns), time(peerMedianNs), ratio, verdict(medianNs, limitNs)];
  });
  return table([[title.toUpperCase(), 'MEDIAN', 'P95', peer, 'RATIO', 'LIMIT'], ...rows], Number.POSITIVE_INFINITY);
}

function verdict(ns: number, limitNs: number | undefined): string {
  if (limitNs === undefined) return '';
  return `${time(limitNs)}: ${ns <= limitNs ? 'kept' : 'MISSED'}`;
}

function time(ns: number): string {
  if (ns < 1000) return `${ns.toPrecision(3)} ns`;
  return ns < 1e6 ? `${(ns / 1e3).toPrecision(3)} µs` : `${(ns / 1e6).toPrecision(3)} ms`;
}
