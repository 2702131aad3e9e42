import { z } from 'zod';
import { parseDuration, parseListenAddress, parseSize, parseSocketAddress } from './units.ts';

/** A string field that is read into something else; `read` answers with text when the value is wrong. */
export function text<T>(read: (value: string) => T | string, what: string, example: string) {
  return z
    .string({ error: `is not a ${what} such as ${example}` })
    .meta({ examples: [example] })
    .transform((value, context) => {
      const result = read(value);
      if (typeof result !== 'string') return result;
      context.issues.push({ code: 'custom', message: result, input: value });
      return z.NEVER;
    });
}

/** Node's timers hold 2^31 - 1 ms, 24.8 days; beyond it they fire at once. */
const MAX_DURATION_MS = 24 * 86_400_000;
/** The least that is of use as the limit of a line or a body: a line with a path and a model comes near it. */
const MIN_BYTES = 1024;

export const durationMs = (example: string, minMs = 0) =>
  text(
    (value) => {
      const ms = parseDuration(value) ?? Number.NaN;
      if (ms > MAX_DURATION_MS) return 'is above 24d';
      if (ms < minMs) return `is below ${minMs}ms`;
      return Number.isNaN(ms) ? `is not a duration such as ${example}` : ms;
    },
    'duration',
    example,
  );
export const sizeBytes = (example: string) =>
  text(
    (value) => {
      const bytes = parseSize(value) ?? Number.NaN;
      return bytes < MIN_BYTES ? 'is below 1KiB' : bytes || `is not a size such as ${example}`;
    },
    'size',
    example,
  );
export const listenAddress = (example: string) => text(parseListenAddress, 'listen address', example);

/** Label values in the configuration: what Prometheus shows well and nobody needs to escape. */
export const labelValue = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 printable characters without spaces');

export const listenSocket = (example: string) => text(parseSocketAddress, 'socket address', example);
