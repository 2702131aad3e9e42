import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { AlertName } from '../../src/mixin/settings/thresholds.ts';
import { packFolder, run } from './pack.ts';

const RULES = 'alerts/llm.rules.yml';

interface Fault {
  readonly name: string;
  /** Whose tests must notice. */
  readonly alert: AlertName;
  readonly before: string | RegExp;
  readonly after: string;
}

/** Each breaks a promise of the rules. */
const faults: readonly Fault[] = [
  {
    name: 'no guard on bad answers',
    alert: 'LLMApi503Spike',
    before: / *and provider_model_code:llm_requests:increase5m\{code="503"\} >= 5\n/,
    after: '',
  },
  {
    name: 'no guard on all answers',
    alert: 'LLMApi503Spike',
    before: / *and ignoring \(code\) provider_model:llm_requests:increase5m >= 20\n/,
    after: '',
  },
  {
    name: 'no guard on all answers of the severe alert',
    alert: 'LLMApi503SpikeSevere',
    before: / *and ignoring \(code\) provider_model:llm_requests:increase2m >= 20\n/,
    after: '',
  },
  {
    name: 'no guard on bad answers of the severe alert',
    alert: 'LLMApi503SpikeSevere',
    before: / *and provider_model_code:llm_requests:increase2m\{code="503"\} >= 10\n/,
    after: '',
  },
  {
    name: 'environments mixed',
    alert: 'LLMApi503SpikeSevere',
    before: /,env=%q|(?<=\.namespace )\$labels\.env /g,
    after: '',
  },
  { name: 'another code', alert: 'LLMApi503Spike', before: '{code="503"} > 0.05', after: '{code="504"} > 0.05' },
  {
    name: 'double the threshold',
    alert: 'LLMApi503Spike',
    before: '{code="503"} > 0.05',
    after: '{code="503"} > 0.11',
  },
  { name: 'half the threshold', alert: 'LLMApi503Spike', before: '{code="503"} > 0.05', after: '{code="503"} > 0.025' },
  { name: 'no floor', alert: 'LLMApi503Spike', before: '{code="503"} > 0.01 and', after: '{code="503"} >= 0 and' },
  { name: 'any multiple of the usual level', alert: 'LLMApi503Spike', before: '> 4 * ', after: '> 0 * ' },
  { name: 'instances not summed', alert: 'LLMApi503SpikeSevere', before: /\(instance, pod, /g, after: '(' },
  { name: 'no wait', alert: 'LLMExporterTargetDown', before: /^ *for: 5m/m, after: '        for: 0s' },
  {
    name: 'no keep_firing_for',
    alert: 'LLMApi503SpikeSevere',
    before: /keep_firing_for: \w+/g,
    after: 'keep_firing_for: 0s',
  },
  {
    name: 'any target counts as an exporter',
    alert: 'LLMExporterTargetDown',
    before: /and on \(cluster, namespace, job, instance\)\n\s+last_over_time\(.*\)/,
    after: '',
  },
  { name: 'the rarest cause is named', alert: 'LLMApi503SpikeSevere', before: /topk\(1, /g, after: 'bottomk(1, ' },
];

describe('a fault in the rules breaks their tests', () => {
  for (const { name, alert, before, after } of faults) {
    test(name, async (t) => {
      const folder = await packFolder(t);
      const rules = await readFile(join(folder, RULES), 'utf8');
      const broken = rules.replace(before, after);
      assert.notEqual(broken, rules, 'the fault was not put in');
      await writeFile(join(folder, RULES), broken);
      const tests = await run('promtool', ['test', 'rules', `alerts/tests/${alert}.yml`], folder);
      assert.notEqual(tests.code, 0, 'the tests pass all the same');
      assert.match(tests.output, /exp:|expected/i);
    });
  }
});
