import { z } from 'zod';
import { type Problem, ProblemError } from '../../problem.ts';
import { schemaProblems } from '../../schema-problems.ts';
import { inFileOrder, type YamlSource } from '../../yaml-source.ts';
import { metricNames } from './metric-names.ts';

export interface RecordingRule {
  readonly kind: 'recording';
  readonly record: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly group: string;
  readonly intervalMs: number;
  /** Metrics that it reads. */
  readonly reads: readonly string[];
}

export interface AlertingRule {
  readonly kind: 'alerting';
  readonly alert: string;
  readonly expr: string;
  readonly forMs: number;
  readonly keepFiringForMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string | undefined;
  readonly group: string;
  readonly intervalMs: number;
  readonly reads: readonly string[];
}

export interface RuleFile {
  readonly recordings: readonly RecordingRule[];
  readonly alerts: readonly AlertingRule[];
}

/** Prometheus' own default of `global.evaluation_interval`; it takes 0 for it, too. */
const DEFAULT_INTERVAL_MS = 60_000;

const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 } as const;

/** `1h30m`, as Prometheus writes durations, in milliseconds; undefined: it is none. */
export function durationMs(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+)(ms|[smhdwy])/gy)];
  if (text === '0') return 0;
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return undefined;
  // Safe: the pattern lets no other unit through.
  return parts.reduce((ms, [, count, unit]) => ms + Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS], 0);
}

/** 0 needs no unit. */
const duration = z.union([z.string(), z.literal(0)]).transform((text, context) => {
  const ms = durationMs(String(text));
  if (ms === undefined) context.addIssue({ code: 'custom', message: 'is no duration such as 30s or 1h30m' });
  return ms ?? 0;
});
const texts = z.record(z.string(), z.coerce.string()).prefault({});
const expression = z.coerce.string().trim().min(1);
const rule = z
  .object({
    record: z.string().min(1).optional(),
    alert: z.string().min(1).optional(),
    expr: expression,
    for: duration.prefault('0s'),
    keep_firing_for: duration.prefault('0s'),
    labels: texts,
    annotations: texts,
  })
  .check(({ value: { record, alert }, issues }) => {
    if ((record === undefined) === (alert === undefined))
      issues.push({ code: 'custom', message: 'needs either record or alert', input: undefined });
  });
/** Keys that are only of use to others (`limit`, `query_offset`, Mimir's) are let be. */
const fileSchema = z.object({
  groups: z
    .array(
      z.object({
        name: z.string(),
        interval: duration.optional(),
        rules: z.array(rule).prefault([]),
      }),
    )
    .prefault([]),
});

/** The rules of a Prometheus rule file. Throws a ProblemError with everything that is wrong with it; expressions are left to Prometheus. */
export function readRules(source: YamlSource): RuleFile {
  const { value, placeOf, problems: syntax } = source;
  const result = fileSchema.safeParse(value);
  const found: Problem[] = result.success
    ? []
    : schemaProblems(result.error, { prefix: 'rules', name: 'rule file', value, placeOf });
  const problems = inFileOrder(syntax, found);
  if (problems.length > 0 || !result.success) throw new ProblemError(problems);
  const recordings: RecordingRule[] = [];
  const alerts: AlertingRule[] = [];
  for (const { name: group, interval, rules } of result.data.groups) {
    for (const { expr, labels, record, alert, annotations, ...rule } of rules) {
      const shared = { expr, labels, group, intervalMs: interval || DEFAULT_INTERVAL_MS, reads: metricNames(expr) };
      if (record !== undefined) recordings.push({ kind: 'recording', record, ...shared });
      if (alert === undefined) continue;
      const { for: forMs, keep_firing_for: keepFiringForMs } = rule;
      alerts.push({ kind: 'alerting', alert, forMs, keepFiringForMs, summary: annotations.summary, ...shared });
    }
  }
  return { recordings, alerts };
}
