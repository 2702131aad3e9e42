import { type Family, families } from './families.ts';

/** Every metric family with its labels and meaning, as a page for people. */
export function metricsReference(): string {
  const rows = Object.entries<Family>(families).map(([name, { type, labels, help }]) => {
    const names = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${names} | ${help} |`;
  });
  return `# Metrics

<!-- Generated from src/metrics/families.ts by \`npm run generate\`. -->

Names and labels are frozen: a new family is a feature, a new label a breaking change. \`process_*\` and \`nodejs_*\` come beside these,
and tell of the main process alone where \`proxy.workers\` is above 1.

| family | type | labels | meaning |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}
