import assert from 'node:assert/strict';
import type { Scrape } from '../scrape.ts';
import type { Seen } from './call.ts';
import type { Plan } from './plan.ts';

/** What the clients have seen: the truth that a scrape is held against. */
export interface Tally {
  add(plan: Plan, seen: Seen): void;
  readonly requests: number;
  /** Fails unless every request is counted once, under its model and its code. */
  assertEqual(scrape: Scrape): void;
  summary(): string;
}

const LEFT = '499';

export function createTally(): Tally {
  const answered = new Map<string, number>();
  /** Clients that left where the end may have been on its way to them: counted as that, or as 499. */
  const open = new Map<string, number>();
  const left = new Map<string, number>();
  const failures: string[] = [];
  let requests = 0;
  const add = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1);
  const total = (map: ReadonlyMap<string, number>) => [...map.values()].reduce((sum, count) => sum + count, 0);

  function assertModel(model: string, counted: ReadonlyMap<string, number>): void {
    let settled = 0;
    const codes = new Set([...answered.keys(), ...open.keys()].filter((key) => key.startsWith(`${model} `)));
    for (const key of codes) {
      const sure = answered.get(key) ?? 0;
      const count = counted.get(key) ?? 0;
      const atMost = sure + (open.get(key) ?? 0);
      const all = JSON.stringify([...counted]);
      assert.ok(count >= sure && count <= atMost, `${key}: ${count} counted, ${sure} to ${atMost} seen; of ${all}`);
      settled += count;
    }
    const seen = [answered, open, left].map((map) => total(only(map, model))).reduce((sum, count) => sum + count, 0);
    const leavers = counted.get(`${model} ${LEFT}`) ?? 0;
    assert.ok(leavers >= (left.get(`${model} ${LEFT}`) ?? 0), `${model}: ${leavers} left`);
    assert.equal(total(counted), seen, `all requests of ${model}`);
    assert.equal(settled + leavers, seen, `${model} has codes that nobody saw: ${JSON.stringify([...counted])}`);
  }

  return {
    get requests() {
      return requests;
    },
    add(plan, seen) {
      requests += 1;
      const planned = `${plan.model} ${plan.code}`;
      if (seen.kind === 'answered') {
        add(answered, `${plan.model} ${seen.code}`);
        if (seen.code !== plan.code) failures.push(`${plan.fault}: ${seen.code} in place of ${plan.code}`);
      } else if (seen.kind === 'left') {
        if (seen.isCertain) add(left, `${plan.model} ${LEFT}`);
        else add(open, planned);
      } else {
        failures.push(`${seen.why}: ${JSON.stringify(plan)}`);
      }
    },
    assertEqual(scrape) {
      assert.deepEqual(failures.slice(0, 10), [], `${failures.length} requests did not go as planned`);
      const counted = new Map(Object.entries(scrape.by('llm_requests_total', ['model', 'code'])));
      const models = new Set([...counted.keys(), ...answered.keys()].map((key) => key.split(' ')[0] ?? ''));
      for (const model of models) assertModel(model, only(counted, model));
      assert.equal(total(counted), requests);
      assert.equal(scrape.sum('llm_request_duration_seconds_count'), requests);
      assert.ok(scrape.sum('llm_attempts_total') >= requests, `${scrape.sum('llm_attempts_total')} attempts`);
      assert.equal(scrape.sum('llm_requests_in_flight'), 0);
    },
    summary: () =>
      `${requests} requests, answered ${JSON.stringify(byCode(answered))}, left ${total(left)} before and ${total(open)} around the end`,
  };
}

function only(map: ReadonlyMap<string, number>, model: string): ReadonlyMap<string, number> {
  return new Map([...map].filter(([key]) => key.startsWith(`${model} `)));
}

function byCode(map: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const [key, count] of map) {
    const code = key.split(' ')[1] ?? '';
    sums[code] = (sums[code] ?? 0) + count;
  }
  return sums;
}
