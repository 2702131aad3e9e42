import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { formatProblem } from '../../../src/problem.ts';
import { lintRunbook, RUNBOOK_HEADINGS } from '../../support/rules/runbook.ts';

test('every runbook has its sections, queries that parse and links that lead somewhere', () => {
  const paths = globSync('alerts/runbooks/*.md');
  const problems = paths.flatMap((path) =>
    lintRunbook(readFileSync(path, 'utf8'), { path, exists: existsSync, read: (page) => readFileSync(page, 'utf8') }),
  );
  assert.ok(paths.length > 0);
  assert.deepEqual(problems.map(formatProblem), []);
});

const CONTENT: Readonly<Record<string, string>> = {
  'How to confirm': 'The requests of the last minutes:\n\n```promql\nrate(llm_requests_total[5m]) > 0\n```',
  'What to do': '1. Read [what it means](#what-it-means) and [the causes](../../docs/causes.md#surge_protection).',
};

function page(changes: Readonly<Record<string, string>> = {}, headings: readonly string[] = RUNBOOK_HEADINGS): string {
  const sections = headings.map(
    (heading) =>
      `## ${heading}\n\n${changes[heading] ?? CONTENT[heading] ?? 'A sentence that is long enough to say something.'}\n`,
  );
  return `# LLMDown\n\n${sections.join('\n')}`;
}

function codes(text: string): readonly string[] {
  const files: Readonly<Record<string, string>> = { 'docs/causes.md': '## surge_protection\n' };
  const problems = lintRunbook(text, {
    path: 'alerts/runbooks/LLMDown.md',
    exists: (path) => path in files,
    read: (path) => files[path] ?? '',
  });
  return problems.map(({ code }) => code);
}

describe('the lint of runbooks', () => {
  test('passes a page that is right', () => assert.deepEqual(codes(page()), []));

  const bad: Readonly<Record<string, readonly [code: string, text: string]>> = {
    'another title': ['runbook/title', page().replace('# LLMDown', '# LLMUp')],
    'a section less': ['runbook/headings', page({}, RUNBOOK_HEADINGS.slice(0, -1))],
    'another order': ['runbook/headings', page({}, [...RUNBOOK_HEADINGS].reverse())],
    'an empty section': ['runbook/empty', page({ 'Likely causes': '-' })],
    'no steps': ['runbook/steps', page({ 'What to do': 'Think about it, for as long as it takes to see it.' })],
    'no query': [
      'runbook/query',
      page({ 'How to confirm': 'Look at the dashboard for as long as it takes to see it.' }),
    ],
    'a query that is none': ['runbook/promql', page().replace('[5m]) > 0', '[5m] > 0')],
    'a block without end': [
      'runbook/block',
      page({ 'How to tune': '```yaml\nmixin: {}\n# and so on, without an end' }),
    ],
    'a page that is not there': ['runbook/link', page().replace('causes.md', 'reasons.md')],
    'an anchor that is not there': ['runbook/link', page().replace('#surge_protection', '#surge')],
    'an anchor that is not in the page': ['runbook/link', page().replace('#what-it-means', '#meaning')],
  };
  for (const [name, [code, text]] of Object.entries(bad)) {
    test(`finds ${name}`, () => assert.deepEqual(codes(text), [code]));
  }
});
