import { BASIS_MEANING } from './basis-meaning.ts';
import type { Catalogue, CauseEntry } from './catalogue.ts';
import { CAUSES } from './causes.ts';

/** Every cause with what it means, whose it is and what to do, as a page for people. */
export function causesReference({ causes, rules }: Catalogue): string {
  const entries = CAUSES.map((id) => causes[id]);
  const bases = Object.entries(BASIS_MEANING).map(([basis, meaning]) => {
    const count = rules.filter((rule) => rule.basis === basis).length;
    return `| \`${basis}\` | ${count} | ${meaning} |`;
  });
  return `# Causes

<!-- Generated from src/classify/catalogue.yaml by \`npm run generate\`. -->

Every failed request gets exactly one of these as its \`cause\` label; \`llm_cause_info\` carries origin, owner and retryable to join on it.
\`llm-exporter causes CODE\` prints what follows in a terminal, \`llm-exporter explain\` says of a body, a HAR file or a log line which it is, and why.

| cause | codes | owner | retryable | meaning |
| --- | --- | --- | --- | --- |
${entries.map(row).join('\n')}

The owner is who must act. \`after_window\` means: not before the limit's window has passed or the balance was filled up.

## How to read \`basis\`

\`llm_classifications_total{basis}\` counts by which evidence the cause was decided. The steps are tried in this order, from hard evidence to
guess; the first rule that holds decides, and a later one may only sharpen what it found. A large share of \`timing\` or \`status\` means that
the API says little about its failures: read those causes as the likeliest one.

| basis | rules | what was looked at |
| --- | --- | --- |
${bases.join('\n')}

${entries.map(section).join('\n\n')}
`;
}

function row({ id, codes, owner, retryable, summary }: CauseEntry): string {
  return `| [\`${id}\`](#${id}) | ${codes.join(', ')} | ${owner} | ${retryable} | ${oneLine(summary)} |`;
}

function section({ id, summary, codes, origin, owner, retryable, advice, source }: CauseEntry): string {
  return `## ${id}

${oneLine(summary)} Seen with ${codes.length === 0 ? 'no code of its own' : codes.join(', ')}; origin ${origin}, owner ${owner}, retryable ${retryable}.

- API user: ${oneLine(advice.user)}
- Platform: ${oneLine(advice.ops)}
- Source: <${source}>`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
