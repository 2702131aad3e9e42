import { z } from 'zod';
import { EXHAUSTED, ORIGINS, PHASES } from '../event/request-event.ts';
import { BASES, CAUSES, OWNERS, RETRYABLE } from './causes.ts';
import { OWN_LIMITS } from './inference/limits/own-limit.ts';
import { patternFault } from './pattern-safety.ts';

/** One value or a list of them, always read as a list: both are natural to write. */
function listOf<T extends z.ZodType>(item: T) {
  return z.preprocess((value) => (value === undefined || Array.isArray(value) ? value : [value]), z.array(item).min(1));
}

/** Words or a list of words: machine codes have no spaces in them, so a list needs no brackets. */
const words = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(/\s+/) : value),
  z.array(z.string().min(1).lowercase()).min(1),
);

const pattern = z
  .string()
  .min(1)
  .check(({ value, issues }) => {
    const message = patternFault(value);
    if (message !== undefined) issues.push({ code: 'custom', message, input: value });
  });

const text = z.string().trim().min(1);
const status = z.int().min(0).max(599);

/** The id of a cause; there are too many to list in a message. */
export const causeId = z.enum(CAUSES, { error: 'is no cause; `llm-exporter causes` lists them' });

const causeSchema = z.strictObject({
  id: causeId,
  codes: z.array(status),
  origin: z.enum(ORIGINS),
  owner: z.enum(OWNERS),
  retryable: z.enum(RETRYABLE),
  proves_model: z.boolean(),
  summary: text,
  advice: z.strictObject({ user: text, ops: text }),
  source: z.url({ protocol: /^https$/ }),
});

/** Every condition given must hold; a list holds when one of its values does. */
export const matchSchema = z
  .strictObject({
    status: listOf(status),
    code: words,
    message: listOf(pattern),
    origin: listOf(z.enum(ORIGINS)),
    phase: listOf(z.enum(PHASES)),
    flags: listOf(z.string().min(1)),
    shape: listOf(z.enum(['json', 'html', 'text', 'empty', 'unseen'])),
    stream: z.boolean(),
    key_present: z.boolean(),
    own_key: z.boolean(),
    at_gateway_timeout: z.boolean(),
    first_token: z.boolean(),
    min_seconds: z.number().positive(),
    min_retry_after_seconds: z.number().positive(),
    exhausted: listOf(z.enum(EXHAUSTED)),
    should_retry: z.boolean(),
    fast_reject: z.boolean(),
    traffic_ramping: z.boolean(),
    models_failing: z.int().min(2),
    failing_under_load: z.boolean(),
    model_stalled: z.boolean(),
    own_limit: listOf(z.enum(OWN_LIMITS)),
  })
  .partial();

/** One rule as it is written; see `catalogue.yaml` for the meaning of each part. */
export const ruleSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9_]+$/, 'is not made of lower-case letters, digits and _'),
  provider: listOf(text).optional(),
  refines: listOf(causeId).optional(),
  match: matchSchema,
  cause: causeId,
  note: text,
});

/** The shape of `catalogue.yaml`; what must agree across entries is checked in `catalogue.ts`. */
export const catalogueSchema = z.strictObject({
  causes: z.array(causeSchema),
  steps: z.array(z.strictObject({ basis: z.enum(BASES), rules: z.array(ruleSchema) })),
});

export type CatalogueFile = z.output<typeof catalogueSchema>;
/** What an event must look like for a rule to apply; see `catalogue.yaml` for the meaning of each condition. */
export type Match = z.output<typeof matchSchema>;
