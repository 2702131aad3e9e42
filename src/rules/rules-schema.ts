import { z } from 'zod';
import { causeId, matchSchema, ruleSchema } from '../classify/catalogue-schema.ts';
import { parseDuration } from '../config/units.ts';

/** A rule that asks for nothing would decide every failure. */
const someMatch = matchSchema.refine(
  (match) => Object.keys(match).length > 0,
  'is empty and would hold for any failure',
);

const overrideSchema = z.strictObject({
  id: z.string(),
  match: someMatch.optional(),
  cause: causeId.optional(),
});

/** As it is natural to write in YAML: `retry-after: 5`. */
const headerValue = z.preprocess((value) => (typeof value === 'number' ? String(value) : value), z.string());
/** A map stands for the JSON that says the same. */
const body = z.preprocess(
  (value) => (typeof value === 'object' && value !== null ? JSON.stringify(value) : value),
  z.string(),
);

const exampleSchema = z.strictObject({
  provider: z.string().min(1).default('unknown'),
  status: z.int().min(100).max(599),
  headers: z.record(z.string(), headerValue).default({}),
  body: body.default(''),
  stream: z.boolean().optional(),
  /** Seconds. */
  duration: z
    .string({ error: 'is not a duration such as 60s' })
    .transform((text, { issues }) => {
      const ms = parseDuration(text);
      if (ms !== undefined) return ms / 1000;
      issues.push({ code: 'custom', message: 'is not a duration such as 60s', input: text });
      return z.NEVER;
    })
    .optional(),
  expect: causeId,
  rule: z.string().optional(),
});

/** The shape of a rules file; `docs/rules.md` tells it to people. What must agree across entries is checked in `load-rules.ts`. */
export const rulesSchema = z.strictObject({
  rules: z.array(ruleSchema.extend({ match: someMatch, note: z.string().default('') })).default([]),
  override: z.array(overrideSchema).default([]),
  disable: z.array(z.string()).default([]),
  test: z.array(exampleSchema).default([]),
});

export type RulesFile = z.output<typeof rulesSchema>;
export type Example = RulesFile['test'][number];
