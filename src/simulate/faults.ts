import { z } from 'zod';
import { CAUSES, type Cause } from '../classify/causes.ts';
import { type Problem, ProblemError } from '../problem.ts';
import type { Random } from './random.ts';

const MAX_FAULTS = 100;
const MAX_DELAY_MS = 3_600_000;
const MAX_TOKENS_BEFORE = 8_192;

const faultSchema = z.strictObject({
  cause: z.enum(CAUSES, {
    error: (issue) => `${JSON.stringify(issue.input)} is none of the causes: ${CAUSES.join(', ')}`,
  }),
  rate: z.number().min(0).max(1).default(1),
  model: z.string().min(1).optional(),
  stream: z.boolean().optional(),
  afterMs: z.number().min(0).max(MAX_DELAY_MS).default(0),
  afterTokens: z.int().min(0).max(MAX_TOKENS_BEFORE).optional(),
});
const faultsSchema = z.array(faultSchema).max(MAX_FAULTS);

/**
 * A way to fail: `rate` of the requests (0 to 1) that match `model` and `stream` get the answer of `cause`, `afterMs`
 * milliseconds late. With `afterTokens`, a stream begins well and carries the error in a frame after so many tokens.
 */
export type Fault = Readonly<z.output<typeof faultSchema>>;

/** The part of a request that decides which faults are meant for it. */
export interface Target {
  readonly model: string;
  readonly stream: boolean;
}

/** The faults of a `PUT /-/faults`; throws a ProblemError that names every mistake. */
export function parseFaults(value: unknown): readonly Fault[] {
  return checked(faultsSchema, value, 'faults');
}

/**
 * One fault as people type it: `cause=surge_protection,rate=0.3,model=a/b,stream=false`. The cause alone will do:
 * `surge_protection`. Throws a ProblemError.
 */
export function parseFault(text: string): Fault {
  const pairs = text.split(',').map((part, index): [string, unknown] => {
    const [key = '', ...rest] = part.split('=').map((piece) => piece.trim());
    if (rest.length === 0 && index === 0) return ['cause', key];
    return [key, typedValue(key, rest.join('='))];
  });
  return checked(faultSchema, Object.fromEntries(pairs), 'fault');
}

/** One draw for each request, shared out among the faults that are meant for it: two of rate 0.3 fail 60 %. */
export function pickFault(faults: readonly Fault[], target: Target, random: Random): Fault | undefined {
  let draw = random();
  return faults.find((fault) => {
    if (!isMeantFor(fault, target)) return false;
    draw -= fault.rate;
    return draw < 0;
  });
}

/** A fault that hits always and at once. */
export function faultOf(cause: Cause): Fault {
  return { cause, rate: 1, afterMs: 0 };
}

function isMeantFor(fault: Fault, target: Target): boolean {
  return (
    (fault.model === undefined || fault.model === target.model) &&
    (fault.stream === undefined || fault.stream === target.stream)
  );
}

/** Only what is typed otherwise than as text: a model may be called `4`. What does not convert is left to be refused. */
function typedValue(key: string, text: string): unknown {
  if (key === 'stream' && (text === 'true' || text === 'false')) return text === 'true';
  const isNumber = key === 'rate' || key === 'afterMs' || key === 'afterTokens';
  return isNumber && text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

function checked<T>(schema: z.ZodType<T>, value: unknown, name: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue): Problem => {
    const place = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
    return { code: 'simulate.invalid_fault', message: `${name}${place}: ${issue.message}` };
  });
  throw new ProblemError(problems);
}
