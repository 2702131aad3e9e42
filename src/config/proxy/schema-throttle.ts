import { z } from 'zod';
import { durationMs, labelValue } from '../schema-values.ts';

/** Of a request that has none of the configured priorities: the lowest. */
export const DEFAULT_PRIORITY = 'default';

const prioritySchema = z
  .strictObject({
    name: labelValue
      .refine((name) => name !== DEFAULT_PRIORITY, {
        error: 'is the name of the lowest priority, which need not be listed',
      })
      .describe('Value of the priority label.'),
    header: z
      .string()
      .regex(/^[\w!#$%&'*+.^`|~-]+:\s*\S/, 'must be a header such as X-Priority: core')
      .optional()
      .describe(
        '`Name: value` that a request carries; the value must be equal, case included. Clients can write it as they like.',
      ),
    path: z
      .string()
      .regex(/^\/[^?#\s]*$/, 'must be a path that begins with / and has no query')
      .optional()
      .describe('Path it begins with, of whole segments, as clients write it.'),
    key_file: z
      .string()
      .min(1)
      .optional()
      .describe('File with API keys, one a line, that have this priority; read again at each reload, kept as hashes.'),
  })
  .refine(({ header, path, key_file }) => (header ?? path ?? key_file) !== undefined, {
    error: 'needs a header, path or key_file: without any, every request would have it',
  });

/** `proxy.throttle`, and that of each upstream. */
export const throttleSchema = z
  .strictObject({
    max_in_flight: z.int().min(1).max(100_000).prefault(100).describe('Requests under way at one time.'),
    per: z
      .enum(['upstream', 'model'])
      .prefault('model')
      .describe(
        'What has a cap and a queue of its own. Requests that do not name their model within 64 KiB of a body above 256 KiB share one, and so do models beyond 256.',
      ),
    adaptive: z
      .boolean()
      .prefault(false)
      .describe('Lower the cap when the API is overloaded and raise it slowly when it is not (AIMD).'),
    min_in_flight: z.int().min(1).prefault(1).describe('An adaptive cap never goes below it.'),
    queue: z
      .int()
      .min(0)
      .max(100_000)
      .prefault(100)
      .describe('Requests that may wait; beyond it the newest of the lowest priority is answered 503.'),
    queue_timeout: durationMs('10s').prefault('10s').describe('Longest wait; then 503.'),
    priorities: z
      .array(prioritySchema)
      .max(10)
      .superRefine((all, context) => {
        for (const [at, { name }] of all.entries()) {
          if (all.findIndex((other) => other.name === name) === at) continue;
          context.addIssue({
            code: 'custom',
            message: 'names a priority that is there already',
            path: [at, 'name'],
            input: name,
          });
        }
      })
      .prefault([])
      .describe(
        'Highest first; all that one names must fit. A request of none of them is `default`, the lowest. A lower priority gets on only when no higher one waits.',
      ),
  })
  .refine(({ min_in_flight, max_in_flight }) => min_in_flight <= max_in_flight, {
    error: 'is above max_in_flight',
    path: ['min_in_flight'],
  })
  .describe('A cap on requests under way, with a queue. Absent: none.');
