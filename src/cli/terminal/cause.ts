import { BASIS_MEANING } from '../../classify/basis-meaning.ts';
import type { Catalogue, CauseEntry } from '../../classify/catalogue.ts';
import { field, table } from './layout.ts';
import type { Look } from './verdict.ts';

const COLUMN = 12;

/** Causes as a table; what there is no room for beside goes below. */
export function formatCauses(entries: readonly CauseEntry[], { width, style }: Look): string {
  const head = ['CAUSE', 'CODES', 'OWNER', 'RETRY', 'MEANING'];
  const rows = entries.map(({ id, codes, owner, retryable, summary }) => [
    id,
    codes.join(' '),
    owner,
    retryable,
    summary,
  ]);
  const [first = '', ...rest] = table([head, ...rows], width).split('\n');
  return `${[style('bold', first), ...rest].join('\n')}\n`;
}

/** One cause in full, with every rule that leads to it. */
export function formatCause(entry: CauseEntry, { rules }: Catalogue, { width, style }: Look): string {
  const { id, summary, codes, origin, owner, retryable, advice, source } = entry;
  const facts: readonly (readonly [string, string])[] = [
    ['codes', codes.join(' ')],
    ['origin', origin],
    ['owner', owner],
    ['retry', retryable],
    ['caller', advice.user],
    ['operator', advice.ops],
    ['source', source],
  ];
  const lines = facts.map(([name, text]) =>
    field(name, text, { width, column: COLUMN }).replace(name, style('cyan', name)),
  );
  const leading = rules.filter((rule) => rule.cause === id);
  const told = leading.map((rule) => [rule.id, rule.basis, rule.note] as const);
  const heading = style('bold', leading.length === 0 ? 'No rule leads to it' : 'Rules that lead to it, in order');
  const parts = [style('bold', id), field('', summary, { width, column: 0 }), '', ...lines, '', heading];
  if (told.length > 0) parts.push(table(told, width));
  const used = [...new Set(leading.map(({ basis }) => basis))];
  if (used.length > 0)
    parts.push('', ...used.map((basis) => field(basis, BASIS_MEANING[basis], { width, column: COLUMN })));
  return `${parts.join('\n')}\n`;
}
